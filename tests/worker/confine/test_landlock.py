"""Landlock on kernels of every ABI level, announced rightly and wrongly: what is taken, and what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llmspell_workers.confine.steps import HIGHEST, attribute, restrict
from tests.worker.confine.fakes import FakeKernel

if TYPE_CHECKING:
    from collections.abc import Sequence

LEVELS = range(1, HIGHEST + 1)
STEPS = {"landlock-files": 1, "landlock-network": 4, "landlock-scopes": 6}


class Found:
    """What `restrict` gives, by name."""

    def __init__(self, kernel: FakeKernel, readable: Sequence[str] = ()) -> None:
        levels, self.missing, self.notes = restrict(kernel, readable)
        self.announced, self.used = levels["announced"], levels["used"]


def bits(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)]


def test_the_bits_of_each_level_are_those_of_the_manual() -> None:
    files = {level: bits(attribute(level))[0].bit_length() for level in LEVELS}
    assert files == {1: 13, 2: 14, 3: 15, 4: 15, 5: 16, 6: 16, 7: 16, 8: 16, 9: 17}
    assert {level: bits(attribute(level))[1:] for level in LEVELS} == {
        1: [], 2: [], 3: [], 4: [3], 5: [3], 6: [3, 3], 7: [3, 3], 8: [3, 3], 9: [3, 3],
    }  # fmt: skip


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_is_used_whole_and_says_what_it_lacks(level: int) -> None:
    kernel = FakeKernel(landlock=level)
    found = Found(kernel)
    assert (found.announced, found.used) == (level, level)
    assert found.missing.keys() == {step for step, since in STEPS.items() if level < since}
    assert all(f"ABI {level} does not have it" in reason for reason in found.missing.values())
    assert ("landlock-files" in found.notes) == (level < 5)
    assert ("landlock_restrict_self", 77, 0) in kernel.made
    assert ("close", 77) in kernel.made


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("announced", [9, 10, 99])
def test_a_kernel_that_announces_too_much_is_found_out(level: int, announced: int) -> None:
    found = Found(FakeKernel(landlock=level, announced=announced))
    assert attribute(found.used) == attribute(level)  # levels 6 to 8 have the same bits
    said = [*found.missing.values(), *found.notes.values()]
    assert bool(said) == (level < HIGHEST)
    assert all(f"announces ABI {announced}, and refuses its bits" in reason for reason in said)


def test_a_kernel_newer_than_we_know_is_used_as_far_as_we_know_it() -> None:
    found = Found(FakeKernel(landlock=HIGHEST, announced=HIGHEST + 3))
    assert (found.used, found.missing, found.notes) == (HIGHEST, {}, {})


@pytest.mark.parametrize(
    ("code", "hint"),
    [("ENOSYS", "Linux 5.13"), ("EOPNOTSUPP", "not enabled: add landlock to lsm="), ("EPERM", "outer seccomp filter")],
)
def test_without_landlock_all_three_steps_say_why(code: str, hint: str) -> None:
    found = Found(FakeKernel(landlock=7, refused=f"landlock_create_ruleset={code}"))
    assert found.missing.keys() == STEPS.keys()
    assert all(f"({code})" in reason and hint in reason for reason in found.missing.values())


def test_a_rule_set_that_cannot_be_put_in_force_is_missing_and_closed() -> None:
    kernel = FakeKernel(landlock=7, refused="landlock_restrict_self=EPERM")
    assert Found(kernel).missing.keys() == STEPS.keys()
    assert kernel.made[-1] == ("close", 77)


def test_a_rule_set_that_keeps_nothing_is_not_believed() -> None:
    found = Found(FakeKernel(landlock=7, leaky=True))
    assert found.used == 0
    assert all("opens all the same" in reason for reason in found.missing.values())


def test_readable_paths_become_rules() -> None:
    kernel = FakeKernel(landlock=7)
    assert Found(kernel, ["/usr/lib"]).used == 7
    names = [call[0] for call in kernel.made]
    assert names.index("landlock_add_rule") < names.index("landlock_restrict_self")


def test_a_readable_path_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        Found(FakeKernel(landlock=7, refused="openat=ENOENT"), ["/nowhere"])
