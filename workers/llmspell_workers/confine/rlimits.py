"""Limits of the kernel on one process."""

from __future__ import annotations

import resource


def limit_memory(memory: int) -> None:
    """Holds the address space to `memory` bytes: resident memory can never be above it."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def limit_files() -> None:
    """No file may grow, no core file is written; pipes are not concerned."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit_cpu(seconds: float) -> None:
    """Ends this process by SIGXCPU a second or two after `seconds` from now, should the host's own watch fail.

    Only the soft limit is set, so that a later run of the same session can set its own.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 2
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    if hard == resource.RLIM_INFINITY or soft <= hard:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
