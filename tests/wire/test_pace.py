"""When a waiting end tries again and when it sleeps; no clock but the numbers that it is told."""

from __future__ import annotations

from llmspell_workers.wire import Pace
from llmspell_workers.wire.pace import FIRST_REST_WAITS, QUICK, REST_WAITS, SLOW_YIELD, SPIN


def rests(pace: Pace) -> int:
    """How many waits go by before it may spin again."""
    count = 0
    while not pace.may_spin():
        count += 1
        assert count < 10_000
    return count


def test_a_spin_goes_on_for_its_time_and_no_longer() -> None:
    pace = Pace()
    assert pace.may_spin()
    assert pace.goes_on(SPIN * 0.99, 10e-6)
    assert not pace.goes_on(SPIN, 10e-6)


def test_slow_answers_are_slept_for_until_one_comes_quickly() -> None:
    pace = Pace()
    pace.answered(QUICK)
    assert not pace.may_spin()
    pace.answered(QUICK * 0.99)
    assert pace.may_spin()


def test_one_slow_yield_costs_few_waits_and_busy_cores_soon_cost_all() -> None:
    pace = Pace()
    seen = []
    for _ in range(5):
        assert pace.may_spin()
        assert not pace.goes_on(SLOW_YIELD * 1.01, SLOW_YIELD * 1.01)
        seen.append(rests(pace))
    assert seen == [FIRST_REST_WAITS, 4 * FIRST_REST_WAITS, 16 * FIRST_REST_WAITS, REST_WAITS, REST_WAITS]


def test_an_answer_that_was_there_after_a_slow_yield_counts_as_slow() -> None:
    pace = Pace()
    pace.spun = SPIN * 1.01
    assert rests(pace) == FIRST_REST_WAITS


def test_free_cores_are_forgiven_slowly() -> None:
    pace = Pace()
    pace.spun = SPIN * 1.01
    rests(pace)
    for _ in range(3 * FIRST_REST_WAITS):
        pace.spun = 1e-6
        assert pace.may_spin()
    pace.spun = SPIN * 1.01
    assert rests(pace) == FIRST_REST_WAITS
