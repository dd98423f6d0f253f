"""The clock of a deterministic run, and what its worker takes for one."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell_workers.seeded import MOST_SLEEP, STEP, Clock, Seeded

START = 946_684_800


@given(st.lists(st.floats(0, MOST_SLEEP) | st.none(), max_size=20))
def test_no_two_readings_are_the_same_and_none_is_before_another(moves: list[float | None]) -> None:
    clock = Clock(START)
    moments = [clock.after(0)]
    seen = [clock.time_ns()]
    for seconds in moves:
        moments.append(clock.after(seconds or 0))
        if seconds is not None:
            clock.reach(moments[len(moments) // 2])
        seen.append(clock.time_ns())
    assert seen[0] == START * 10**9 + STEP
    assert all(later - earlier >= STEP for earlier, later in pairwise(seen))


def test_it_reaches_a_moment_and_never_goes_back() -> None:
    clock = Clock(0)
    soon, late = clock.after(1), clock.after(3600)
    clock.reach(late)
    clock.reach(soon)
    assert clock.monotonic_ns() == late + STEP


@pytest.mark.parametrize(
    "replay", [{}, {"seed": 1}, {"seed": 1.0, "clock": 0}, {"seed": True, "clock": 0}, {"seed": 1, "clock": "0"}],
    ids=str,
)  # fmt: skip
def test_what_is_no_seed_and_clock_is_refused(replay: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="replay needs a seed, an integer, and a clock, a number of seconds"):
        Seeded(replay)
