"""The calls of a run whose answers come later: the moments they wait for, and the jobs that make them.

The rule kept here: what was begun is given once. A job that overran its time is given as overdue, its late end is
dropped, and its slot is kept until it ends. The file is loaded at the first such call.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from llmspell.errors import CallError, ErrorKind
from llmspell.sandbox.weight import is_large, weight

if TYPE_CHECKING:
    from llmspell.sandbox.broker import Later
    from llmspell.sandbox.threads import Threads

OPEN_JOBS = 64
"""Jobs of one run that may hold a thread at once; the next one waits for a free slot."""
LARGE_JOBS = 2
"""The same for jobs with large answers, which the host holds until the worker has taken them."""


class OpenCall:
    """A call whose answer comes later; `begun` is when it was made, and `due` when it is overdue (both monotonic)."""

    __slots__ = ("begun", "capability", "due", "later", "name", "size")

    def __init__(self, capability: str, name: str | None, later: "Later", begun: float, arguments: Any) -> None:
        self.capability, self.name, self.later, self.begun = capability, name, later, begun
        self.size = weight(arguments)
        self.due: float | None = later.at

    def overdue(self) -> Any:
        """The value of the moment that has come. Raises CallError (`timeout`) for a job."""
        if self.later.job is None:
            return self.later.value
        raise CallError(
            ErrorKind.TIMEOUT,
            f"{self.later.name} gave no answer within {self.later.seconds:g} seconds; it is left behind",
        )


class OpenCalls:
    """The open calls of one run, by their ids. Their arguments may weigh `most` bytes together."""

    def __init__(
        self, most: int, *, threads: "Callable[[], Threads]", wake: Callable[[], None], now: Callable[[], float]
    ) -> None:
        self._most = most
        self._make_threads = threads  # made at the first job: a run without one imports no threading
        self._threads: Threads | None = None
        self._wake, self._now = wake, now
        self._calls: dict[int, OpenCall] = {}
        self._bytes = 0
        self._waiting: list[int] = []
        self._running = 0
        self._large: set[int] = set()  # of those that run, the ones with large answers
        self._large_names: set[str] = set()

    def add(self, call_id: int, call: OpenCall) -> None:
        """Takes a call, and starts its job once there is a slot. Raises CallError (`budget`) past `most` bytes."""
        held = self._bytes + call.size
        if held > self._most:
            raise CallError(
                ErrorKind.BUDGET,
                f"the arguments of open calls take {held:,} bytes and may take {self._most:,};"
                " wait for some of them first",
            )
        self._bytes = held
        self._calls[call_id] = call
        if call.later.job is not None:
            self._waiting.append(call_id)
            self.start_waiting()

    def ended(self) -> Iterator[tuple[int, OpenCall, Callable[[], Any]]]:
        """Gives the calls whose jobs have ended, each with what gives, or raises, what came of it."""
        for call_id, job in self._threads.take(self) if self._threads else ():
            self._running -= 1
            self._large.discard(call_id)
            if call_id in self._calls:
                call = self._close(call_id)
                yield call_id, call, partial(self._result, call, job)

    def overdue(self, now: float) -> Iterator[tuple[int, OpenCall]]:
        """Gives the calls whose time has come."""
        for call_id, call in list(self._calls.items()):
            if call.due is not None and call.due <= now:
                yield call_id, self._close(call_id)

    def deadline(self) -> float | None:
        """When the next one is overdue."""
        return min((call.due for call in self._calls.values() if call.due is not None), default=None)

    def start_waiting(self) -> None:
        """Starts the jobs for which there is a slot."""
        for call_id in self._waiting[:]:
            if self._running >= OPEN_JOBS:
                return
            call = self._calls.get(call_id)
            if call is None or call.later.job is None:
                self._waiting.remove(call_id)
                continue
            if call.later.large or call.later.name in self._large_names:
                if len(self._large) >= LARGE_JOBS:
                    continue
                self._large.add(call_id)
            self._waiting.remove(call_id)
            if call.later.seconds is not None:
                call.due = self._now() + call.later.seconds
            self._running += 1
            if self._threads is None:
                self._threads = self._make_threads()
            self._threads.start(self, call_id, call.later.job, self._wake)

    def abandon(self) -> None:
        """Late ends are dropped, and jobs that have not begun never begin."""
        self._calls.clear()
        self._waiting.clear()
        if self._threads:
            self._threads.forget(self)

    def _close(self, call_id: int) -> OpenCall:
        call = self._calls.pop(call_id)
        self._bytes -= call.size
        return call

    def _result(self, call: OpenCall, job: Callable[[], Any]) -> Any:
        value = job()
        if is_large(value):
            self._large_names.add(call.later.name)
        return value
