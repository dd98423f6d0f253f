"""How many checks at once a machine has room for: its cores, its memory, and what a container was given of them."""

from __future__ import annotations

import math
import os
import resource

from llmspell.errors import UsageError
from llmspell.limits import MIB

MAX_JOBS = 512
HOST_SHARE = 16 * MIB
"""Bytes of the host for each check beside the worker's own memory: its source, its output, its result."""
_DESCRIPTORS = 12
"""Descriptors that one check holds at most: pipes, a process, its status, a wake, a folder of modules."""
_SPARE_DESCRIPTORS = 64
_CGROUPS = "/sys/fs/cgroup"
_UNLIMITED = 1 << 60
"""cgroup v1 says 2^63 less a page where there is no limit."""


def default_jobs(memory: int) -> int:
    """Checks at once for workers of this memory limit: one for each core that has the memory, and at least one."""
    room = free_memory() // (memory + HOST_SHARE)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    descriptors = MAX_JOBS if soft == resource.RLIM_INFINITY else (soft - _SPARE_DESCRIPTORS) // _DESCRIPTORS
    return max(1, min(usable_cores(), room, descriptors, MAX_JOBS))


def check_jobs(jobs: int) -> int:
    """The same number; raises UsageError for one that cannot be meant."""
    if not 1 <= jobs <= MAX_JOBS:
        raise UsageError(f"there can be 1 to {MAX_JOBS} jobs, not {jobs}; without a number there are as many as fit")
    return jobs


def usable_cores() -> int:
    """The cores that this process may use: those it is bound to, and no more than its container's share of time."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    shares = [math.ceil(share) for share in _shares()]
    return max(1, min([bound, *shares]))


def free_memory() -> int:
    """Bytes that can still be had here: what the machine has, and what is left below the limits of the container."""
    import psutil  # 15 ms

    return max(0, min([psutil.virtual_memory().available, *_left_in_cgroups()]))


def _shares() -> list[float]:
    """Cores' worth of time that each enclosing cgroup may use."""
    found = []
    for folder in _enclosing("cpu"):
        words = _text(os.path.join(folder, "cpu.max")).split()  # version 2
        if not words:
            words = [_text(os.path.join(folder, file)).strip() for file in ("cpu.cfs_quota_us", "cpu.cfs_period_us")]
        if len(words) == 2 and words[0].isdigit() and words[1].isdigit() and int(words[1]):
            found.append(int(words[0]) / int(words[1]))
    return found


def _left_in_cgroups() -> list[int]:
    found = []
    for folder in _enclosing("memory"):
        for most, used, cache in (
            ("memory.max", "memory.current", "inactive_file"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        ):
            limit, now = _number(folder, most), _number(folder, used)
            if limit is not None and now is not None and limit < _UNLIMITED:
                found.append(limit - now + _cached(folder, cache))
    return found


def _enclosing(controller: str) -> list[str]:
    """The folders of this process's cgroups for a controller, from its own to the root that is visible here."""
    folders = []
    for line in _text("/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        mount = os.path.join(_CGROUPS, controller) if controllers else _CGROUPS
        while True:
            folders.append(os.path.normpath(mount + path))
            if path in ("", "/"):
                break
            path = os.path.dirname(path)
    return folders


def _cached(folder: str, name: str) -> int:
    """Bytes of files that the kernel holds for the cgroup, and gives back when memory is short."""
    for line in _text(os.path.join(folder, "memory.stat")).splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.isdigit():
            return int(value)
    return 0


def _number(folder: str, file: str) -> int | None:
    word = _text(os.path.join(folder, file)).strip()
    return int(word) if word.isdigit() else None


def _text(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""  # no such controller here
