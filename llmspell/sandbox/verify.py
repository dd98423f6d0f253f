"""What the kernel says of a worker, read from outside: never the worker's word.

Theory of operation. A worker arms itself and then says Hello. Before it is told anything the host reads
`/proc/PID/status`, by the descriptor that was opened right after the spawn and that goes on working when the process
is no more dumpable (E2), and the limits by `prlimit`. A filter counts only if it is one more than the thread had that
spawned the worker: in a container every process has one. What is a matter of threads must hold for every thread that
there is; threads that come later inherit it. The kernel shows nothing of Landlock: that stays the worker's word.
"""

import os
import resource
from typing import NamedTuple

from llmspell.errors import SetupError
from llmspell.limits import format_size
from llmspell.sandbox.process import WorkerProcess

SECCOMP_FILTER = b"2"
"""SECCOMP_MODE_FILTER, as the line `Seccomp:` shows it (proc(5))."""
_CAP_SETPCAP = 1 << 8
_MOST_OPEN = 1
"""RLIMIT_NOFILE of a worker that can open nothing: its descriptors have higher numbers, and `poll` needs 1 (E1)."""
_LIMITED = (
    ("memory", "the memory limit (RLIMIT_AS)", resource.RLIMIT_AS),
    ("file-size", "the file-size limit (RLIMIT_FSIZE)", resource.RLIMIT_FSIZE),
    ("core-files", "the core-file limit (RLIMIT_CORE)", resource.RLIMIT_CORE),
)


class Evidence(NamedTuple):
    """What is seen of a worker, by the name of the step; what cannot be seen is not in it.

    `holds` says whether the step is armed, `shows` is the kernel's own word for it. `blind` says why `/proc` shows
    nothing, or is None.
    """

    holds: dict[str, bool]
    shows: dict[str, str]
    blind: str | None = None


def look(process: WorkerProcess, memory: int) -> Evidence:
    """Reads what there is to be seen. Raises SetupError for a limit of the worker that is not as it must be."""
    holds: dict[str, bool] = {}
    shows: dict[str, str] = {}
    for step, what, limit in _LIMITED:
        found, wanted = _limit(process, what, limit), memory if step == "memory" else 0
        if found != (wanted, wanted):
            wrong = f"{what} is {_amounts(found)} instead of {format_size(wanted)}"
            raise SetupError(f"the worker for {process.engine} is not armed: {wrong}")
        holds[step] = True
    open_files = _limit(process, "the limit of open files (RLIMIT_NOFILE)", resource.RLIMIT_NOFILE)
    holds["open-files"] = 0 <= max(open_files) <= _MOST_OPEN
    shows["open-files"] = f"RLIMIT_NOFILE {open_files[0]} and {open_files[1]}"
    status = process.status()
    if not _is_of(process, status):
        return Evidence(holds, shows, _why_blind(status))
    threads = [status, *_other_threads(process.pid, status)]
    holds["no-new-privileges"] = all(_field(thread, b"NoNewPrivs") == b"1" for thread in threads)
    shows["no-new-privileges"] = f"NoNewPrivs {_shown(threads, b'NoNewPrivs')}"
    holds["capabilities"] = all(_has_none(thread, process.inherited) for thread in threads)
    shows["capabilities"] = f"CapEff {_shown(threads, b'CapEff')}, CapBnd {_shown(threads, b'CapBnd')}"
    before = filters(process.inherited)
    holds["seccomp"] = all(filters(thread) > before for thread in threads)
    shows["seccomp"] = f"Seccomp {_shown(threads, b'Seccomp')}"
    holds["namespaces"], shows["namespaces"] = _network_apart(process.pid)
    if before:
        shows["seccomp"] += f", seccomp filters {min(map(filters, threads))}, of which {before} come from outside"
    return Evidence(holds, shows)


def _network_apart(pid: int) -> tuple[bool, str]:
    """Whether a worker is in another network namespace than the host, and what shows it.

    The link /proc/PID/ns/net is closed to an ordinary user once a worker is not dumpable. Each network namespace has
    files of its own under /proc/PID/net, which everybody may look at: the same file is the same namespace.
    """
    try:
        theirs, ours = os.stat(f"/proc/{pid}/net/dev").st_ino, os.stat("/proc/self/net/dev").st_ino
    except OSError as error:
        return False, f"no network namespace ({error.strerror})"
    return theirs != ours, "a network namespace of its own" if theirs != ours else "the host's network namespace"


def filters(status: bytes) -> int:
    """How many seccomp filters a status shows; before Linux 5.9 it says only whether there are any.

    >>> filters(b"Seccomp:\\t2\\nSeccomp_filters:\\t3\\n"), filters(b"Seccomp:\\t2\\n"), filters(b"Seccomp:\\t0\\n")
    (3, 1, 0)
    """
    if _field(status, b"Seccomp") != SECCOMP_FILTER:
        return 0
    count = _field(status, b"Seccomp_filters")
    return int(count) if count.isdigit() else 1


def _limit(process: WorkerProcess, what: str, limit: int) -> tuple[int, int]:
    try:
        return resource.prlimit(process.pid, limit)
    except OSError as error:
        message = f"the worker for {process.engine} cannot be verified: {what}: {error.strerror}"
        raise SetupError(message) from None


def _amounts(found: tuple[int, int]) -> str:
    return " and ".join("unlimited" if one < 0 else format_size(one) for one in found)


def _field(status: bytes, name: bytes) -> bytes:
    """The value of one line, or nothing."""
    start = status.find(b"\n" + name + b":")
    if start < 0:
        return b""
    return status[start + len(name) + 2 : status.index(b"\n", start + 1)].strip()


def _shown(threads: list[bytes], name: bytes) -> str:
    values = dict.fromkeys(_field(thread, name).decode("ascii", "replace") or "not shown" for thread in threads)
    return " and ".join(values)


def _has_none(status: bytes, inherited: bytes) -> bool:
    """Whether no capability is left. The bounding set can be emptied only by who may (CAP_SETPCAP, as root); for
    others it is without effect: with no new privileges nothing of it can be gained.
    """
    sets = [b"CapEff", b"CapPrm", b"CapInh", b"CapAmb"]
    if _set(inherited, b"CapEff") & _CAP_SETPCAP:
        sets.append(b"CapBnd")
    return not any(_set(status, name) for name in sets)


def _set(status: bytes, name: bytes) -> int:
    try:
        return int(_field(status, name), 16)
    except ValueError:
        return -1  # a line that is not there proves nothing: as if every one was left


def _other_threads(pid: int, status: bytes) -> list[bytes]:
    """The statuses of all threads but the first; an empty one for what cannot be read, which proves nothing."""
    if _field(status, b"Threads") == b"1":
        return []
    others = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            if thread != str(pid):
                with open(f"/proc/{pid}/task/{thread}/status", "rb") as file:
                    others.append(file.read())
    except OSError:
        others.append(b"")
    return others


def _is_of(process: WorkerProcess, status: bytes) -> bool:
    """Whether a status is the worker's. Where /proc is that of another pid namespace, its number means another."""
    numbers = _field(status, b"NSpid").split() or [_field(status, b"Pid")]
    parent = _field(status, b"PPid")
    return numbers[-1] == b"%d" % process.pid and parent != b"" and parent == _field(process.inherited, b"Tgid")


def _why_blind(status: bytes) -> str:
    if not os.path.exists("/proc/self/status"):
        return "/proc is not mounted here; mount it (mount -t proc proc /proc)"
    if status:
        return "/proc belongs to another pid namespace; mount one of this namespace (mount -t proc proc /proc)"
    return "/proc does not show the worker to its host (hidepid); try again, or mount /proc without hidepid"
