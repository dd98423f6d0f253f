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
from llmspell_workers.confine.landlock import Landlock, restrict
from llmspell_workers.confine.steps import SystemCalls, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import NoReturn

STEPS = (
    "no-new-privileges", "not-dumpable", "capabilities", "death-signal", "memory", "file-size", "core-files",
    "landlock-files", "landlock-network", "landlock-scopes", "open-files", "no-write-execute", "seccomp",
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
        self.landlock = Landlock(0, 0)

    def feature(self) -> dict[str, object]:
        """What `Hello` says of it, under the feature `confinement`."""
        levels = {"announced": self.landlock.announced, "used": self.landlock.used}
        return {"armed": self.armed, "missing": self.missing, "notes": self.notes, "landlock": levels}


def confine_worker(
    memory: int, *, threads: bool = False, namespaces: bool = False, calls: SystemCalls | None = None
) -> Confinement:
    """Arms all there is for an engine that loads nothing more, and keeps what was not loaded from being loaded.

    `memory` is in bytes of address space; `threads`: the engine may start some. Raises as `confine` does.
    """
    hold_time_zone()
    pid = os.getpid()

    def with_threads(machine: str) -> bytes:
        from llmspell_workers.confine.rules import assembled, worker_rules

        return assembled(machine, worker_rules(pid, threads=True))

    filter_for = with_threads if threads else lambda machine: steps.worker_filter(machine, pid)
    result = confine(calls or SystemCalls(), memory, filter_for, namespaces=namespaces)
    seal_imports()
    return result


def confine(
    calls: SystemCalls,
    memory: int,
    filter_for: Callable[[str], bytes],
    *,
    readable: Sequence[str] = (),
    open_files: int = 0,
    executes: bool = False,
    namespaces: bool = False,
) -> Confinement:
    """Arms every step there is: what is in force, and why the rest is not.

    What is left to the process: `memory` bytes, the paths in `readable`, `open_files` descriptors, and the calls that
    its filter allows; `filter_for` gives it for a machine, or raises OSError. `executes`: it makes machine code, so
    memory may be written and executed. `namespaces`: it enters some of its own, which nothing else depends on.
    Raises OSError if the process cannot be held to its memory or to its host's life, or a readable path is not there.
    """
    result = Confinement()
    if namespaces:
        from llmspell_workers.confine.namespaces import HINTS, enter

        _try(result, NAMESPACES, lambda: enter(calls, keeps_files=bool(readable)), HINTS)
    _try(result, "no-new-privileges", lambda: steps.gain_none(calls))
    _try(result, "not-dumpable", lambda: steps.hide_from_others(calls))
    _try(result, "capabilities", lambda: steps.drop_capabilities(calls))
    steps.die_with_host(calls)
    steps.hold_stack(calls)
    steps.limit_memory(calls, memory)
    result.armed += ["death-signal", "memory"]
    _try(result, "file-size", lambda: steps.limit_file_size(calls))
    _try(result, "core-files", lambda: steps.limit_core_files(calls))
    result.landlock = restrict(calls, readable)
    _note_landlock(result)
    _try(result, "open-files", lambda: steps.limit_open_files(calls, open_files))
    if executes:
        result.missing["no-write-execute"] = "the engine makes machine code"
    else:
        _try(result, "no-write-execute", lambda: steps.refuse_write_execute(calls))
    _try(result, "seccomp", lambda: steps.filter_calls(calls, filter_for(calls.machine)), steps.FILTER_HINTS)
    if not executes and "seccomp" in result.armed and "no-write-execute" in result.missing:
        result.notes["no-write-execute"] = f"by the list of system calls alone ({result.missing['no-write-execute']})"
        del result.missing["no-write-execute"]
        result.armed.append("no-write-execute")
    return result


def _try(result: Confinement, step: str, arm: Callable[[], None], hints: Mapping[int, str] | None = None) -> None:
    try:
        arm()
    except OSError as error:
        result.missing[step] = why(error, (hints or {}).get(error.errno or 0, ""))
    else:
        result.armed.append(step)


def _note_landlock(result: Confinement) -> None:
    missing = result.landlock.missing()
    result.missing.update(missing)
    result.armed += [step for step in STEPS if step.startswith("landlock-") and step not in missing]
    result.notes.update(result.landlock.notes())


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


__all__ = ["NAMESPACES", "STEPS", "Confinement", "SystemCalls", "confine", "confine_worker"]
