"""asyncio on the wire: an event loop whose selector waits for replies.

Theory of operation. There is nothing else to wait for: no file, no socket, no thread. A timer is a call of `sleep` that
is open while the loop waits, so the host always sees why the worker is quiet. What would run on a thread
(`asyncio.to_thread`) runs in a branch of its own: its calls are open beside all others. This file is loaded before the
process is confined, and asyncio, which takes long and much, by the scripts that use it.
"""

from __future__ import annotations

from llmspell_workers.python.absent import no_process
from llmspell_workers.python.calls import MAX_OPEN, Calls
from llmspell_workers.python.parallel import Branches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SLACK = 0.001
"""Seconds: a timer that wakes up this much later needs no call of its own."""


class _Selector:
    """What BaseEventLoop waits with."""

    def __init__(self, calls: Calls, branches: Branches, now: Callable[[], float]) -> None:
        self._calls, self._branches, self._now = calls, branches, now
        self._alarms: dict[int, float] = {}

    def select(self, timeout: float | None) -> list[object]:
        """Waits for a reply, or until `timeout` has passed; None waits for a reply only."""
        if self._branches.ready:
            self._branches.step()
        elif timeout is not None and timeout <= 0:
            self._calls.take_arrived()
        else:
            if timeout is not None:
                self._set_alarm(timeout)
            self._calls.pump()
        return []

    def close(self) -> None:
        """Nothing is held."""

    def _set_alarm(self, timeout: float) -> None:
        at = self._now() + timeout
        if len(self._alarms) >= MAX_OPEN // 2 or min(self._alarms.values(), default=at + 1) <= at + _SLACK:
            return
        number = self._calls.begin("sleep", {"seconds": min(timeout, 86_400.0)}, lambda reply: self._rung(reply.call))
        self._alarms[number] = at

    def _rung(self, number: int) -> None:
        del self._alarms[number]


def install(calls: Calls, branches: Branches) -> None:
    """From here on every loop that asyncio makes waits on the wire."""
    import asyncio
    from asyncio import set_event_loop_policy
    from asyncio.base_events import BaseEventLoop
    from asyncio.events import BaseDefaultEventLoopPolicy

    class WireLoop(BaseEventLoop):
        """The loop of a script."""

        def __init__(self) -> None:
            super().__init__()
            self._selector = _Selector(calls, branches, self.time)

        def _process_events(self, event_list: list[object]) -> None:
            """Replies are handed on while they are waited for."""

        def _write_to_self(self) -> None:
            """No other thread has to wake it."""

        _make_subprocess_transport = no_process

        def run_in_executor(  # type: ignore[override]
            self,
            executor: object,  # noqa: ARG002 - there are no threads
            func: Callable[..., object],
            *args: object,
        ) -> asyncio.Future[object]:
            answer = self.create_future()

            def done(result: object, error: BaseException | None) -> None:
                if answer.done():
                    return
                if error is None:
                    answer.set_result(result)
                else:
                    answer.set_exception(error)

            if branches.on_main:
                branches.aside(lambda: func(*args), done)
            else:
                branches.here(lambda: func(*args), done)
            return answer

    class WirePolicy(BaseDefaultEventLoopPolicy):
        """Makes them."""

        _loop_factory = WireLoop

    asyncio.DefaultEventLoopPolicy = WirePolicy  # type: ignore[assignment] # for who asks for the default again
    set_event_loop_policy(WirePolicy())  # type: ignore[abstract] # child processes are not watched
