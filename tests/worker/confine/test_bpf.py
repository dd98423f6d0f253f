"""The builder of filters: what a program answers, by a machine for BPF; then the real list on it."""

from __future__ import annotations

from errno import ENOSYS, EPERM

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell_workers.confine import FILTERS, PID_MARK, worker_filter
from llmspell_workers.confine.bpf import (
    ALLOW,
    ARCHITECTURES,
    AT_MOST,
    EQUALS,
    KILL,
    LACKS,
    REFUSE,
    X32_BIT,
    Rule,
    fail,
    program,
)
from llmspell_workers.confine.numbers import numbers_of
from llmspell_workers.confine.programs import program_filter
from llmspell_workers.confine.rules import assembled, worker_rules
from llmspell_workers.confine.steps import MACHINES
from tests.probe.numbers_by_name import numbers_of as all_numbers_of
from tests.worker.confine.interpreter import run

PID = 4711
X86, ARM = ARCHITECTURES["x86_64"], ARCHITECTURES["aarch64"]
WORDS = st.integers(0, 2**32 - 1)


def worker_program(machine: str) -> bytes:
    return assembled(machine, worker_rules(PID))


@pytest.mark.parametrize("machine", MACHINES)
def test_the_filter_that_a_worker_takes_is_what_the_list_comes_to(machine: str) -> None:
    assert bytes.fromhex(FILTERS[machine]) == assembled(machine, worker_rules(PID_MARK)), (
        "put this into confine/__init__.py"
    )
    assert worker_filter(machine, PID) == worker_program(machine)


def test_there_is_a_filter_for_every_machine_with_a_list() -> None:
    assert FILTERS.keys() == ARCHITECTURES.keys() == set(MACHINES)
    with pytest.raises(OSError, match="no list of system calls for riscv64"):
        worker_filter("riscv64", PID)
    with pytest.raises(OSError, match="no list of system calls for riscv64"):
        assembled("riscv64", worker_rules(PID))


def test_a_call_is_allowed_by_its_number_and_every_other_is_refused() -> None:
    code = program("x86_64", [(3, Rule("close")), (5, Rule("fstat", action=fail(ENOSYS)))])
    assert [run(code, number, X86) for number in (2, 3, 4, 5, 6)] == [
        REFUSE,
        ALLOW,
        REFUSE,
        REFUSE - EPERM + ENOSYS,
        REFUSE,
    ]


def test_another_architecture_ends_the_process_and_x32_is_refused() -> None:
    code = program("x86_64", [(3, Rule("close"))])
    assert run(code, 3, ARM) == run(code, 3, 0x40000003) == KILL
    assert run(code, 3 | X32_BIT, X86) == run(code, 0xFFFFFFFF, X86) == REFUSE
    assert run(program("aarch64", [(3, Rule("close"))]), 3, X86) == KILL


@given(st.dictionaries(st.integers(0, 1000), st.integers(0, 60), max_size=200))
def test_every_call_finds_its_own_rule_however_long_the_others_are(lengths: dict[int, int]) -> None:
    def rule(number: int, length: int) -> Rule:
        return Rule("call", (((0, EQUALS, number),),) * length, otherwise=fail(number % 100))

    code_of = {number: lengths.get(number) for number in range(1001)}
    rules = [(number, rule(number, length)) for number, length in lengths.items() if sum(lengths.values()) < 1000]
    code = program("x86_64", rules)
    for number, length in code_of.items() if rules else ():
        answers = [run(code, number, X86, argument) for argument in (number, number + 1)]
        wanted = [REFUSE] * 2 if length is None else [ALLOW if length else fail(number % 100), fail(number % 100)]
        assert answers == wanted


@given(WORDS, WORDS, st.integers(0, 5), st.integers(0, 2**32 - 1))
def test_tests_of_arguments_hold_as_they_say(value: int, bound: int, argument: int, high: int) -> None:
    arguments = [bound] * 6
    arguments[argument] = value | high << 32
    for how, holds in ((EQUALS, value == bound), (AT_MOST, value <= bound), (LACKS, not value & bound)):
        code = program("x86_64", [(9, Rule("mmap", (((argument, how, bound),),)))])
        assert run(code, 9, X86, *arguments) == (ALLOW if holds else REFUSE)


@given(st.lists(st.integers(0, 3), min_size=3, max_size=3))
def test_one_alternative_is_enough_and_all_its_tests_must_hold(given_arguments: list[int]) -> None:
    alternatives = (((0, EQUALS, 1), (1, LACKS, 2)), ((2, AT_MOST, 1),))
    code = program("x86_64", [(9, Rule("mmap", alternatives, otherwise=KILL)), (10, Rule("mprotect"))])
    a, b, c = given_arguments
    assert run(code, 9, X86, *given_arguments) == (ALLOW if (a == 1 and not b & 2) or c <= 1 else KILL)
    assert run(code, 10, X86) == ALLOW


def test_what_does_not_fit_an_instruction_is_an_error() -> None:
    with pytest.raises(ValueError, match="no instruction"):
        program("x86_64", [(9, Rule("mmap", (((0, EQUALS, 2**32),),)))])
    with pytest.raises(ValueError, match="no instruction"):
        program("x86_64", [(9, Rule("mmap", (((0, EQUALS, 1),),) * 200))])
    with pytest.raises(ValueError, match="the kernel takes 4096"):
        program("x86_64", [(number, Rule("mmap", (((0, EQUALS, 1),),) * 20)) for number in range(100)])
    with pytest.raises(ValueError, match="two rules"):
        program("x86_64", [(9, Rule("mmap")), (9, Rule("mmap", action=KILL))])


@pytest.mark.parametrize("machine", MACHINES)
def test_the_numbers_are_those_of_the_kernels_tables(machine: str) -> None:
    everything = all_numbers_of(machine)
    assert {name: number for name, number in numbers_of(machine).items() if everything.get(name) != number} == {}


def test_a_machine_without_a_table_has_no_numbers() -> None:
    assert numbers_of("riscv64") == {}


@pytest.mark.parametrize("machine", MACHINES)
def test_the_list_of_a_worker_lets_nothing_out(machine: str) -> None:
    code, architecture = worker_program(machine), ARCHITECTURES[machine]
    names = {number: name for name, number in all_numbers_of(machine).items()}
    answers = {names.get(number, str(number)): run(code, number, architecture) for number in range(1024)}
    allowed = {name for name, action in answers.items() if action == ALLOW}
    assert allowed <= {
        "read", "write", "writev", "select", "pselect6", "brk", "munmap", "mremap", "madvise", "mmap", "mprotect",
        "futex", "sched_yield", "nanosleep", "clock_nanosleep", "clock_gettime", "gettimeofday", "time",
        "restart_syscall", "getrandom", "getpid", "gettid", "rt_sigprocmask", "rt_sigreturn", "exit", "exit_group",
    }  # fmt: skip
    assert {"read", "write", "mmap", "exit_group", "futex"} <= allowed
    assert answers["clone3"] == fail(ENOSYS)
    assert set(answers.values()) == {ALLOW, REFUSE, fail(ENOSYS)}


@pytest.mark.parametrize("machine", MACHINES)
def test_memory_is_never_executable_and_only_its_own_abort_is_a_signal(machine: str) -> None:
    code, architecture, numbers = worker_program(machine), ARCHITECTURES[machine], numbers_of(machine)
    for name in ("mmap", "mprotect"):
        assert run(code, numbers[name], architecture, 0, 4096, 3) == ALLOW
        assert run(code, numbers[name], architecture, 0, 4096, 5) == REFUSE
        assert run(code, numbers[name], architecture, 0, 4096, 7 | 1 << 40) == REFUSE
    tgkill = numbers["tgkill"]
    assert run(code, tgkill, architecture, PID, PID, 6) == ALLOW
    assert run(code, tgkill, architecture, PID, PID, 9) == run(code, tgkill, architecture, 1, 1, 6) == REFUSE
    clock = numbers["clock_gettime"]
    assert run(code, clock, architecture, 1) == ALLOW
    assert run(code, clock, architecture, (~PID << 3) | 2) == REFUSE  # the clock of another process


@pytest.mark.parametrize("machine", MACHINES)
@given(flags=st.integers(0, 2**64 - 1))
def test_clone_makes_threads_in_a_program_by_somebody_else_and_nothing_else(machine: str, flags: int) -> None:
    clone, architecture = numbers_of(machine)["clone"], ARCHITECTURES[machine]
    launched = program_filter(machine, PID)
    threads = (0x3D0F00, 0x7D0F00)  # what glibc and musl hand to it
    for known in threads:
        assert run(launched, clone, architecture, known) == ALLOW
        assert run(worker_program(machine), clone, architecture, known) == REFUSE
    assert run(launched, clone, architecture, flags) == (ALLOW if flags & 0xFFFFFFFF in threads else REFUSE)
