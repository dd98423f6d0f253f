"""A run whose calls are answered from a record, and never made: no tool, provider, file or network is touched.

Theory of operation. The worker runs under the seed and the clock of the record, so it asks what it asked then. Each
call is compared with the next one of the record; then everything that was recorded up to the call after it happens
again: answers are given in the order in which they came, a limit ends the run. A run that was ended from outside (time,
memory, a crash, Ctrl-C) is ended where the record ends, once it has printed as much as it had printed then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from llmspell.capabilities.library import load_library
from llmspell.errors import CallError
from llmspell.limits import Limits
from llmspell.outcome import CallRecord, LimitHit
from llmspell.sandbox.ending import RunEnd, Stopped
from llmspell.sandbox.session import Answer, LimitCrossed, RunStopped
from llmspell.transcript.cassette import Cassette, Event
from llmspell.transcript.divergence import call_lines, difference, diverged, shown
from llmspell.transcript.ended import Ended, read_end
from llmspell.transcript.form import TranscriptError, same
from llmspell.transcript.recording import NEVER_RECORDED, Sums
from llmspell.transcript.secrets import MASK, masked_like

if TYPE_CHECKING:
    from llmspell.capabilities.scripting import LogSink


RESUME = "; go on from there with llmspell resume"


class ReplayBroker:
    """The calls of one run, answered from a record in its order."""

    def __init__(self, cassette: Cassette, limits: Limits, *, script: str, log: LogSink) -> None:
        """Raises TranscriptError."""
        self._events, self._limits, self._script, self._log = cassette.events, limits, script, log
        self._at = 0  # the event that comes next: a call, or the end
        self._open: dict[int, tuple[int, Event]] = {}  # by steps: the id of the call in this run
        self._ready: list[tuple[int, Answer]] = []
        self._hit: LimitHit | None = None
        self._passed_on = 0
        self.recorded_end: Ended | None = read_end(cassette.end) if cassette.end is not None else None
        self.output = Sums()
        self.calls = 0
        self.records: list[CallRecord] = []
        self.refused = False
        self.stopped: Stopped | None = None
        self._pass_over()

    def attach(self, wake: Callable[[], None]) -> None:
        """Nobody but the driver asks."""

    def dispatch(self, call_id: int, capability: str, arguments: dict[str, Any]) -> Answer | None:
        """The recorded answer to a call, or None if others came before it. Raises LimitCrossed and RunStopped."""
        if capability in NEVER_RECORDED:
            return self._library(arguments)
        try:
            event = self._next(capability, arguments)
            self._count(event)
            step = event["step"]
            self._open[step] = call_id, event
            self._pass_over()
        except TranscriptError as error:
            raise self._stop(diverged(f"step {self._step()}: {error}", self._script)) from None
        if self._hit is not None and not self._ready:
            raise LimitCrossed(self._hit)
        if capability == "log.write":
            self._show_log(arguments)
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
        if self._is_over():
            raise self._stop(self._where_it_ends())
        return []

    def deadline(self) -> float | None:
        """At once, when there is something to say."""
        return 0.0 if self._ready or self._hit is not None or self._is_over() else None

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
        if self.stopped is not None or recorded is None:
            return end if self.stopped is not None else self._settled_unfinished(end)
        if recorded.limit is not None and end.limit is not None and recorded.limit.name == end.limit.name:
            return end._replace(**recorded.stopped()._asdict())  # measured again: the figures are those of the record
        if end.verdict in ("limit", "crash", "cancelled"):
            return end
        return self._settled_unfinished(end, recorded)

    def _settled_unfinished(self, end: RunEnd, recorded: Ended | None = None) -> RunEnd:
        if self._following() == "call" and end.verdict in ("ok", "error"):
            event = self._events[self._at]
            happened = f"step {event['step']}: {shown(event['capability'])} was recorded, and the script has ended"
        elif recorded is not None and (other := recorded.differs(end, self.output.all())) is not None:
            happened = f"the end: {other}"
        else:
            return end
        why = f"; the script's own error: {end.error.message[:500]}" if end.error is not None else ""
        return end._replace(**diverged(happened, self._script, advice=why)._asdict(), value=None, exit_status=None)

    def _next(self, capability: str, arguments: dict[str, Any]) -> Event:
        """The recorded call that this one is. Raises RunStopped, LimitCrossed and TranscriptError."""
        if self._at == len(self._events):
            raise self._beyond(capability, arguments)
        event = self._events[self._at]
        recorded = event.value("arguments")
        if event["capability"] != capability or not alike(recorded, arguments):
            found = difference(call_lines(event["capability"], recorded), call_lines(capability, arguments))
            asked, had = shown(capability), shown(event["capability"])
            what = f"{had} was recorded, and {asked} was asked" if asked != had else f"{asked} was asked something else"
            raise self._stop(diverged(f"step {event['step']}: {what}", self._script, found))
        self._at += 1
        return event

    def _beyond(self, capability: str, arguments: dict[str, Any]) -> Exception:
        """What ends a run that asks for more than was recorded."""
        end = self.recorded_end
        if self._hit is not None:
            return LimitCrossed(self._hit)
        if end is not None and end.from_outside:
            return self._stop(end.stopped())
        why = "the record ends before it" if end is not None else "the record was cut before it"
        advice = "" if end is not None else RESUME
        happened = f"step {self._step() + 1}: {shown(capability)} was asked, and {why}"
        asked = difference([], call_lines(capability, arguments))
        return self._stop(diverged(happened, self._script, asked, advice=advice))

    def _pass_over(self) -> None:
        """Everything that was recorded up to the next call happens again."""
        while self._at < len(self._events):
            event = self._events[self._at]
            match event.kind:
                case "call":
                    return
                case "reply":
                    self._ready.append(self._answered(event))
                case "nested":
                    self.calls += 1
                case "nested_reply":
                    self._look_for_refusal((event["ok"], event.value("value")))
                case "limit":
                    self._hit = LimitHit(event["name"], event["allowed"], event["used"], event["unit"])
                    self.calls -= self._hit.name == "calls"  # it was not made
                case "resumed":
                    self._hit = None
            self._at += 1

    def _answered(self, event: Event) -> tuple[int, Answer]:
        call_id, asked = self._open.pop(event["step"])
        answer = event["ok"], event.value("value")
        self._look_for_refusal(answer)
        if asked["counted"]:
            seconds = max(event.at - asked.at, 0.0)
            made = CallRecord(call_id, asked["capability"], asked["name"], answer[0], seconds, None, asked.at)
            self.records.append(made)
        return call_id, answer

    def _look_for_refusal(self, answer: Answer) -> None:
        if not answer[0] and type(answer[1]) is dict and answer[1].get("kind") == "denied":
            self.refused = True

    def _count(self, event: Event) -> None:
        if event["counted"]:
            self.calls += 1
            if self.calls > self._limits.calls and self._following() != "limit":
                self.calls -= 1
                raise LimitCrossed(LimitHit("calls", self._limits.calls, self.calls + 1, "calls"))

    def _following(self) -> str | None:
        """The kind of the event that comes next."""
        return self._events[self._at].kind if self._at < len(self._events) else None

    def _is_over(self) -> bool:
        """Whether the run is where it was ended from outside, or waits for an answer that the record has not."""
        if self._at < len(self._events) or self._ready or self.stopped is not None:
            return False
        end = self.recorded_end
        if end is None:
            return bool(self._open)
        return end.from_outside and all(self.output.size(stream) >= size for stream, (_, size) in end.sums.items())

    def _where_it_ends(self) -> Stopped:
        if self.recorded_end is not None:
            return self.recorded_end.stopped()
        step = min(self._open)
        happened = f"step {step}: the record was cut before the answer to {shown(self._open[step][1]['capability'])}"
        return diverged(happened, self._script, advice=RESUME)

    def _step(self) -> int:
        before = (event["step"] for event in reversed(self._events[: self._at]) if event.kind == "call")
        return next(before, 0)

    def _stop(self, cause: Stopped) -> RunStopped:
        self.stopped = cause
        return RunStopped(cause)

    def _library(self, arguments: Mapping[str, Any]) -> Answer:
        name = arguments.get("name")
        try:
            return True, load_library(name if type(name) is str else "")
        except CallError as error:
            return False, {"kind": error.kind.value, "message": error.message, "details": error.details}

    def _show_log(self, arguments: Mapping[str, Any]) -> None:
        level, message, fields = (arguments.get(name) for name in ("level", "message", "fields"))
        if level in ("debug", "info", "warn", "error") and type(message) is str:
            self._log(level, message[:4096], fields if type(fields) is dict else {})


def alike(recorded: Any, given: Any) -> bool:
    """Whether what was asked is what was recorded; a key that was masked is like any text in its place."""
    return same(recorded, given) or (_is_masked(recorded) and _like(recorded, given))


def _is_masked(value: Any) -> bool:
    if isinstance(value, str):
        return MASK in value
    if isinstance(value, dict):
        return any(_is_masked(key) or _is_masked(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_is_masked, value))


def _like(recorded: Any, given: Any) -> bool:
    if type(recorded) is str and type(given) is str:
        return recorded == given or masked_like(recorded, given)
    if type(recorded) is dict and type(given) is dict:
        return len(recorded) == len(given) and all(
            key in given and _like(item, given[key]) for key, item in recorded.items()
        )
    if type(recorded) is list and type(given) is list:
        return len(recorded) == len(given) and all(map(_like, recorded, given))
    return same(recorded, given)
