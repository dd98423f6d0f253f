"""The watch, which is pure: every reading is handed in."""

from __future__ import annotations

import pytest

from llmspell.limits import Limits
from llmspell.outcome import LimitHit
from llmspell.sandbox.watch import LONGEST_DOZE, SHORTEST_LOOK, Patience, Watch

LIMITS = Limits(cpu=10, wall=100)


def watch(limits: Limits = LIMITS, *, now: float = 1000.0, cpu: float = 2.0) -> Watch:
    return Watch(limits, Patience(stuck=5), now=now, cpu=cpu)


def test_limits_are_crossed_beyond_and_not_at_what_is_allowed() -> None:
    assert watch().look(1100.0, 12.0) is None
    assert watch().look(1100.0, 12.5) == LimitHit("cpu", 10, 10.5, "seconds")
    assert watch().look(1100.5, 2.0) == LimitHit("wall", 100, 100.5, "seconds")


def test_two_threads_cannot_cross_the_cpu_limit_between_two_looks() -> None:
    one = watch()
    now, cpu, looks = 1000.0, 2.0, 0
    while True:
        now, cpu, looks = one.next_look, cpu + 2 * (one.next_look - now), looks + 1
        hit = one.look(now, cpu)
        if hit is not None:
            break
    assert hit.used <= 10 + 2 * SHORTEST_LOOK + 1e-9
    assert looks < 30


def test_a_lying_worker_close_to_its_limit_is_looked_at_ever_more_seldom() -> None:
    one = watch()
    one.look(1050.0, 11.999)
    steps = []
    for _ in range(8):
        before = one.next_look
        one.look(before, 11.999)
        steps.append(one.next_look - before)
    assert steps[0] == pytest.approx(2 * SHORTEST_LOOK)
    assert steps[-1] == pytest.approx(LONGEST_DOZE)
    assert one.look(one.next_look, 11.9999) is None
    assert one.next_look < before + 3 * LONGEST_DOZE


def test_the_wall_is_looked_at_in_time() -> None:
    assert watch(Limits(wall=0.001)).next_look == 1000.001
    one = watch()
    one.look(1099.0, 2.0)
    one.look(1099.999, 2.0)
    assert 1100.0 < one.next_look < 1100.001


def test_silence_counts_from_the_first_look_after_the_last_word() -> None:
    one = watch()
    one.heard_at = 1001.0
    assert one.wake_at(waiting=False) <= 1001.0 + LONGEST_DOZE
    assert not one.is_stuck(1001.1, 2.0, waiting=False)
    one.look(1001.1, 2.0)
    assert not one.is_stuck(1006.0, 2.0005, waiting=False)
    assert one.is_stuck(1006.2, 2.0005, waiting=False)


def test_computing_or_waiting_is_no_silence() -> None:
    one = watch()
    assert not one.is_stuck(1010.0, 2.01, waiting=False)
    assert not one.is_stuck(1020.0, 2.01, waiting=True)
    assert not one.is_stuck(1024.9, 2.01, waiting=False)
    assert not one.is_stuck(1029.8, 2.01, waiting=False)
    assert one.is_stuck(1029.9, 2.01, waiting=False)


def test_silence_after_a_wait_counts_from_the_first_look_behind_it() -> None:
    one = watch()
    assert not one.is_stuck(1001.0, 2.0, waiting=True)
    # the reply came long after that look, and this one comes right after the reply
    assert not one.is_stuck(1050.0, 2.0, waiting=False)
    assert one.is_stuck(1055.0, 2.0, waiting=False)


def test_an_idle_run_is_not_looked_at_for_its_silence_while_it_waits() -> None:
    one = watch()
    one.look(1050.0, 2.0)
    assert one.wake_at(waiting=True) == one.next_look == pytest.approx(1055.0)


def test_cpu_used_is_never_negative() -> None:
    assert watch().cpu_used(1.0) == 0.0
