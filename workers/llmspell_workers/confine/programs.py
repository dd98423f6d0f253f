"""What a program by somebody else may still do: read what it is made of, compute, wait, start threads, and end.

The rule kept here: it is executed once. The filter lets `execveat` through for one descriptor, whose number lies beyond
the limit on open files: the exec closes it, and nothing can make one of that number again.
"""

from __future__ import annotations

import os
from errno import ENOSYS

from llmspell_workers.confine.bpf import AT_MOST, EQUALS, Rule, fail
from llmspell_workers.confine.rules import LAST_CLOCK, WORKER_CALLS, assembled

OPEN_FILES = 256
"""Descriptors 0 to 255; `PROGRAM` is the one beyond."""
PROGRAM = OPEN_FILES
AT_EMPTY_PATH = 0x1000
SYSTEM = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/etc/localtime",
    "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom",
)  # fmt: skip
"""What most programs are made of, and no secret of anyone."""

_THREAD_FLAGS = (0x3D0F00, 0x7D0F00)
"""What glibc and musl hand to `clone` for a thread: VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, SETTLS, PARENT_SETTID,
CHILD_CLEARTID, and with musl DETACHED."""
_IOCTLS = (0x5401, 0x5413, 0x5421, 0x541B, 0x5450, 0x5451)
"""TCGETS and TIOCGWINSZ (is it a terminal?), FIONBIO, FIONREAD, FIONCLEX, FIOCLEX."""
_FCNTLS = (0, 1, 2, 3, 4, 5, 6, 7, 1030, 1032)
"""All but those that send signals, hold leases, seal or notify: F_DUPFD to F_SETLKW, F_DUPFD_CLOEXEC, F_GETPIPE_SZ."""
_PRCTLS = (15, 16, 23, 0x53564D41)
"""PR_SET_NAME, PR_GET_NAME, PR_CAPBSET_READ, PR_SET_VMA."""
_PLAIN = (
    *WORKER_CALLS,
    "open", "openat", "close", "close_range", "lseek", "pread64", "preadv", "readv", "pwrite64", "pwritev", "fsync",
    "fadvise64", "access", "faccessat", "faccessat2", "stat", "lstat", "fstat", "newfstatat", "statx", "statfs",
    "fstatfs", "readlink", "readlinkat", "getdents64", "getcwd", "chdir", "fchdir", "umask",
    "dup", "dup2", "dup3", "pipe", "pipe2", "poll", "ppoll", "epoll_create", "epoll_create1", "epoll_ctl",
    "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd2", "timerfd_create", "timerfd_settime", "timerfd_gettime",
    "mmap", "mprotect", "mlock", "munlock", "membarrier", "set_robust_list", "set_tid_address", "rseq", "arch_prctl",
    "rt_sigaction", "rt_sigpending", "rt_sigsuspend", "rt_sigtimedwait", "sigaltstack", "pause",
    "alarm", "getitimer", "setitimer", "timer_create", "timer_delete", "timer_gettime", "timer_settime", "times",
    "clock_getres", "getrusage", "getrlimit", "sysinfo", "uname", "getuid", "geteuid", "getgid", "getegid",
    "getresuid", "getresgid", "getgroups", "getppid", "getpgrp", "getpgid", "getsid", "getpriority",
    "sched_getaffinity", "sched_getparam", "sched_getscheduler", "sched_get_priority_max", "sched_get_priority_min",
)  # fmt: skip


def program_filter(machine: str, pid: int) -> bytes:
    """The filter for it. Raises OSError for a machine that has no list."""
    return assembled(machine, program_rules(pid))


def program_rules(pid: int) -> list[Rule]:
    """The list for a program that is executed in the process `pid`."""
    return [
        *map(Rule, _PLAIN),
        Rule("execveat", (((0, EQUALS, PROGRAM), (4, EQUALS, AT_EMPTY_PATH)),)),
        Rule("clone", _one_of(0, _THREAD_FLAGS)),
        Rule("clone3", action=fail(ENOSYS)),
        Rule("ioctl", _one_of(1, _IOCTLS)),
        Rule("fcntl", _one_of(1, _FCNTLS)),
        Rule("prctl", _one_of(0, _PRCTLS)),
        Rule("prlimit64", (((0, EQUALS, 0),), ((0, EQUALS, pid),))),
        Rule("kill", (((0, EQUALS, pid),),)),
        Rule("tgkill", (((0, EQUALS, pid),),)),
        Rule("clock_gettime", (((0, AT_MOST, LAST_CLOCK),),)),
    ]


def system_paths() -> list[str]:
    """Those of `SYSTEM` that this machine has."""
    return [path for path in SYSTEM if os.path.exists(path)]


def _one_of(argument: int, values: tuple[int, ...]) -> tuple[tuple[tuple[int, int, int], ...], ...]:
    return tuple(((argument, EQUALS, value),) for value in values)
