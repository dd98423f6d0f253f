"""Recorded calls found by what they ask, in whatever order they are asked.

The rule kept here: an answer is given once. Calls that ask the same get their answers in the recorded order.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from llmspell.capabilities.library import load_library
from llmspell.limits import Limits
from llmspell.outcome import CallRecord, LimitHit
from llmspell.sandbox.ending import RunEnd
from llmspell.sandbox.session import Answer, LimitCrossed, RunStopped
from llmspell.transcript.cassette import Cassette
from llmspell.transcript.divergence import call_lines, difference, diverged, shown
from llmspell.transcript.event import Event
from llmspell.transcript.form import TranscriptError, canonical
from llmspell.transcript.recording import NEVER_RECORDED
from llmspell.transcript.replay import Load, library_answer, show_log

if TYPE_CHECKING:
    from llmspell.capabilities.scripting import LogSink


class Found(NamedTuple):
    """A recorded call, and what came of it: an answer, or the limit that it crossed."""

    asked: Event
    reply: Event | None
    hit: LimitHit | None

    @property
    def answer(self) -> Answer:
        """Raises TranscriptError."""
        assert self.reply is not None
        return self.reply["ok"], self.reply.value("value")

    @property
    def seconds(self) -> float:
        """How long it took then."""
        return max(self.reply.at - self.asked.at, 0.0) if self.reply is not None else 0.0


class Shelf:
    """The recorded calls that were not found yet."""

    def __init__(self, cassette: Cassette) -> None:
        """Raises TranscriptError."""
        self._waiting: dict[tuple[str, str], deque[Found]] = defaultdict(deque)
        made: dict[int, Found] = {}
        for event in cassette.events:
            step = event["step"] if event.kind in ("call", "reply", "limit") else None
            if event.kind == "call":
                made[event["step"]] = Found(event, None, None)
            elif event.kind == "reply":
                made[event["step"]] = made[event["step"]]._replace(reply=event)
            elif event.kind == "limit" and step is not None:
                hit = LimitHit(event["name"], event["allowed"], event["used"], event["unit"])
                made[step] = made[step]._replace(hit=hit)
        for found in made.values():
            if found.reply is not None or found.hit is not None:
                self._waiting[self._key(found.asked["capability"], found.asked.value("arguments"))].append(found)

    def take(self, capability: str, arguments: Any) -> Found | None:
        """The next recorded call that asks this."""
        waiting = self._waiting.get(self._key(capability, arguments))
        return waiting.popleft() if waiting else None

    def nearest(self, capability: str) -> Found | None:
        """A call of the same capability that waits, for a message."""
        return next((one[0] for key, one in self._waiting.items() if key[0] == capability and one), None)

    @staticmethod
    def _key(capability: str, arguments: Any) -> tuple[str, str]:
        return capability, canonical(arguments)


class LooseBroker:
    """The calls of one run, answered from a record by what they ask; none is made."""

    def __init__(self, cassette: Cassette, limits: Limits, *, script: str, log: LogSink) -> None:
        """Raises TranscriptError."""
        self._shelf, self._limits, self._script, self._log = Shelf(cassette), limits, script, log
        self.recorded_end = cassette.ended()
        self.calls = 0
        self.records: list[CallRecord] = []
        self.refused = False
        self.library: Load = lambda arguments: load_library(str(arguments.get("name")))

    def attach(self, wake: Callable[[], None]) -> None:
        """Nobody but the driver asks."""

    def dispatch(self, call_id: int, capability: str, arguments: dict[str, Any]) -> Answer | None:
        """The recorded answer to such a call. Raises LimitCrossed and RunStopped."""
        if capability in NEVER_RECORDED:
            return library_answer(self.library, arguments)
        found = self._shelf.take(capability, arguments)
        if found is None:
            raise RunStopped(self._missing(capability, arguments))
        if found.hit is not None:
            raise LimitCrossed(found.hit)
        try:
            answer = found.answer
        except TranscriptError as error:
            raise RunStopped(diverged(f"step {found.asked['step']}: {error}", self._script)) from None
        if found.asked["counted"]:
            self._count(call_id, found, answer)
        if capability == "log.write":
            show_log(self._log, arguments)
        return answer

    def finished(self) -> list[tuple[int, Answer]]:
        """Nothing comes later."""
        return []

    def deadline(self) -> float | None:
        """Nothing comes later."""
        return None

    def abandon(self) -> None:
        """The run is over."""

    def emit(self, emit: Callable[[str, bytes], None]) -> Callable[[str, bytes], None]:
        """The same: the output may be another."""
        return emit

    def settled(self, end: RunEnd) -> RunEnd:
        """The same: the end may be another."""
        return end

    def _count(self, call_id: int, found: Found, answer: Answer) -> None:
        self.calls += 1
        if self.calls > self._limits.calls:
            self.calls -= 1
            raise LimitCrossed(LimitHit("calls", self._limits.calls, self.calls + 1, "calls"))
        asked = found.asked
        made = CallRecord(call_id, asked["capability"], asked["name"], answer[0], found.seconds, None, asked.at)
        self.records.append(made)
        if not answer[0] and type(answer[1]) is dict and answer[1].get("kind") == "denied":
            self.refused = True

    def _missing(self, capability: str, arguments: dict[str, Any]) -> Any:
        near = self._shelf.nearest(capability)
        recorded = [] if near is None else call_lines(capability, near.asked.value("arguments"))
        what = "nothing like it is left in the record" if near is None else f"step {near.asked['step']} is the nearest"
        happened = f"call {self.calls + 1}: {shown(capability)} was asked, and {what}"
        return diverged(happened, self._script, difference(recorded, call_lines(capability, arguments)))
