"""The stack of a process where its limit may not be raised, or the C library does not tell where it starts."""

from __future__ import annotations

from resource import RLIM_INFINITY, RLIMIT_STACK, getrlimit


def check_limit(size: int) -> None:
    """Raises OSError if the stack may not become `size` bytes deep: to try would end the process."""
    most = getrlimit(RLIMIT_STACK)[0]
    if most != RLIM_INFINITY and most < size:
        raise OSError(f"a stack of {most >> 10} KiB is too small for it, it needs {size >> 10}: raise ulimit -s")


def told_by_kernel() -> int:
    """The address where the stack starts; it grows down from there. Raises OSError without /proc."""
    with open("/proc/self/stat", "rb") as stat:
        fields = stat.read().rpartition(b")")[2].split()  # the name before may hold anything
    return int(fields[25])  # startstack is the 28th of all, and two came before (proc_pid_stat(5))
