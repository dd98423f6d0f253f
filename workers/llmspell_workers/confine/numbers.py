"""Numbers of system calls by name: (x86-64, aarch64), None where the machine has no such call.

Drawn from the kernel's `asm/unistd_64.h` and `asm-generic/unistd.h`; they never change. Those by which a process is
confined stand in `steps.py`; these are for the lists of what is allowed.
"""

from __future__ import annotations

from llmspell_workers.confine.steps import MACHINES, NUMBERS

_OTHERS: dict[str, tuple[int, int | None]] = {
    "access": (21, None), "alarm": (37, None), "arch_prctl": (158, None), "brk": (12, 214),
    "clock_getres": (229, 114), "clock_gettime": (228, 113), "clock_nanosleep": (230, 115), "clone": (56, 220),
    "clone3": (435, 435), "close_range": (436, 436), "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24),
    "epoll_create": (213, None), "epoll_create1": (291, 20), "epoll_ctl": (233, 21), "epoll_pwait": (281, 22),
    "epoll_pwait2": (441, 441), "epoll_wait": (232, None), "eventfd2": (290, 19), "exit": (60, 93),
    "exit_group": (231, 94), "faccessat": (269, 48), "faccessat2": (439, 439), "fadvise64": (221, 223),
    "fchdir": (81, 50), "fcntl": (72, 25), "fstat": (5, 80), "fstatfs": (138, 44), "fsync": (74, 82),
    "futex": (202, 98), "getcwd": (79, 17), "getdents64": (217, 61), "getegid": (108, 177), "geteuid": (107, 175),
    "getgid": (104, 176), "getgroups": (115, 158), "getitimer": (36, 102), "getpgid": (121, 155),
    "getpgrp": (111, None), "getpid": (39, 172), "getppid": (110, 173), "getpriority": (140, 141),
    "getrandom": (318, 278), "getresgid": (120, 150), "getresuid": (118, 148), "getrlimit": (97, 163),
    "getrusage": (98, 165), "getsid": (124, 156), "gettid": (186, 178), "gettimeofday": (96, 169),
    "getuid": (102, 174), "ioctl": (16, 29), "kill": (62, 129), "lseek": (8, 62), "lstat": (6, None),
    "madvise": (28, 233), "membarrier": (324, 283), "mlock": (149, 228), "mmap": (9, 222), "mprotect": (10, 226),
    "mremap": (25, 216), "munlock": (150, 229), "munmap": (11, 215), "nanosleep": (35, 101), "newfstatat": (262, 79),
    "open": (2, None), "pause": (34, None), "pipe": (22, None), "pipe2": (293, 59), "poll": (7, None),
    "ppoll": (271, 73), "pread64": (17, 67), "preadv": (295, 69), "pselect6": (270, 72), "pwrite64": (18, 68),
    "pwritev": (296, 70), "read": (0, 63), "readlink": (89, None), "readlinkat": (267, 78), "readv": (19, 65),
    "restart_syscall": (219, 128), "rseq": (334, 293), "rt_sigaction": (13, 134), "rt_sigpending": (127, 136),
    "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "rt_sigsuspend": (130, 133), "rt_sigtimedwait": (128, 137),
    "sched_get_priority_max": (146, 125), "sched_get_priority_min": (147, 126), "sched_getaffinity": (204, 123),
    "sched_getparam": (143, 121), "sched_getscheduler": (145, 120), "sched_yield": (24, 124), "select": (23, None),
    "set_robust_list": (273, 99), "set_tid_address": (218, 96), "setitimer": (38, 103), "sigaltstack": (131, 132),
    "stat": (4, None), "statfs": (137, 43), "statx": (332, 291), "sysinfo": (99, 179), "tgkill": (234, 131),
    "time": (201, None), "timer_create": (222, 107), "timer_delete": (226, 111), "timer_gettime": (224, 108),
    "timer_settime": (223, 110), "timerfd_create": (283, 85), "timerfd_gettime": (287, 87),
    "timerfd_settime": (286, 86), "times": (100, 153), "umask": (95, 166), "uname": (63, 160), "write": (1, 64),
    "writev": (20, 66),
}  # fmt: skip


def numbers_of(machine: str) -> dict[str, int]:
    """The calls that `machine` has, by name; none for a machine that is not in `MACHINES`."""
    if machine not in MACHINES:
        return {}
    column = MACHINES.index(machine)
    both = {**NUMBERS, **_OTHERS}
    return {name: number for name, row in both.items() if (number := row[column]) is not None}
