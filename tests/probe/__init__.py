"""A probe: an engine of ours, armed exactly like the real ones, whose scripts are system calls.

A script is a Python list of calls, each a list of the call's name and its arguments. The worker makes each call through
the C library's `syscall` and answers with what the *kernel* said: nothing in the probe refuses anything.

    answers = probe([("openat", -100, "/etc/passwd", 0), ("kill", "$ppid", 9)])
    assert answers[0] == Answer("openat", -1, "EPERM")

A name is one of `numbers.py`, or `#N` for a number, or `x32:NAME`, or `int80:N` for call N of i386 through `int 0x80`
(three arguments of 32 bits; x86-64 only). Arguments are integers, text or bytes (the address of which is handed over,
with a NUL behind), `&N` for a buffer of N zero bytes, and `$pid`, `$ppid`, `$tid`, `$page` (the address of a mapped
page that can be written) and `$exec` (of one that can be executed). Two names are no call of the kernel: `python`
evaluates its argument (with `os`, `ctypes`, `sys` at hand) and answers with the errno of the OSError that it raises;
`thread` starts one. Where a call that makes a process returns 0, that process ends at once.

The worker's options come before its other arguments: `user` arms as an ordinary user (65534) where the tests run as
root; `free` arms nothing but the memory limit, the control of each test; `refuse NAME=ERRNO,...` lets these calls fail
while the worker arms itself, as an outer filter or an old kernel would.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from llmspell import EngineFactory, EngineSpec
from llmspell.engines.factory import worker_command
from llmspell_workers.wire import (
    PROTOCOL_VERSION,
    Configure,
    Done,
    Frame,
    Hello,
    Run,
    Shutdown,
    frame_body,
    parse_frame,
)

WORKER = Path(__file__).with_name("worker.py")
MEMORY = 50 * 1024 * 1024
SECONDS = 100
Argument = int | str | bytes
Call = Sequence[Argument]


class Answer(NamedTuple):
    """What the kernel answered: `errno` is the name of it, None where the call succeeded."""

    name: str
    result: int
    errno: str | None


class Probed(NamedTuple):
    """The end of a probe: what its worker said when it was armed, its answers, and how it ended."""

    features: dict[str, Any]
    answers: list[Answer]
    exit_code: int
    stderr: bytes


def probe_spec(*options: str) -> EngineSpec:
    """The probe as an engine for a host; `options` as the module says, e.g. `("refuse", "seccomp=ENOSYS")`."""
    python, isolated, no_site, _, *folders = worker_command(EngineFactory().get("lua"))
    return EngineSpec("probe", (".probe",), (python, isolated, no_site, str(WORKER), *options, "--", *folders))


def source_of(calls: Iterable[Call]) -> bytes:
    """The script that makes these calls."""
    return repr([list(call) for call in calls]).encode()


def conversation(source: bytes, surface: Mapping[str, Any] | None = None) -> bytes:
    """All that a host says to a worker in a session of one run that makes no call."""
    frames = (
        Configure(PROTOCOL_VERSION, {"memory": MEMORY}, {}, dict(surface or {}), {}),
        Run(1, source, "probe", {"positionals": [], "named": {}}),
        Shutdown(),
    )
    return b"".join(map(_framed, frames))


def probed(calls: Iterable[Call], *options: str, under: Sequence[str] = ()) -> Probed:
    """Makes the calls in a worker of their own, without a host that would verify it.

    `under` is a command that the worker is started by: `("strace", "-f", ...)`.
    """
    command = [*under, *probe_spec(*options).command, "probe", str(MEMORY)]
    done = subprocess.run(
        command, input=conversation(source_of(calls)), env={}, capture_output=True, timeout=SECONDS, check=False
    )
    said = list(_frames(done.stdout))
    hello = next((frame for frame in said if isinstance(frame, Hello)), None)
    last = next((frame for frame in said if isinstance(frame, Done)), None)
    answers = [Answer(*row) for row in last.value] if last is not None and isinstance(last.value, list) else []
    return Probed(hello.features if hello is not None else {}, answers, done.returncode, done.stderr)


def probe(calls: Iterable[Call], *options: str) -> list[Answer]:
    """`probed`, the answers alone; the worker must have lived to its end."""
    done = probed(calls, *options)
    assert done.exit_code == 0, done
    return done.answers


def _framed(frame: Frame) -> bytes:
    body = frame_body(frame)
    return len(body).to_bytes(4, "big") + body


def _frames(data: bytes) -> Iterable[Frame]:
    while data:
        length = int.from_bytes(data[:4], "big")
        yield parse_frame(data[4 : 4 + length])
        data = data[4 + length :]
