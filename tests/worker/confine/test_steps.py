"""The steps of confinement on kernels that refuse some of them: what is armed, what is missing, and why."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import Any

import pytest

from llmspell_workers.confine import STEPS, confine, worker_filter
from tests.probe import probed
from tests.worker.confine.fakes import FakeKernel
from tests.worker.confine.machine import MDWE, lacking

MEMORY = 50 << 20
REFUSALS = {
    "no-new-privileges": "prctl/38=EINVAL",
    "not-dumpable": "prctl/4=EPERM",
    "capabilities": "capset=EPERM",
    "file-size": "prlimit64/0/1=EPERM",
    "core-files": "prlimit64/0/4=EPERM",
    "open-files": "prlimit64/0/7=EPERM",
    "seccomp": "seccomp=EINVAL",
}


def armed_on(kernel: FakeKernel, **needs: Any) -> Any:
    return confine(kernel, MEMORY, worker_filter, **needs)


def names(kernel: FakeKernel) -> list[str]:
    return [f"{call[0]}/{call[1]}" if call[0] == "prctl" else call[0] for call in kernel.made]


def test_on_a_kernel_that_has_it_all_nothing_is_missing_and_the_order_holds() -> None:
    kernel = FakeKernel(landlock=7)
    result = armed_on(kernel)
    assert (result.armed, result.missing, result.notes) == (list(STEPS), {}, {})
    made = names(kernel)
    order = ["prctl/38", "prctl/4", "capset", "prctl/1", "landlock_restrict_self", "prctl/65", "seccomp"]
    assert [made.index(name) for name in order] == sorted(made.index(name) for name in order)
    assert made[-1] == "seccomp"  # nothing of ours is called behind the filter
    assert [call[2] for call in kernel.made if call[0] == "prlimit64"] == [3, 9, 1, 4, 7]
    assert ("prlimit64", 0, 9, MEMORY.to_bytes(8, "little") * 2, 0) in kernel.made


@pytest.mark.parametrize("step", REFUSALS)
def test_a_step_that_the_kernel_refuses_is_missing_with_its_reason_and_the_others_are_armed(step: str) -> None:
    result = armed_on(FakeKernel(landlock=7, refused=REFUSALS[step]))
    assert result.missing.keys() == {step}
    assert f"({REFUSALS[step].partition('=')[2]})" in result.missing[step]
    assert sorted([*result.armed, step]) == sorted(STEPS)


@pytest.mark.parametrize("refused", ["prctl/1=EPERM", "prlimit64/0/9=EPERM"])
def test_without_its_memory_limit_or_its_death_signal_nothing_may_run(refused: str) -> None:
    with pytest.raises(PermissionError):
        armed_on(FakeKernel(landlock=7, refused=refused))


def test_a_kernel_without_the_switch_refuses_written_code_by_the_list_alone() -> None:
    result = armed_on(FakeKernel(landlock=7, refused="prctl/65=EINVAL"))
    assert "no-write-execute" in result.armed
    assert (
        "by the list of system calls alone (prctl(PR_SET_MDWE): Invalid argument (EINVAL))"
        in result.notes["no-write-execute"]
    )
    result = armed_on(FakeKernel(landlock=7, refused="prctl/65=EINVAL,seccomp=EINVAL"))
    assert result.missing.keys() == {"no-write-execute", "seccomp"}


def test_an_engine_that_makes_machine_code_is_said_to() -> None:
    result = armed_on(FakeKernel(landlock=7), executes=True)
    assert result.missing == {"no-write-execute": "the engine makes machine code"}


def test_the_bounding_set_stays_where_it_cannot_be_lowered() -> None:
    kernel = FakeKernel(landlock=7, refused="prctl/24=EPERM,prctl/28=EPERM")
    assert "capabilities" in armed_on(kernel).armed
    assert names(kernel).count("prctl/24") == 1
    assert "prctl/28" not in names(kernel)


AMBIENT = """
from llmspell_workers.confine import SystemCalls
from llmspell_workers.confine.steps import drop_capabilities, gain_none

calls = SystemCalls()
version = (0x20080522).to_bytes(4, "little") + bytes(4)

def held(name):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1], 16) for line in status if line.startswith(name))

permitted = held("CapPrm")
low, high = (permitted >> at & 0xFFFFFFFF for at in (0, 32))
calls("capset", version, b"".join(half.to_bytes(4, "little") * 3 for half in (low, high)))
calls("prctl", 47, 2, permitted.bit_length() - 1)  # PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE
before = held("CapAmb")
gain_none(calls)
drop_capabilities(calls)
print(before != 0, held("CapAmb"))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user has no capability to begin with")
def test_capabilities_that_an_exec_would_keep_are_dropped_with_the_others() -> None:
    ran = subprocess.run([sys.executable, "-c", AMBIENT], capture_output=True, text=True, check=True)
    assert ran.stdout == "True 0\n"


def test_a_thread_that_escapes_the_filter_is_not_pretended_to_be_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeKernel, "_seccomp", lambda *_: 99, raising=False)
    assert "thread 99 has a filter of its own" in armed_on(FakeKernel(landlock=7)).missing["seccomp"]


def test_on_a_machine_without_a_table_nothing_runs() -> None:
    class Unknown(FakeKernel):
        def __call__(self, name: str, *arguments: Any) -> int:
            if name not in self.numbers:
                raise OSError(errno.ENOSYS, "its number is not known", name)
            return super().__call__(name, *arguments)

    with pytest.raises(OSError, match="not known"):
        armed_on(Unknown(landlock=7, machine="riscv64"))


@pytest.mark.parametrize("step", [*REFUSALS, "landlock-files"])
def test_a_live_worker_says_hello_all_the_same_and_lists_what_is_missing(step: str) -> None:
    refusal = REFUSALS.get(step, "landlock_create_ruleset=ENOSYS")
    done = probed([("getpid",)], "refuse", refusal)
    confinement = done.features["confinement"]
    assert step in confinement["missing"]
    assert f"({refusal.partition('=')[2]})" in confinement["missing"][step]
    assert sorted([*confinement["armed"], *confinement["missing"]]) == sorted(STEPS)
    assert done.answers[0].result > 0


def test_a_live_worker_of_root_and_of_a_user_misses_nothing_that_this_kernel_has() -> None:
    for options in ((), ("user",)):
        confinement = probed([], *options).features["confinement"]
        assert sorted(confinement["armed"]) == sorted(set(STEPS) - lacking()), options
        assert set(confinement["missing"]) == lacking(), options
        assert ("no-write-execute" in confinement["notes"]) is not MDWE
