"""A cgroup (v2) for one worker: a second count of its memory, the kernel's own word for who died of it, and one kill.

Theory of operation. A folder is made below the first ancestor of the host's own cgroup that hands its children the
controllers and lets them be made: that is tried, and not concluded from anything. The host itself is never moved. Its
name holds the host's pid, start time and pid namespace, so that whoever comes next can tell that the host is gone, and
sweep what it has left. Nothing here is loaded unless a run asks for it. Source: the kernel's cgroup-v2.rst.
"""

from __future__ import annotations

import errno
import os
import time
from itertools import count
from typing import NamedTuple

PREFIX = "llmspell"
PROCESSES = 64
"""pids.max: threads count too."""
CONTROLLERS = ("memory", "pids")
REMEDY = (
    "start the program in a part of the cgroup tree that is delegated to it beside the program's own cgroup, as"
    " systemd-run --user --scope does; llmspell doctor shows what there is"
)
_FILES = ("memory.max", "memory.swap.max", "memory.oom.group", "pids.max")
_OPTIONAL = frozenset({"memory.swap.max"})
"""Not there on a kernel without swap."""
_GONE_WITHIN = 2.0
"""Seconds that the kernel is given to take the killed out of a cgroup."""
_PAUSE = 0.001
_numbers = count()


class Counts(NamedTuple):
    """What the kernel counted: processes that it `killed` for want of memory, and the `peak` in bytes where it says."""

    killed: int = 0
    peak: int | None = None


class Hierarchy:
    """Cgroups below the folder `parent`. What only the real file system does is here, so that a test can stand in."""

    __slots__ = ("parent",)

    def __init__(self, parent: str) -> None:
        self.parent = parent

    def make(self, name: str) -> str:
        """Makes a cgroup, and gives its folder; the kernel fills it with files. Raises OSError."""
        path = os.path.join(self.parent, name)
        os.mkdir(path, 0o755)
        return path

    def remove(self, path: str) -> None:
        """Removes a cgroup; OSError while somebody is in it."""
        os.rmdir(path)

    def new(self, memory: int) -> Cgroup:
        """A cgroup with its limits set, after what dead hosts have left was swept. Raises OSError."""
        self.sweep()
        cgroup = Cgroup(self, self.make(f"{PREFIX}-{_identity(os.getpid())}-{next(_numbers)}"))
        try:
            for file, value in zip(_FILES, (memory, 0, 1, PROCESSES), strict=True):
                cgroup.limit(file, value)
        except OSError:
            cgroup.end()
            raise
        return cgroup

    def sweep(self) -> int:
        """Ends and removes the cgroups of hosts that are gone; how many there were."""
        swept = 0
        for name in os.listdir(self.parent):
            if _is_left(name):
                Cgroup(self, os.path.join(self.parent, name)).end()
                swept += 1
        return swept


class Cgroup:
    """One worker's cgroup, in the folder `path`."""

    __slots__ = ("_hierarchy", "path")

    def __init__(self, hierarchy: Hierarchy, path: str) -> None:
        self._hierarchy, self.path = hierarchy, path

    def limit(self, file: str, value: int) -> None:
        """Sets one limit. Raises OSError."""
        try:
            _write(os.path.join(self.path, file), b"%d" % value)
        except FileNotFoundError:
            if file not in _OPTIONAL:
                raise

    def add(self, pid: int) -> None:
        """Puts a process into it, with all its threads and all that it starts from here on. Raises OSError."""
        _write(os.path.join(self.path, "cgroup.procs"), b"%d" % pid)
        if pid not in self.processes():
            raise OSError(errno.ESRCH, "the process did not come to be in it", self.path)

    def processes(self) -> list[int]:
        """Who is in it."""
        return list(map(int, _read(os.path.join(self.path, "cgroup.procs")).split()))

    def counts(self) -> Counts:
        """What was counted until now; nothing where the kernel does not say."""
        events = dict(line.split() for line in _read(os.path.join(self.path, "memory.events")).splitlines())
        peak = _read(os.path.join(self.path, "memory.peak")).strip()  # since Linux 5.19
        return Counts(int(events.get(b"oom_kill", b"0")), int(peak) if peak.isdigit() else None)

    def end(self) -> None:
        """Kills whoever is in it, all at once, and removes it."""
        until = time.monotonic() + _GONE_WITHIN
        try:
            _write(os.path.join(self.path, "cgroup.kill"), b"1")  # since Linux 5.14
        except OSError:
            pass  # an older kernel: what is left in it is killed one by one
        while True:
            try:
                return self._hierarchy.remove(self.path)
            except FileNotFoundError:
                return None
            except OSError:
                if time.monotonic() > until:
                    return None  # the next run sweeps it, once this host is gone
            self._kill_each()
            time.sleep(_PAUSE)

    def _kill_each(self) -> None:
        for pid in self.processes():
            try:
                os.kill(pid, 9)
            except (ProcessLookupError, PermissionError):
                pass


def found() -> Hierarchy:
    """The hierarchy in which this host may make cgroups. Raises OSError that says why there is none."""
    own, mount = _own_folder()
    reasons: list[str] = []
    folder = own
    while True:
        try:
            return _tried(folder)
        except OSError as error:
            reasons.append(f"{folder}: {error.strerror}")
        if folder == mount:
            raise OSError(errno.EACCES, f"no cgroup can be made ({'; '.join(reasons[:3])})", folder)
        folder = os.path.dirname(folder)


def _tried(folder: str) -> Hierarchy:
    given = _read(os.path.join(folder, "cgroup.subtree_control")).decode("ascii", "replace").split()
    lacking = [one for one in CONTROLLERS if one not in given]
    if lacking:
        raise OSError(errno.ENOENT, f"it hands its children no controller {' and '.join(lacking)}", folder)
    hierarchy = Hierarchy(folder)
    hierarchy.new(1 << 20).end()
    return hierarchy


def _own_folder() -> tuple[str, str]:
    """The folder of this process's cgroup, and where that file system is mounted. Raises OSError if there is none."""
    own = next((line[3:] for line in _read("/proc/self/cgroup").decode().splitlines() if line.startswith("0::")), None)
    for line in _read("/proc/self/mountinfo").decode("utf-8", "surrogateescape").splitlines():
        before, _, after = line.partition(" - ")
        if own is not None and after.startswith("cgroup2 "):
            mount = before.split(" ")[4]
            return os.path.normpath(f"{mount}/{own}"), mount
    raise OSError(errno.ENOENT, "there is no cgroup v2 here")


def _identity(pid: int) -> str:
    """The number of a living process, its start in clock ticks since boot, and its pid namespace."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        start = file.read().rpartition(b")")[2].split()[19].decode()
    return f"{pid}-{start}-{os.stat('/proc/self/ns/pid').st_ino}"


def _is_left(name: str) -> bool:
    """Whether a folder is a cgroup of a host of this pid namespace that is gone; in doubt, no."""
    prefix, *numbers = name.split("-")
    if prefix != PREFIX or len(numbers) != 4 or not all(one.isdigit() for one in numbers):
        return False
    pid, namespace = int(numbers[0]), int(numbers[2])
    if namespace != os.stat("/proc/self/ns/pid").st_ino:
        return False
    try:
        os.kill(pid, 0)
        return not name.startswith(f"{PREFIX}-{_identity(pid)}-")
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        return False  # somebody else's, or hidden


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20)
    except OSError:
        return b""


def _write(path: str, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, data)
    finally:
        os.close(descriptor)
