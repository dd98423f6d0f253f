"""Coroutines that wait for other coroutines: again, not too long, several at once.

The rule kept here: nothing that was started is left running, whether the caller gets a result, an error or is
cancelled. Time is the event loop's, so a loop with a clock of its own makes all of it testable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from llmspell.errors import LlmspellError, UsageError

if TYPE_CHECKING:
    from tenacity import RetryCallState

Item = TypeVar("Item")
Result = TypeVar("Result")


class RetryLimitExceeded(LlmspellError):
    """Every attempt failed; the last error is the cause. `attempts` says how many were made."""

    def __init__(self, attempts: int, last: BaseException | None) -> None:
        times = "once" if attempts == 1 else f"{attempts} times"
        super().__init__(f"tried {times}, and the last time it failed: {last}")
        self.attempts = attempts


class RetryConfig(NamedTuple):
    """When to try again. Delays are seconds; before attempt n + 1 it waits for

    `min(initial_delay * backoff_factor ** (n - 1) + up to jitter, max_delay)`.

    `retry_on` are the types of error that are tried again, or a function that decides about an error.
    """

    max_attempts: int = 3
    initial_delay: float = 0.1
    backoff_factor: float = 2.0
    max_delay: float = 10.0
    jitter: float = 0.1
    retry_on: tuple[type[Exception], ...] | Callable[[Exception], bool] = (Exception,)

    def is_retried(self, error: BaseException) -> bool:
        """Whether `error` is worth another attempt; a cancellation never is.

        >>> RetryConfig(retry_on=(OSError,)).is_retried(TimeoutError())
        True
        >>> RetryConfig(retry_on=lambda error: "busy" in str(error)).is_retried(ValueError("gone"))
        False
        """
        if not isinstance(error, Exception):
            return False
        return isinstance(error, self.retry_on) if isinstance(self.retry_on, tuple) else self.retry_on(error)


async def retry_async(
    operation: Callable[[], Awaitable[Result]],
    config: RetryConfig = RetryConfig(),  # noqa: B008 - immutable
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Result:
    """The result of `operation`, called again after an error that may pass.

    Raises RetryLimitExceeded with the last error as its cause, any other error of `operation` as it is, and UsageError
    for a configuration that cannot be meant.

    >>> answers = iter([TimeoutError("busy"), 42])
    >>> async def ask():
    ...     answer = next(answers)
    ...     if isinstance(answer, Exception):
    ...         raise answer
    ...     return answer
    >>> asyncio.run(retry_async(ask, RetryConfig(initial_delay=0, jitter=0)))
    42
    """
    import tenacity  # 36 ms

    _check(config)
    backoff = tenacity.wait_exponential(config.initial_delay, config.max_delay, config.backoff_factor)
    jittered = backoff + tenacity.wait_random(0, config.jitter)
    retrying = tenacity.AsyncRetrying(
        stop=tenacity.stop_after_attempt(config.max_attempts),
        wait=lambda state: min(jittered(state), config.max_delay),
        retry=tenacity.retry_if_exception(config.is_retried),
        retry_error_callback=_give_up,
        sleep=sleep,
    )
    return await retrying(operation)


def _give_up(state: RetryCallState) -> None:
    last = state.outcome.exception() if state.outcome is not None else None
    raise RetryLimitExceeded(state.attempt_number, last) from last


def _check(config: RetryConfig) -> None:
    if config.max_attempts < 1:
        raise UsageError(f"max_attempts is {config.max_attempts}: at least one attempt is made")
    for name in ("initial_delay", "backoff_factor", "max_delay", "jitter"):
        value = getattr(config, name)
        if not 0 <= value < float("inf"):
            raise UsageError(f"{name} is {value}: write a finite number from 0 on")


async def timeout_with_default(awaitable: Awaitable[Result], seconds: float, default: Result) -> Result:
    """The result of `awaitable`, or `default` when it took longer than `seconds`: it is cancelled then.

    A TimeoutError of its own is an error and passes through.

    >>> asyncio.run(timeout_with_default(asyncio.sleep(0, "done"), 10, "late"))
    'done'
    >>> asyncio.run(timeout_with_default(asyncio.sleep(60, "done"), 0.001, "late"))
    'late'
    """
    try:
        async with asyncio.timeout(seconds) as scope:
            return await awaitable
    except TimeoutError:
        if not scope.expired():
            raise
    return default


async def concurrent_map(items: Iterable[Item], limit: int, fn: Callable[[Item], Awaitable[Result]]) -> list[Result]:
    """`fn` of every item, in the order of the items, at most `limit` of them at a time.

    The first error cancels the others and is raised when they have ended.

    >>> async def double(number):
    ...     return 2 * number
    >>> asyncio.run(concurrent_map([3, 1, 2], 2, double))
    [6, 2, 4]
    """
    if limit < 1:
        raise UsageError(f"limit is {limit}: at least one must be under way at a time")
    listed = list(items)
    todo = iter(enumerate(listed))
    done: dict[int, Result] = {}

    async def work() -> None:
        for at, item in todo:
            done[at] = await fn(item)

    first: BaseException | None = None
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(limit, len(listed))):
                group.create_task(work())
    except BaseExceptionGroup as errors:
        first = errors.exceptions[0]
    if first is not None:
        raise first  # out of the `except`, where it would get the group as its context
    if len(done) < len(listed):
        raise asyncio.CancelledError("an operation cancelled itself")
    return [done[at] for at in range(len(listed))]


async def race_to_success(operations: Iterable[Awaitable[Result]]) -> Result:
    """The first result that is there; the others are cancelled, and have ended when this returns.

    An error only takes its operation out of the race. When all have failed it raises an exception group with their
    errors in the order of the operations; UsageError without any operation.

    >>> async def broken():
    ...     raise OSError("down")
    >>> asyncio.run(race_to_success([broken(), asyncio.sleep(0, "up")]))
    'up'
    """
    tasks = [asyncio.ensure_future(operation) for operation in operations]
    if not tasks:
        raise UsageError("a race needs at least one operation")
    pending = set(tasks)
    try:
        while pending:
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:  # in order: a tie has one winner
                if task.done() and _error(task) is None:
                    return task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    errors = [error for error in map(_error, tasks) if error is not None]
    raise BaseExceptionGroup(f"none of {len(tasks)} operations succeeded", errors)


def _error(task: asyncio.Future[Result]) -> BaseException | None:
    """The error of a task that is done."""
    return asyncio.CancelledError("it cancelled itself") if task.cancelled() else task.exception()
