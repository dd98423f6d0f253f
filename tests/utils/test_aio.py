"""Coroutines that wait for others, on a clock that jumps: what comes, when, and that nothing is left running."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import UsageError
from llmspell.utils.aio import (
    RetryConfig,
    RetryLimitExceeded,
    concurrent_map,
    race_to_success,
    retry_async,
    timeout_with_default,
)
from tests.utils.fake_clock import run
from tests.wire.examples import relaxed

STEADY = RetryConfig(jitter=0)


def failing(times: int, error: BaseException | None = None) -> tuple[Callable[[], Awaitable[str]], list[float]]:
    """An operation that fails so many times first, and when it was called."""
    called: list[float] = []

    async def operation() -> str:
        called.append(asyncio.get_running_loop().time())
        if len(called) <= times:
            raise error or OSError(f"attempt {len(called)}")
        return "done"

    return operation, called


async def later(seconds: float, result: object) -> object:
    await asyncio.sleep(seconds)
    if isinstance(result, BaseException):
        raise result
    return result


def test_what_succeeds_is_called_once() -> None:
    operation, called = failing(0)
    assert run(retry_async(operation)) == ("done", 0.0)
    assert len(called) == 1


def test_delays_grow_by_the_factor() -> None:
    operation, called = failing(4)
    config = STEADY._replace(max_attempts=5, initial_delay=1.0, backoff_factor=3.0)
    assert run(retry_async(operation, config)) == ("done", 1 + 3 + 9 + 10)
    assert [second - first for first, second in pairwise(called)] == pytest.approx([1, 3, 9, 10])


def test_jitter_is_added_up_to_its_size() -> None:
    async def waits() -> list[float]:
        waited: list[float] = []

        async def sleep(seconds: float) -> None:
            waited.append(seconds)

        operation, _ = failing(50)
        config = RetryConfig(max_attempts=51, initial_delay=1.0, backoff_factor=1.0, jitter=0.5)
        await retry_async(operation, config, sleep=sleep)
        return waited

    waited, seconds = run(waits())
    assert seconds == 0
    assert len(waited) == 50
    assert all(1.0 <= wait <= 1.5 for wait in waited)
    assert len(set(waited)) > 1


def test_the_last_error_is_the_cause() -> None:
    operation, called = failing(9)
    with pytest.raises(RetryLimitExceeded, match=r"tried 3 times, and the last time it failed: attempt 3") as raised:
        run(retry_async(operation, STEADY))
    assert raised.value.attempts == len(called) == 3
    assert isinstance(raised.value.__cause__, OSError)
    assert str(raised.value.__cause__) == "attempt 3"


def test_an_error_that_is_not_to_be_retried_is_raised_as_it_is() -> None:
    operation, called = failing(1, ValueError("no"))
    with pytest.raises(ValueError, match=r"^no$"):
        run(retry_async(operation, STEADY._replace(retry_on=(OSError,))))
    assert len(called) == 1


def test_a_function_may_decide_what_is_retried() -> None:
    operation, called = failing(9)
    with pytest.raises(OSError, match="attempt 2"):
        run(retry_async(operation, STEADY._replace(retry_on=lambda error: str(error) == "attempt 1")))
    assert len(called) == 2


def test_a_cancellation_is_never_retried() -> None:
    operation, called = failing(9, asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        run(retry_async(operation, STEADY._replace(retry_on=lambda _: True)))
    assert len(called) == 1


def test_cancelling_ends_the_wait_between_attempts() -> None:
    operation, called = failing(9)
    config = STEADY._replace(initial_delay=60.0, max_delay=60.0)
    assert run(timeout_with_default(retry_async(operation, config), 30.0, "late")) == ("late", 30.0)
    assert len(called) == 1


@pytest.mark.parametrize(
    "changed",
    [{"max_attempts": 0}, {"initial_delay": -1.0}, {"max_delay": float("inf")}, {"jitter": float("nan")}],
    ids=str,
)
def test_a_configuration_that_cannot_be_meant_is_refused(changed: dict[str, float]) -> None:
    operation, called = failing(0)
    with pytest.raises(UsageError, match=next(iter(changed))):
        run(retry_async(operation, RetryConfig(**changed)))  # type: ignore[arg-type]
    assert called == []


def test_a_result_in_time_is_given() -> None:
    assert run(timeout_with_default(later(9.9, "done"), 10, "late")) == ("done", 9.9)


def test_the_default_is_given_at_the_deadline_and_the_operation_is_cancelled() -> None:
    ended: list[str] = []

    async def slow() -> str:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append("cancelled")
        return "done"

    assert run(timeout_with_default(slow(), 10, "late")) == ("late", 10)
    assert ended == ["cancelled"]


def test_a_timeout_of_the_operation_itself_is_an_error() -> None:
    with pytest.raises(TimeoutError, match="its own"):
        run(timeout_with_default(later(1, TimeoutError("its own")), 10, "late"))


@relaxed
@given(st.lists(st.floats(0, 10), max_size=12), st.integers(1, 15))
def test_results_come_in_the_order_of_the_items_and_the_limit_holds(delays: list[float], limit: int) -> None:
    under_way = 0
    most = 0

    async def work(delay: float) -> float:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(delay)
        under_way -= 1
        return delay

    made, seconds = run(concurrent_map(delays, limit, work))
    assert made == delays
    assert most == min(limit, len(delays))
    assert seconds <= sum(delays) + 0.001
    assert seconds >= max(delays, default=0) - 0.001


def test_the_first_error_ends_the_others_and_is_raised_alone() -> None:
    ended: list[int] = []

    async def work(number: int) -> int:
        try:
            await later(number, ValueError("third") if number == 3 else number)
        except asyncio.CancelledError:
            ended.append(number)
            raise
        return number

    with pytest.raises(ValueError, match=r"^third$") as raised:
        run(concurrent_map([1, 9, 3, 8, 7], 3, work))
    assert raised.value.__context__ is None
    assert sorted(ended) == [8, 9]


def test_an_item_that_cancels_itself_is_not_lost_silently() -> None:
    with pytest.raises(asyncio.CancelledError):
        run(concurrent_map([0, 1], 1, lambda number: later(number, asyncio.CancelledError() if number else number)))


def test_no_items_need_no_time_and_a_limit_is_at_least_one() -> None:
    assert run(concurrent_map([], 3, lambda item: later(1, item))) == ([], 0)
    with pytest.raises(UsageError, match="limit is 0"):
        run(concurrent_map([1], 0, lambda item: later(1, item)))


def test_the_first_success_wins_though_an_error_came_before_it() -> None:
    cancelled: list[str] = []

    async def slowest() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append("slowest")
            raise
        return "slowest"

    assert run(race_to_success([slowest(), later(1, OSError("down")), later(2, "second"), later(3, "third")])) == (
        "second",
        2,
    )
    assert cancelled == ["slowest"]


def test_of_two_that_are_there_at_once_the_earlier_operation_wins() -> None:
    assert run(race_to_success([later(1, "a"), later(1, "b")]))[0] == "a"


def test_when_all_fail_every_error_is_told_in_order() -> None:
    with pytest.raises(ExceptionGroup, match="none of 2 operations succeeded") as raised:
        run(race_to_success([later(2, OSError("slow")), later(1, ValueError("quick"))]))
    assert [str(error) for error in raised.value.exceptions] == ["slow", "quick"]


def test_an_operation_that_cancels_itself_is_out_of_the_race() -> None:
    assert run(race_to_success([later(1, asyncio.CancelledError()), later(2, "b")]))[0] == "b"
    with pytest.raises(BaseExceptionGroup) as raised:
        run(race_to_success([later(1, asyncio.CancelledError())]))
    assert isinstance(raised.value.exceptions[0], asyncio.CancelledError)


def test_a_race_that_is_cancelled_leaves_nothing_running() -> None:
    race = race_to_success([later(60, "a"), later(70, "b")])
    assert run(timeout_with_default(race, 5, "late")) == ("late", 5)


def test_a_race_of_nobody_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one"):
        run(race_to_success([]))
