"""A run whose calls are answered from a record, and never made: no tool, provider, file or network is touched.

Theory of operation. The worker runs under the seed and the clock of the record, so it asks what it asked then. Each
call is compared with the next one of the record; then everything that was recorded up to the call after it happens
again: answers are given in the order in which they came, a limit ends the run. A run that was ended from outside (time,
memory, a crash, Ctrl-C) is ended where the record ends, once it has printed as much as it had printed then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from llmspell.capabilities.library import load_library
from llmspell.errors import CallError
from llmspell.limits import Limits
from llmspell.outcome import CallRecord, LimitHit, Verdict
from llmspell.sandbox.ending import RunEnd, Stopped
from llmspell.sandbox.session import Answer, LimitCrossed, RunStopped
from llmspell.transcript.cassette import Cassette
from llmspell.transcript.divergence import call_lines, difference, diverged, shown
from llmspell.transcript.ended import FROM_OUTSIDE
from llmspell.transcript.event import Event
from llmspell.transcript.form import TranscriptError
from llmspell.transcript.order import InOrder
from llmspell.transcript.recorder import Sums
from llmspell.transcript.recording import NEVER_RECORDED

if TYPE_CHECKING:
    from llmspell.capabilities.scripting import LogSink

Load = Callable[[Mapping[str, Any]], Any]
RESUME = "; go on from there with llmspell resume"
PATIENCE = 5.0
"""Seconds for which a run may go on with a call open whose answer a whole record lacks: as it had ended then, it is
about to end."""


class ReplayBroker:
    """The calls of one run, answered from a record in its order."""

    def __init__(self, cassette: Cassette, limits: Limits, *, script: str, log: LogSink) -> None:
        """Raises TranscriptError."""
        self._limits, self._script, self._log = limits, script, log
        self._order = InOrder(cassette, script)
        self._open: dict[int, tuple[int, Event]] = {}  # by steps: the id of the call in this run
        self._ready: list[tuple[int, Answer]] = []
        self._hit: LimitHit | None = None
        self._due: float | None = None  # on the monotonic clock
        self._open_nested = self._too_many = 0
        self.recorded_end = cassette.ended()
        self.output = Sums()
        self.calls = 0
        self.records: list[CallRecord] = []
        self.refused = False
        self.library: Load = lambda arguments: load_library(str(arguments.get("name")))
        self._stopped = False
        self._pass_over()

    def attach(self, wake: Callable[[], None]) -> None:
        """Nobody but the driver asks."""

    def dispatch(self, call_id: int, capability: str, arguments: dict[str, Any]) -> Answer | None:
        """The recorded answer to a call, or None if others came before it. Raises LimitCrossed and RunStopped."""
        if capability in NEVER_RECORDED:
            return library_answer(self.library, arguments)
        try:
            event = self._order.follow(capability, arguments)
            if event is None:
                raise self._beyond(capability, arguments)
            self._count(event)
            self._open[event["step"]] = call_id, event
            self._pass_over()
            if self._open and self._order.is_over:
                self._due = time.monotonic() + PATIENCE
        except TranscriptError as error:
            raise self._stop(diverged(f"step {self._order.step}: {error}", self._script)) from None
        except RunStopped:
            self._stopped = True
            raise
        if self._hit is not None and not self._ready:
            raise LimitCrossed(self._hit)
        if capability == "log.write":
            show_log(self._log, arguments)
        if len(self._ready) == 1 and self._ready[0][0] == call_id:
            return self._ready.pop()[1]
        return None

    def finished(self) -> list[tuple[int, Answer]]:
        """The answers whose turn it is. Raises LimitCrossed and RunStopped."""
        if self._ready:
            ready, self._ready = self._ready, []
            return ready
        if self._hit is not None:
            raise LimitCrossed(self._hit)
        if self._is_over() or (self._due is not None and time.monotonic() >= self._due):
            raise self._stop(self._where_it_ends())
        return []

    def deadline(self) -> float | None:
        """At once, when there is something to say."""
        return 0.0 if self._ready or self._hit is not None or self._is_over() else self._due

    def abandon(self) -> None:
        """The run is over."""
        self._ready.clear()

    def emit(self, emit: Callable[[str, bytes], None]) -> Callable[[str, bytes], None]:
        """What hands on output: of a run that was ended from outside, as much as it had printed."""
        end = self.recorded_end
        sums = end.sums if end is not None and end.from_outside else None

        def count_and_emit(stream: str, data: bytes) -> None:
            if sums is not None:
                data = data[: max(sums[stream][1] - self.output.size(stream), 0)]
            self.output.add(stream, data)
            emit(stream, data)

        return count_and_emit

    def settled(self, end: RunEnd) -> RunEnd:
        """The end of the run, held against the recorded one."""
        recorded = self.recorded_end
        if self._stopped:
            return end
        if recorded is not None and recorded.limit and end.limit and recorded.limit.name == end.limit.name:
            return end._replace(**recorded.stopped()._asdict())  # measured again: the figures are those of the record
        left = self._order.next_call
        if end.verdict in FROM_OUTSIDE:
            return end
        if left is not None:
            happened = f"step {left['step']}: {shown(left['capability'])} was recorded, and the script has ended"
        elif recorded is not None and (other := recorded.differs(end, self.output.all())) is not None:
            happened = f"the end: {other}"
        else:
            return end
        why = f"; the script's own error: {end.error.message[:500]}" if end.error is not None else ""
        return end._replace(**diverged(happened, self._script, advice=why)._asdict(), value=None, exit_status=None)

    def _beyond(self, capability: str, arguments: dict[str, Any]) -> Exception:
        """What ends a run that asks for more than was recorded."""
        end = self.recorded_end
        if self._hit is not None:
            return LimitCrossed(self._hit)
        if end is not None and end.from_outside:
            return self._stop(end.stopped())
        why = "the record ends before it" if end is not None else "the record was cut before it"
        happened = f"step {self._order.step + 1}: {shown(capability)} was asked, and {why}"
        asked = difference([], call_lines(capability, arguments))
        return self._stop(diverged(happened, self._script, asked, advice="" if end is not None else RESUME))

    def _pass_over(self) -> None:
        """Everything that was recorded up to the next call happens again."""
        for event in self._order.passed():
            match event.kind:
                case "reply":
                    self._ready.append(self._answered(event))
                case "nested":
                    self.calls += 1
                    self._open_nested += 1
                case "nested_reply":
                    self._open_nested -= 1
                    self._look_for_refusal((event["ok"], event.value("value")))
                case "limit":
                    self._cross(event)
                case "resumed":
                    self._go_on()

    def _cross(self, event: Event) -> None:
        """A limit that ended the run: the call that would have crossed it was not made, or its answer was not taken.

        Calls that were open together may each have crossed one; the first one ended the run.
        """
        hit = LimitHit(event["name"], event["allowed"], event["used"], event["unit"])
        self._hit = self._hit or hit
        too_many = hit.name == "calls"
        self.calls -= too_many
        self._too_many += too_many
        if event["step"] in self._open and (self._open_nested or not too_many):
            call_id, asked = self._open[event["step"]]
            self._record(call_id, asked, ok=False, until=event.at)

    def _record(self, call_id: int, asked: Event, *, ok: bool, until: float) -> None:
        if asked["counted"]:
            seconds = max(until - asked.at, 0.0)
            made = CallRecord(call_id, asked["capability"], asked["name"], ok, seconds, None, asked.at)
            self.records.append(made)

    def _go_on(self) -> None:
        """What was cut here was made once more after it."""
        self.calls -= self._open_nested
        self._open_nested = 0
        self.calls += self._too_many
        self._too_many = 0
        self._hit = None

    def _answered(self, event: Event) -> tuple[int, Answer]:
        call_id, asked = self._open.pop(event["step"])
        answer = event["ok"], event.value("value")
        self._look_for_refusal(answer)
        self._record(call_id, asked, ok=answer[0], until=event.at)
        return call_id, answer

    def _look_for_refusal(self, answer: Answer) -> None:
        self.refused = self.refused or is_refusal(answer)

    def _count(self, event: Event) -> None:
        if event["counted"]:
            self.calls += 1
            if self.calls > self._limits.calls and not self._order.follows_limit:
                self.calls -= 1
                raise LimitCrossed(LimitHit("calls", self._limits.calls, self.calls + 1, "calls"))

    def _is_over(self) -> bool:
        """Whether the run is where it was ended from outside, or waits for an answer that the record has not."""
        if not self._order.is_over or self._ready or self._stopped:
            return False
        end = self.recorded_end
        if end is None:
            return bool(self._open)
        return end.from_outside and all(self.output.size(stream) >= size for stream, (_, size) in end.sums.items())

    def _where_it_ends(self) -> Stopped:
        end = self.recorded_end
        if end is not None and self._is_over():
            return end.stopped()
        step = min(self._open)
        why = "the record was cut before the answer to" if end is None else "the record has no answer to"
        happened = f"step {step}: {why} {shown(self._open[step][1]['capability'])}"
        return diverged(happened, self._script, advice=RESUME if end is None else "")

    def _stop(self, cause: Stopped) -> RunStopped:
        self._stopped = True
        return RunStopped(cause)


def library_answer(load: Load, arguments: Mapping[str, Any]) -> Answer:
    """A module of the engine's own library, which is not in the record: this machine's may be another version."""
    try:
        return True, load(arguments)
    except CallError as error:
        return False, {"kind": error.kind.value, "message": error.message, "details": error.details}


def is_refusal(answer: Answer) -> bool:
    """Whether policy refused the call."""
    ok, value = answer
    return not ok and type(value) is dict and value.get("kind") == Verdict.DENIED.value


def show_log(log: LogSink, arguments: Mapping[str, Any]) -> None:
    """A line of the script's log, once more."""
    level, message, fields = (arguments.get(name) for name in ("level", "message", "fields"))
    if level in ("debug", "info", "warn", "error") and type(message) is str:
        log(level, message[:4096], fields if type(fields) is dict else {})
