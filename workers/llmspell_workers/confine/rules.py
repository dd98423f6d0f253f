"""The lists of system calls that a filter is made of, by name: what a worker of ours may call.

Theory of operation. The list is what an interpreter that loads nothing more needs: its pipes, its memory, its clocks,
waiting, its end. It opens nothing, starts nothing, asks nothing about files or processes, and changes no handler of a
signal. `clone3` does not exist, because its flags lie in memory, where no filter sees them: the C library then takes
`clone`. A worker does not load this file: what it comes to stands in `__init__.py`.
"""

from __future__ import annotations

from errno import ENOSYS

from llmspell_workers.confine.bpf import ARCHITECTURES, AT_MOST, EQUALS, LACKS, Rule, fail, program
from llmspell_workers.confine.numbers import numbers_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_SIGABRT = 6
_PROT_EXEC = 4
LAST_CLOCK = 11
"""CLOCK_TAI: the numbers above are those of the clocks of other processes, and of devices (clock_gettime(2))."""
WORKER_CALLS = (
    "read", "write", "writev", "select", "pselect6",
    "brk", "munmap", "mremap", "madvise",
    "futex", "sched_yield", "nanosleep", "clock_nanosleep", "gettimeofday", "time", "restart_syscall",
    "getrandom", "getpid", "gettid", "rt_sigprocmask", "rt_sigreturn", "exit", "exit_group",
)  # fmt: skip
"""What is allowed whatever its arguments; `writev` is the C library's last word when it aborts."""


def worker_rules(pid: int) -> list[Rule]:
    """The list for a worker of ours, whose process is `pid`."""
    not_executable = (((2, LACKS, _PROT_EXEC),),)
    return [
        *map(Rule, WORKER_CALLS),
        Rule("mmap", not_executable),
        Rule("mprotect", not_executable),
        Rule("clock_gettime", (((0, AT_MOST, LAST_CLOCK),),)),
        Rule("tgkill", (((0, EQUALS, pid), (2, EQUALS, _SIGABRT)),)),  # abort(3)
        Rule("clone3", action=fail(ENOSYS)),
    ]


def assembled(machine: str, rules: Iterable[Rule]) -> bytes:
    """The filter for a machine. Rules for calls that it does not have are left out; OSError where it has no list."""
    if machine not in ARCHITECTURES:
        raise OSError(ENOSYS, f"there is no list of system calls for {machine}", "seccomp")
    numbers = numbers_of(machine)
    return program(machine, [(numbers[rule.name], rule) for rule in rules if rule.name in numbers])
