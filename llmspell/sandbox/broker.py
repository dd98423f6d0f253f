"""The host's end of a call: granted? counted? within budget? Then dispatched, answered and recorded.

Theory of operation. Each capability is one `Handler`. Cheap ones answer in place; a handler that may wait gives a
`Later`, which is a job for a thread or a moment to answer at. The driver asks `finished` when it is woken or when
`deadline` has passed. A job that overran its time is answered with `timeout`, its late answer dropped, its slot kept.

Calls that a model makes inside a job are counted and recorded from the job's thread, without a lock on the way of the
script's own: each side first says what it takes, and then looks whether both together take too much.
"""

import _thread
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from llmspell.errors import CallError, ErrorKind
from llmspell.limits import Limits
from llmspell.outcome import CallRecord, LimitHit
from llmspell.sandbox.session import Answer, LimitCrossed
from llmspell.sandbox.weight import is_large, weight

if TYPE_CHECKING:
    from llmspell.sandbox.threads import Threads

OPEN_JOBS = 64
"""Jobs of one run that may hold a thread at once; the next one waits for a free slot."""
LARGE_JOBS = 2
"""The same for jobs with large answers, which the host holds until the worker has taken them."""


class Later(NamedTuple):
    """An answer that is not there yet: `job` makes it on a thread, or `value` is it at the time `at` (monotonic).

    `seconds` bounds a job; `name` says whose time-out it is; `large`: its answer may be large.
    """

    job: Callable[[], Any] | None = None
    value: Any = None
    at: float | None = None
    seconds: float | None = None
    name: str = "the call"
    large: bool = False


class Handler(NamedTuple):
    """How one capability is answered. `run` takes the arguments; `counted` calls are limited and recorded.

    `named` is the argument that says who was called, for the record.
    """

    run: Callable[[Mapping[str, Any]], Any]
    counted: bool = True
    named: str | None = None


class _Open:
    """A call whose answer comes later."""

    __slots__ = ("at", "begun", "capability", "job", "later", "name", "size")

    def __init__(self, capability: str, name: str | None, later: Later, begun: float, size: int) -> None:
        self.capability, self.name, self.later, self.begun, self.size = capability, name, later, begun, size
        self.at: float | None = later.at
        self.job: object | None = None


class Broker:
    """The calls of one run."""

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        limits: Limits,
        *,
        threads: "Callable[[], Threads]",
        keep_records: int = 10_000,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._handlers = handlers
        self._limits = limits
        self._make_threads = threads  # made at the first job: a run without one imports no threading
        self._threads: Threads | None = None
        self._now = now
        self._keep_records = keep_records
        self._open: dict[int, _Open] = {}
        self._waiting: list[int] = []
        self._running = 0
        self._large: set[int] = set()  # of those that run, the ones with large answers
        self._large_names: set[str] = set()
        self._open_bytes = 0
        self._wake: Callable[[], None] = lambda: None
        self._made = 0
        self._allowed = limits.calls  # less what models have taken
        self._nested = 0
        self._nested_turn = _thread.allocate_lock()
        self._records: list[tuple[int, str, str | None, bool, float, str | None, float]] = []
        self._since = now()
        self.refused = False

    @property
    def calls(self) -> int:
        """The counted calls, those of the script and those that models made for it."""
        return self._made + self._nested

    @property
    def records(self) -> list[CallRecord]:
        """The counted calls that were answered, the first `keep_records` of them."""
        return [CallRecord(*row[:-1], row[-1] - self._since) for row in self._records]

    def attach(self, wake: Callable[[], None]) -> None:
        """The driver's wake-up, which a finished job calls from its own thread."""
        self._wake, self._since = wake, self._now()

    def dispatch(self, call_id: int, capability: str, arguments: dict[str, Any]) -> Answer | None:
        """Answers a call, or None when the answer comes later. Raises LimitCrossed before anything is sent."""
        try:
            run, counted, named = self._handlers[capability]
        except KeyError:
            return _failure(CallError(ErrorKind.NOT_FOUND, f"there is no capability {capability[:60]!r}"))
        name = None
        if counted:
            self._made += 1  # before the look: a model's call on another thread does the same
            if self._made > self._allowed:
                self._made -= 1
                raise self._too_many()
            given = arguments.get(named) if named else None
            if type(given) is str:
                name = given if len(given) <= 200 else given[:200]
        begun = self._now()
        ok = False
        try:
            value = run(arguments)
            if type(value) is Later:
                self._defer(call_id, capability, name, value, begun, arguments)
                counted = False  # recorded once it is answered
                return None
            ok = True
            return True, value
        except CallError as error:
            return self._refusal(error)
        except LimitCrossed:
            raise
        except Exception as error:  # noqa: BLE001 - the boundary around a handler: a fault of ours is not the script's end
            return _failure(
                CallError(ErrorKind.INTERNAL, f"{capability} failed inside the host: {type(error).__name__}")
            )
        finally:
            if counted and len(self._records) < self._keep_records:
                self._records.append((call_id, capability, name, ok, self._now() - begun, None, begun))

    def nested(
        self,
        capability: str,
        name: str,
        agent: str,
        run: Callable[[], Any],
        *,
        arguments: Any = None,  # noqa: ARG002 - for whoever writes it down
    ) -> Any:
        """Makes a call that a model asked for, on its agent's thread: counted, recorded and refused as any other.

        Raises LimitCrossed before it is made, and what `run` raises.
        """
        with self._nested_turn:
            self._allowed -= 1
            self._nested += 1
            number = -self._nested
            if self._made > self._allowed:
                self._allowed += 1
                self._nested -= 1
                raise self._too_many()
        begun = self._now()
        ok = False
        try:
            value = run()
            ok = True
            return value
        except CallError as error:
            if error.kind is ErrorKind.DENIED:
                self.refused = True
            raise
        finally:
            if len(self._records) < self._keep_records:
                self._records.append((number, capability, name[:200], ok, self._now() - begun, agent, begun))

    def _too_many(self) -> LimitCrossed:
        return LimitCrossed(LimitHit("calls", self._limits.calls, self._limits.calls + 1, "calls"))

    def finished(self) -> list[tuple[int, Answer]]:
        """The answers that have come since the last time. Raises LimitCrossed, with those that came beside it."""
        now = self._now()
        crossed: LimitCrossed | None = None
        others: list[tuple[int, LimitHit]] = []
        answers: list[tuple[int, Answer]] = []
        for call_id, job in self._threads.take(self) if self._threads else ():
            self._running -= 1
            self._large.discard(call_id)
            pending = self._open.get(call_id)
            if pending is None:
                continue
            try:
                answers.append((call_id, self._answer_of(call_id, pending, job)))
            except LimitCrossed as error:
                self._record(call_id, pending.capability, pending.name, False, pending.begun)
                if crossed is None:
                    crossed, crossed.call_id = error, call_id
                else:
                    others.append((call_id, error.hit))
        if crossed is not None:
            crossed.answers, crossed.others = answers, others
            raise crossed
        for call_id, pending in list(self._open.items()):
            if pending.at is not None and pending.at <= now:
                answers.append((call_id, self._overdue(call_id, pending)))
        self._start_waiting()
        return answers

    def deadline(self) -> float | None:
        """When `finished` has something to say at the latest."""
        return min((pending.at for pending in self._open.values() if pending.at is not None), default=None)

    def abandon(self) -> None:
        """The run is over: late answers are dropped, and jobs that have not begun never begin."""
        self._open.clear()
        self._waiting.clear()
        if self._threads:
            self._threads.forget(self)

    def _defer(
        self,
        call_id: int,
        capability: str,
        name: str | None,
        later: Later,
        begun: float,
        arguments: Mapping[str, Any],
    ) -> None:
        size = weight(arguments)
        if self._open_bytes + size > self._limits.open_arguments:
            raise CallError(
                ErrorKind.BUDGET,
                f"the arguments of open calls take {self._open_bytes + size:,} bytes"
                f" and may take {self._limits.open_arguments:,}; wait for some of them first",
            )
        self._open_bytes += size
        self._open[call_id] = _Open(capability, name, later, begun, size)
        if later.job is not None:
            self._waiting.append(call_id)
            self._start_waiting()

    def _start_waiting(self) -> None:
        for call_id in self._waiting[:]:
            if self._running >= OPEN_JOBS:
                return
            pending = self._open.get(call_id)
            if pending is None or pending.later.job is None:
                self._waiting.remove(call_id)
                continue
            if pending.later.large or pending.later.name in self._large_names:
                if len(self._large) >= LARGE_JOBS:
                    continue
                self._large.add(call_id)
            self._waiting.remove(call_id)
            if pending.later.seconds is not None:
                pending.at = self._now() + pending.later.seconds
            self._running += 1
            if self._threads is None:
                self._threads = self._make_threads()
            self._threads.start(self, call_id, pending.later.job, self._wake)

    def _close(self, call_id: int, pending: _Open) -> None:
        del self._open[call_id]
        self._open_bytes -= pending.size

    def _answer_of(self, call_id: int, pending: _Open, job: Callable[[], Any]) -> Answer:
        self._close(call_id, pending)
        try:
            value = job()
            if is_large(value):
                self._large_names.add(pending.later.name)
            answer: Answer = True, value
        except CallError as error:
            answer = self._refusal(error)
        except LimitCrossed:
            raise
        except Exception as error:  # noqa: BLE001 - the boundary around a tool or provider
            answer = _failure(
                CallError(ErrorKind.INTERNAL, f"{pending.capability} failed inside the host: {type(error).__name__}")
            )
        if self._handlers[pending.capability].counted:
            self._record(call_id, pending.capability, pending.name, answer[0], pending.begun)
        return answer

    def _overdue(self, call_id: int, pending: _Open) -> Answer:
        self._close(call_id, pending)
        if pending.later.job is None:
            answer = (True, pending.later.value)
        else:
            seconds = pending.later.seconds
            answer = _failure(
                CallError(
                    ErrorKind.TIMEOUT,
                    f"{pending.later.name} gave no answer within {seconds:g} seconds; it is left behind",
                )
            )
        if self._handlers[pending.capability].counted:
            self._record(call_id, pending.capability, pending.name, answer[0], pending.begun)
        return answer

    def _refusal(self, error: CallError) -> Answer:
        if error.kind is ErrorKind.DENIED:
            self.refused = True
        return _failure(error)

    def _record(self, call_id: int, capability: str, name: str | None, ok: bool, begun: float) -> None:
        if len(self._records) < self._keep_records:
            self._records.append((call_id, capability, name, ok, self._now() - begun, None, begun))


def _failure(error: CallError) -> Answer:
    return False, {"kind": error.kind.value, "message": error.message, "details": error.details}
