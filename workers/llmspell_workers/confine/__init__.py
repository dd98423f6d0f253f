"""What the kernel keeps a worker from doing, as small steps in order.

Theory of operation. Each step is a function over a table of system calls that is handed in (`steps.py`). A step that
the kernel refuses is noted with its reason, and the next one follows: the host decides what it requires. Two must not
fail, the memory limit and the death signal: then nothing may run. The order: Landlock and seccomp ask that no new
privileges can be had; Landlock needs a descriptor, so open files are limited after it; seccomp is last, because it
refuses what the others call. All of it comes before the first thread, and before anything is read.
"""

from __future__ import annotations

import os
import sys
import time

from llmspell_workers.confine import steps
from llmspell_workers.confine.steps import LANDLOCK, SystemCalls, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import NoReturn

STEPS = (
    "no-new-privileges", "not-dumpable", "capabilities", "death-signal", "memory", "file-size", "core-files",
    *LANDLOCK, "open-files", "no-write-execute", "seccomp",
)  # fmt: skip
"""The names of all steps, in their order."""
NAMESPACES = "namespaces"
"""The step before all others, taken only by a process that is asked to: it gives capabilities, which are dropped next,
and takes away the death signal (credentials(7), prctl(2)). No thread may run."""


class Confinement:
    """The steps that are `armed`, the reason for each that is `missing`, and `notes` on what is armed but is less.

    A step stands in `armed` or in `missing`, never in both.
    """

    __slots__ = ("armed", "landlock", "missing", "notes")

    def __init__(self) -> None:
        self.armed: list[str] = []
        self.missing: dict[str, str] = {}
        self.notes: dict[str, str] = {}
        self.landlock = {"announced": 0, "used": 0}

    def feature(self) -> dict[str, object]:
        """What `Hello` says of it, under the feature `confinement`."""
        return {"armed": self.armed, "missing": self.missing, "notes": self.notes, "landlock": self.landlock}


def confine_worker(memory: int, *, namespaces: bool = False, calls: SystemCalls | None = None) -> Confinement:
    """Arms all there is for an engine that loads nothing more, and keeps what was not loaded from being loaded.

    `memory` is in bytes of address space. Raises as `confine` does.
    """
    hold_time_zone()
    result = confine(calls or SystemCalls(), memory, worker_filter, namespaces=namespaces)
    seal_imports()
    return result


def confine(
    calls: SystemCalls,
    memory: int,
    filter_for: Callable[[str, int], bytes],
    *,
    readable: Sequence[str] = (),
    open_files: int = 0,
    executes: bool = False,
    namespaces: bool = False,
) -> Confinement:
    """Arms every step there is: what is in force, and why the rest is not.

    What is left to the process: `memory` bytes, the paths in `readable`, `open_files` descriptors, and the calls that
    its filter allows; `filter_for` gives it for a machine and a pid, or raises OSError. `executes`: it makes machine
    code, so memory may be written and executed. `namespaces`: it enters some of its own, which nothing else depends on.
    Raises OSError if the process cannot be held to its memory or to its host's life, or a readable path is not there.
    """
    result = Confinement()
    if namespaces:
        from llmspell_workers.confine.namespaces import HINTS, enter

        _try(result, NAMESPACES, lambda: enter(calls, keeps_files=bool(readable)), hints=HINTS)
    _try(result, "no-new-privileges", steps.gain_none, calls)
    _try(result, "not-dumpable", steps.hide_from_others, calls)
    _try(result, "capabilities", steps.drop_capabilities, calls)
    steps.die_with_host(calls)
    steps.hold_stack(calls)
    steps.limit(calls, steps.MEMORY, memory)
    result.armed += ["death-signal", "memory"]
    _try(result, "file-size", steps.limit, calls, steps.FILE_SIZE, 0)
    _try(result, "core-files", steps.limit, calls, steps.CORE_FILES, 0)
    result.landlock, missing, notes = steps.restrict(calls, readable)
    result.armed += [step for step in LANDLOCK if step not in missing]
    result.missing.update(missing)
    result.notes.update(notes)
    _try(result, "open-files", steps.limit, calls, steps.OPEN_FILES, open_files)
    if executes:
        result.missing["no-write-execute"] = "the engine makes machine code"
    else:
        _try(result, "no-write-execute", steps.refuse_write_execute, calls)
    _try(result, "seccomp", steps.filter_calls, calls, filter_for, hints=steps.FILTER_HINTS)
    if not executes and "seccomp" in result.armed and "no-write-execute" in result.missing:
        result.notes["no-write-execute"] = f"by the list of system calls alone ({result.missing['no-write-execute']})"
        del result.missing["no-write-execute"]
        result.armed.append("no-write-execute")
    return result


def _try(
    result: Confinement, step: str, arm: Callable[..., None], *arguments: object, hints: Mapping[int, str] | None = None
) -> None:
    try:
        arm(*arguments)
    except OSError as error:
        result.missing[step] = why(error, (hints or {}).get(error.errno or 0, ""))
    else:
        result.armed.append(step)


def hold_time_zone() -> None:
    """Reads the machine's time zone once and for all, for there are no files later.

    Without TZ the C library looks at /etc/localtime at each conversion, and takes UTC once that is refused; with the
    same TZ as before it does not look again (tzset(3), glibc's time/tzset.c).
    """
    os.putenv("TZ", ":/etc/localtime")
    time.tzset()


def seal_imports() -> None:
    """From here on an import of what is not loaded raises ImportError, and says why."""
    sys.meta_path.insert(0, _Sealed)


class _Sealed:
    """Stands before all finders of modules; behind it, refused system calls look like a missing module."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: object = None) -> NoReturn:  # noqa: ARG004
        raise ImportError(f"the module {name} was not loaded before the worker was confined, and cannot be now")


def worker_filter(machine: str, pid: int) -> bytes:
    """The filter of a worker of ours whose process is `pid`: what `rules.py` lists, and EPERM for everything else.

    Raises OSError for a machine without one.
    """
    known = FILTERS.get(machine)
    if known is None:
        raise OSError(steps.ENOSYS, f"there is no list of system calls for {machine}", "seccomp")
    return bytes.fromhex(known).replace(PID_MARK.to_bytes(4, "little"), pid.to_bytes(4, "little"))


PID_MARK = 0x7F1D7F1D
"""Stands for the pid: no process has as high a number (PID_MAX_LIMIT is 2^22)."""
FILTERS = {
    "x86_64": """
2000000004000000150001003e0000c006000000000000802000000000000000350000010000004006000000010005003500000127000000
0500000026000000350000010f00000005000000150000001500000100000000060000000000ff7f1500000101000000060000000000ff7f
150000040900000020000000200000004500010004000000060000000000ff7f0600000001000500150000040a0000002000000020000000
4500010004000000060000000000ff7f0600000001000500150000010b000000060000000000ff7f150000010c000000060000000000ff7f
150000010e000000060000000000ff7f0600000001000500150000010f000000060000000000ff7f1500000114000000060000000000ff7f
1500000117000000060000000000ff7f1500000118000000060000000000ff7f1500000119000000060000000000ff7f150000011c000000
060000000000ff7f1500000123000000060000000000ff7f060000000100050035000001e4000000050000000f0000001500000127000000
060000000000ff7f150000013c000000060000000000ff7f1500000160000000060000000000ff7f15000001ba000000060000000000ff7f
15000001c9000000060000000000ff7f15000001ca000000060000000000ff7f15000001db000000060000000000ff7f0600000001000500
15000004e40000002000000010000000250001000b000000060000000000ff7f060000000100050015000001e6000000060000000000ff7f
15000001e7000000060000000000ff7f15000006ea0000002000000010000000150000031d7f1d7f20000000200000001500000106000000
060000000000ff7f0600000001000500150000010e010000060000000000ff7f150000013e010000060000000000ff7f15000001b3010000
06000000260005000600000001000500
""",
    "aarch64": """
200000000400000015000100b70000c006000000000000802000000000000000350000018700000005000000260000003500000162000000
050000000d000000150000013f000000060000000000ff7f1500000140000000060000000000ff7f1500000142000000060000000000ff7f
1500000148000000060000000000ff7f150000015d000000060000000000ff7f150000015e000000060000000000ff7f0600000001000500
1500000162000000060000000000ff7f1500000165000000060000000000ff7f15000004710000002000000010000000250001000b000000
060000000000ff7f06000000010005001500000173000000060000000000ff7f150000017c000000060000000000ff7f1500000180000000
060000000000ff7f15000006830000002000000010000000150000031d7f1d7f20000000200000001500000106000000060000000000ff7f
0600000001000500060000000100050035000001d7000000050000000d0000001500000187000000060000000000ff7f150000018b000000
060000000000ff7f15000001a9000000060000000000ff7f15000001ac000000060000000000ff7f15000001b2000000060000000000ff7f
15000001d6000000060000000000ff7f060000000100050015000001d7000000060000000000ff7f15000001d8000000060000000000ff7f
15000004de00000020000000200000004500010004000000060000000000ff7f060000000100050015000004e20000002000000020000000
4500010004000000060000000000ff7f060000000100050015000001e9000000060000000000ff7f1500000116010000060000000000ff7f
15000001b301000006000000260005000600000001000500
""",
}
"""By machine the filter of a worker of ours, in hexadecimal, eight bytes an instruction. To assemble it takes longer
than to arm all the rest; a test assembles it again, and compares."""

__all__ = ["NAMESPACES", "STEPS", "Confinement", "SystemCalls", "confine", "confine_worker"]
