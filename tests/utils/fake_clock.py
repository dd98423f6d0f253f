"""An event loop whose clock jumps: whoever sleeps is woken at once, and an hour takes no time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Instead of waiting for `timeout` it moves the clock on."""

    now = 1000.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events:
            assert timeout is not None, "everything waits, and nothing will ever happen"
            self.now += max(0.0, timeout)
        return events


class FakeClock(asyncio.SelectorEventLoop):
    """The loop."""

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now


def run(coroutine: Coroutine[Any, Any, T]) -> tuple[T, float]:
    """The result, and how many seconds of the loop's clock it took, to the microsecond. Raises what the coroutine does.

    No task may be left when it has ended.
    """

    async def timed() -> tuple[T, float]:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            return await coroutine, round(loop.time() - begun, 6)
        finally:
            assert asyncio.all_tasks() == {asyncio.current_task()}, "a task was left running"

    with asyncio.Runner(loop_factory=FakeClock) as runner:
        return runner.run(timed())
