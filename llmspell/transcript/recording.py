"""A run that is recorded: its broker writes down each call before it is made, and each answer before it is sent.

Theory of operation. `RecordingBroker` is the broker of a run with a pen: what a call asks is a line before anybody acts
on it, and what it is answered is a line before the script sees it. So whatever ends this process, a call that the
script went on from has its answer in the record, and one that may have been made is named there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from llmspell.errors import CallError
from llmspell.outcome import ScriptError, Verdict
from llmspell.sandbox.broker import Broker, Handler
from llmspell.sandbox.ending import RunEnd, Stopped
from llmspell.sandbox.session import Answer, LimitCrossed, RunStopped
from llmspell.transcript.form import TranscriptError
from llmspell.transcript.recorder import Recorder

if TYPE_CHECKING:
    from llmspell.limits import Limits
    from llmspell.sandbox.threads import Threads

NEVER_RECORDED = ("library.load",)
"""The standard library of the engine: whoever replays has its own, which may be another version."""


def stopped(error: TranscriptError, script: str | None = None) -> Stopped:
    """The end of a run that cannot be recorded any more."""
    return Stopped(Verdict.ERROR, ScriptError("internal", f"the run was ended, because {error}", script))


class RecordingBroker(Broker):
    """The calls of one run, written down."""

    def __init__(
        self, handlers: Mapping[str, Handler], limits: Limits, *, threads: Callable[[], Threads], recorder: Recorder
    ) -> None:
        super().__init__(handlers, limits, threads=threads)
        self._recorder = recorder
        self._steps: dict[int, int] = {}  # of the open calls, by their ids

    def dispatch(self, call_id: int, capability: str, arguments: dict[str, Any]) -> Answer | None:
        """As always; the call is written down before it is made. Raises LimitCrossed and RunStopped."""
        if capability in NEVER_RECORDED:
            return super().dispatch(call_id, capability, arguments)
        name, counted = self._described(capability, arguments)
        try:
            step = self._recorder.call(capability, arguments, name=name, counted=counted)
            return self._make(step, call_id, capability, arguments)
        except TranscriptError as error:
            raise RunStopped(stopped(error)) from None

    def _described(self, capability: str, arguments: Mapping[str, Any]) -> tuple[str | None, bool]:
        """Who is called, and whether the call counts."""
        try:
            handler = self._handlers[capability]
        except KeyError:
            return None, False
        given = arguments.get(handler.named) if handler.named and handler.counted else None
        return (self._recorder.shown_name(given) if type(given) is str else None), handler.counted

    def _make(self, step: int, call_id: int, capability: str, arguments: dict[str, Any]) -> Answer | None:
        """Makes a call that is written down."""
        try:
            answer = super().dispatch(call_id, capability, arguments)
        except LimitCrossed as crossed:
            self._recorder.limit(step, crossed.hit)
            raise
        if answer is None:
            self._steps[call_id] = step
            return None
        return self._recorder.reply(step, answer)

    def finished(self) -> list[tuple[int, Answer]]:
        """As always; each answer is written down before it is sent. Raises LimitCrossed and RunStopped."""
        try:
            if self._recorder.failure is not None:
                raise self._recorder.failure
            try:
                answers = super().finished()
            except LimitCrossed as crossed:
                self._replied(crossed.answers)  # these calls were made
                for call_id, hit in ((crossed.call_id, crossed.hit), *crossed.others):
                    self._recorder.limit(None if call_id is None else self._steps.pop(call_id, None), hit)
                raise
            return self._replied(answers)
        except TranscriptError as error:
            raise RunStopped(stopped(error)) from None

    def _replied(self, answers: Iterable[tuple[int, Answer]]) -> list[tuple[int, Answer]]:
        """The answers as they can travel, written down."""
        return [
            (call_id, self._recorder.reply(self._steps.pop(call_id), answer) if call_id in self._steps else answer)
            for call_id, answer in answers
        ]

    def deadline(self) -> float | None:
        """As always; at once when nothing can be written down any more."""
        return 0.0 if self._recorder.failure is not None else super().deadline()

    def nested(self, capability: str, name: str, agent: str, run: Callable[[], Any], *, arguments: Any = None) -> Any:
        """As always, written down."""
        try:
            number = self._recorder.nested(capability, name, agent, arguments)
            return self._told(number, lambda: super(RecordingBroker, self).nested(capability, name, agent, run))
        except TranscriptError:
            self._wake()
            raise

    def _told(self, number: int, make: Callable[[], Any]) -> Any:
        try:
            value = make()
        except CallError as error:
            failure = {"kind": error.kind.value, "message": error.message, "details": error.details}
            self._recorder.nested_reply(number, (False, failure))
            raise
        self._recorder.nested_reply(number, (True, value))
        return value


class RecordedOutput:
    """The end of a run that is recorded, beside its calls: what it prints, and how it ended."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def emit(self, emit: Callable[[str, bytes], None]) -> Callable[[str, bytes], None]:
        """What writes down the script's output and hands it on."""

        def record_and_emit(stream: str, data: bytes) -> None:
            try:
                if data:
                    self._recorder.output(stream, data)
            except TranscriptError:
                pass  # the broker ends the run
            emit(stream, data)

        return record_and_emit

    def settled(self, end: RunEnd) -> RunEnd:
        """The end of the run, if all of it could be written down."""
        failure = self._recorder.failure
        if failure is None or end.verdict is not Verdict.OK:
            return end
        return end._replace(**stopped(failure)._asdict())
