"""How a worker process is started: pipes, an empty environment, a session of its own.

The rule kept here: this file imports nothing that is slow to load (no typing, no enum, no re), because the command
line starts a worker before it has loaded anything else, and the worker's own start is then the longest way (E16).
"""

from __future__ import annotations

import errno
import os

# `signal` makes enums of its numbers: 2 ms
from _signal import SIGKILL, SIGSTOP, valid_signals  # type: ignore[import-not-found]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmspell.errors import SetupError

    Started = tuple[int, int, int, bytes, list[int]]

_MISSED_AT_MOST = 3
"""Times that a worker which was not seen in time is ended and started again."""
_DEFAULTED = frozenset(valid_signals()) - {SIGKILL, SIGSTOP}
"""Python ignores SIGPIPE and SIGXFSZ, and what is ignored stays so across an exec."""


def start(command: Sequence[str], engine: str, memory: int) -> Started:
    """Starts `command` with the engine's name and the memory limit as its last arguments; does not wait for it.

    Words `NAME=VALUE` before the program are its environment, as a shell takes them; it has no other.

    Gives the pid, a pidfd, the open `/proc/PID/status` (-1 where there is none), the status of the thread that spawned
    it, from which it inherits, and the host's ends of stdin, stdout and stderr, for a `WorkerProcess`, which is what
    ends the child. Raises SetupError, with nothing left behind.
    """
    for _ in range(_MISSED_AT_MOST):
        started = _start(command, engine, memory)
        pid, pidfd, status, inherited, ends = started
        if status >= 0 or not inherited:
            return started
        os.killpg(pid, SIGKILL)  # a busy machine, and hidepid: it was gone from /proc before it could be opened
        os.waitpid(pid, 0)
        for descriptor in (pidfd, *ends):
            os.close(descriptor)
    return _start(command, engine, memory)


def _start(command: Sequence[str], engine: str, memory: int) -> Started:
    ours: list[int] = []
    theirs: list[int] = []
    pid = 0
    try:
        if not command:
            raise ValueError("its command is empty")
        command, environment = split_environment(command)
        inherited = own_status()
        for writes in (True, False, False):
            reading, writing = os.pipe()
            ours.append(writing if writes else reading)
            theirs.append(reading if writes else writing)
            os.set_blocking(ours[-1], False)  # ours alone: the child's end is another open file
        pid = _spawn([*command, engine, str(memory)], environment, theirs)
        while theirs:
            os.close(theirs.pop())
        ours.append(os.pidfd_open(pid))
        ours.append(_open_status(pid))
        return pid, ours[3], ours[4], inherited, ours[:3]
    except BaseException as error:
        if pid and not isinstance(error, ProcessLookupError):  # else it is gone, and its number may be another's
            os.killpg(pid, SIGKILL)  # not reaped yet, so the number is still ours; with all that it has started
            os.waitpid(pid, 0)
        for descriptor in ours + theirs:
            if descriptor >= 0:
                os.close(descriptor)
        if not isinstance(error, (OSError, ValueError)):
            raise
        raise cannot_start(engine, command, error) from None


def _open_status(pid: int) -> int:
    """At once: under hidepid the files of a process that is no more dumpable are gone, and an open one stays (E2)."""
    try:
        return os.open(f"/proc/{pid}/status", os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return -1  # no /proc here: the figures are unknown, and what they would prove counts as missing


def own_status() -> bytes:
    """This thread's own status; empty where the machine shows none. An outer seccomp filter is inherited."""
    try:
        status = os.open("/proc/thread-self/status", os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        return b""
    try:
        return os.read(status, 8192)
    finally:
        os.close(status)


def split_environment(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The command, and the environment that stands before it."""
    environment = {}
    left = list(words)
    while len(left) > 1 and left[0].partition("=")[0].isidentifier() and "=" in left[0]:
        name, _, value = left.pop(0).partition("=")
        environment[name] = value
    return left, environment


def _spawn(command: list[str], environment: dict[str, str], ends: list[int]) -> int:
    lifted: list[int] = []
    try:
        if min(ends) < 3:  # the host runs with some of 0, 1 and 2 closed: a dup2 below would overwrite an end
            import fcntl

            lifted.extend(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 3) for end in ends)
        moves = [(os.POSIX_SPAWN_DUP2, end, target) for target, end in enumerate(lifted or ends)]
        return os.posix_spawnp(
            command[0], command, environment, file_actions=moves, setsid=True, setsigmask=(), setsigdef=_DEFAULTED
        )
    finally:
        for descriptor in lifted:
            os.close(descriptor)


def cannot_start(engine: str, command: Sequence[str], error: OSError | ValueError) -> SetupError:
    """What is raised for a command that cannot be started."""
    from llmspell.errors import SetupError

    what = f"{command[0]}: " if command else ""
    return SetupError(f"the worker for {engine} cannot be started: {what}{_reason(error)}")


def _reason(error: OSError | ValueError) -> str:
    if not isinstance(error, OSError):
        return str(error)
    hints = {
        errno.EMFILE: "; close some, or raise the limit with ulimit -n",
        errno.EAGAIN: "; the machine or the user has too many processes",
    }
    return f"{error.strerror}{hints.get(error.errno or 0, '')}"
