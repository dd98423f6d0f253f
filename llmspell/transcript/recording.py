"""A run that is recorded: its broker writes down each call before it is made, and each answer before it is sent.

Theory of operation. `RecordingBroker` is the broker of a run with a pen: what a call asks is a line before anybody acts
on it, and what it is answered is a line before the script sees it. So whatever ends this process, a call that the
script went on from has its answer in the record, and one that may have been made is named there.
"""

from __future__ import annotations

import _thread
from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from llmspell.errors import CallError
from llmspell.outcome import LimitHit, Outcome, ScriptError, Verdict
from llmspell.sandbox.broker import Broker, Handler
from llmspell.sandbox.ending import RunEnd, Stopped
from llmspell.sandbox.session import Answer, LimitCrossed, RunStopped, refusal
from llmspell.source import sha256
from llmspell.transcript.file import Sink, line_of
from llmspell.transcript.form import TranscriptError
from llmspell.transcript.lines import SCHEMA
from llmspell.transcript.secrets import Masking
from llmspell_workers.wire import Unsendable, check

if TYPE_CHECKING:
    from llmspell.limits import Limits
    from llmspell.sandbox.threads import Threads

NEVER_RECORDED = ("library.load",)
"""The standard library of the engine: whoever replays has its own, which may be another version."""


class Identity(NamedTuple):
    """What a run is: the first line of its transcript. `clock` is in seconds since 1970."""

    source: bytes
    name: str
    arguments: tuple[str, ...]
    engine: str
    engine_version: str
    limits: Limits
    environment: Mapping[str, str]
    seed: int | None
    clock: float | None
    sleeps: bool
    labels: Mapping[str, str]


class Recorder:
    """Writes the lines of one run. Safe to use from several threads."""

    def __init__(self, sink: Sink, masking: Masking, *, now: Callable[[], float] = monotonic) -> None:
        self._sink, self._masking, self._now = sink, masking, now
        self._turn = _thread.allocate_lock()
        self._begun = now()
        self._steps = 0
        self._numbers = 0
        self._output = Sums()
        self._written = {"stdout": 0, "stderr": 0}  # bytes that stand in the record already
        self.failure: TranscriptError | None = None
        """Why nothing is written any more."""

    def begin(self, identity: Identity) -> None:
        """Writes the first line. Raises TranscriptError."""
        from llmspell import __version__

        source = identity.source
        try:
            written: str | bytes = source.decode()
        except UnicodeDecodeError:
            written = source
        script = {"name": identity.name, "sha256": sha256(source)}
        engine = {"name": identity.engine, "version": identity.engine_version}
        head = line_of(
            "transcript",
            {
                "schema": SCHEMA,
                "llmspell": __version__,
                "script": script,
                "engine": engine,
                "arguments": [self._masking.plain(word) for word in identity.arguments],
                "limits": identity.limits._asdict(),
                "seed": identity.seed,
                "clock": identity.clock,
                "sleeps": identity.sleeps,
                "labels": dict(identity.labels),
            },
        )
        environment = self._value(dict(identity.environment))
        self._write(f'{head[:-1]},"environment":{environment},"source":{self._value(written)}}}')

    def resume(self, *, steps: int, numbers: int, after: float, written: Mapping[str, int]) -> None:
        """More lines come after those of a run that was cut: after so many steps, seconds, and bytes of output."""
        self._steps, self._numbers = steps, numbers
        self._begun = self._now() - after
        self._written = dict(written)
        self._write(f'{{"event":"resumed","at":{self._at()}}}')

    def call(self, capability: str, arguments: Any, *, name: str | None, counted: bool) -> int:
        """A call that is about to be made; gives its step. Raises TranscriptError."""
        self._steps += 1
        step = self._steps
        self._write(
            f'{{"event":"call","step":{step},"at":{self._at()},"capability":{self._masking.encode(capability)},'
            f'"name":{self._masking.encode(name)},"counted":{"true" if counted else "false"},'
            f'"arguments":{self._value(arguments)}}}'
        )
        return step

    def reply(self, step: int, answer: Answer) -> Answer:
        """The answer of a step, as it can travel. Raises TranscriptError."""
        ok, value = answer = travelling(answer)
        self._write(
            f'{{"event":"reply","step":{step},"at":{self._at()},"ok":{"true" if ok else "false"},'
            f'"value":{self._value(value)}}}'
        )
        return answer

    def limit(self, step: int | None, hit: LimitHit) -> None:
        """A limit that ends the run. Raises TranscriptError."""
        self._write(line_of("limit", {"step": step, "at": self._at(), **hit._asdict()}))

    def nested(self, capability: str, name: str, agent: str, arguments: Any) -> int:
        """A call that a model asked for; gives its number. Raises TranscriptError."""
        with self._turn:
            self._numbers += 1
            number = self._numbers
        masking = self._masking
        self._write(
            f'{{"event":"nested","number":{number},"at":{self._at()},"agent":{masking.encode(agent)},'
            f'"capability":{masking.encode(capability)},"name":{masking.encode(name[:200])},'
            f'"arguments":{self._value(travelling((True, arguments))[1])}}}'
        )
        return number

    def nested_reply(self, number: int, answer: Answer) -> None:
        """The answer to it. Raises TranscriptError."""
        ok, value = travelling(answer)
        self._write(
            f'{{"event":"nested_reply","number":{number},"at":{self._at()},"ok":{"true" if ok else "false"},'
            f'"value":{self._value(value)}}}'
        )

    def model(self, agent: str, provider: str, model: str, asked: str, answer: Answer) -> None:
        """What a model answered; `asked` is the sum of the question. Raises TranscriptError."""
        ok, value = travelling(answer)
        masking = self._masking
        self._write(
            f'{{"event":"model","at":{self._at()},"agent":{masking.encode(agent)},'
            f'"provider":{masking.encode(provider)},"model":{masking.encode(model)},"asked":"{asked}",'
            f'"ok":{"true" if ok else "false"},"value":{self._value(value)}}}'
        )

    def output(self, stream: str, data: bytes) -> None:
        """What the script printed. Raises TranscriptError."""
        before = self._output.size(stream)
        self._output.add(stream, data)
        data = data[max(self._written[stream] - before, 0) :]
        if not data:
            return
        try:
            shown: str | bytes = data.decode()
        except UnicodeDecodeError:
            shown = data
        self._write(f'{{"event":"output","at":{self._at()},"stream":"{stream}","data":{self._value(shown)}}}')

    def end(self, outcome: Outcome) -> None:
        """The last line, after which the transcript is whole. Raises TranscriptError."""
        document = outcome.to_dict()
        for name in ("stdout", "stderr", "calls", "confinement"):
            del document[name]
        document.update(cancelled_by=outcome.cancelled_by, value=travelling((True, outcome.value))[1])
        sums = {stream: {"sha256": made, "bytes": size} for stream, (made, size) in self._output.all().items()}
        shown = self._value(document)
        end = line_of("end", {"at": self._at(), **sums, "masked": self._masking.masked})
        self._write(f'{end[:-1]},"outcome":{shown}}}')
        self._sink.finish()

    def discard(self) -> None:
        """Nothing of this is wanted."""
        self._sink.discard()

    def close(self) -> None:
        """Lets go of the file."""
        self._sink.close()

    def _at(self) -> float:
        return round(self._now() - self._begun, 6)

    def _value(self, value: Any) -> str:
        if self.failure is not None:
            raise self.failure
        try:
            return self._sink.value(self._masking.encode(value))
        except TranscriptError as error:
            self.failure = error
            raise

    def _write(self, line: str) -> None:
        with self._turn:
            if self.failure is not None:
                raise self.failure
            try:
                self._sink.line(line)
            except TranscriptError as error:
                self.failure = error
                raise


class Sums:
    """The SHA-256 and the length of each stream so far."""

    __slots__ = ("_hashes", "_sizes")

    def __init__(self) -> None:
        from hashlib import sha256 as new

        self._hashes = {"stdout": new(), "stderr": new()}
        self._sizes = {"stdout": 0, "stderr": 0}

    def add(self, stream: str, data: bytes) -> None:
        """More of a stream."""
        self._hashes[stream].update(data)
        self._sizes[stream] += len(data)

    def size(self, stream: str) -> int:
        """How many bytes there were of a stream."""
        return self._sizes[stream]

    def all(self) -> dict[str, tuple[str, int]]:
        """The sum and the length of each."""
        return {stream: (made.hexdigest(), self._sizes[stream]) for stream, made in self._hashes.items()}


def travelling(answer: Answer) -> Answer:
    """The answer that a script gets: itself, or that it cannot travel."""
    try:
        check(answer[1], "value")
    except Unsendable as error:
        return refusal(error)
    return answer


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
        return (given[:200] if type(given) is str else None), handler.counted

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
                self._recorder.limit(None, crossed.hit)
                raise
            return [
                (call_id, self._recorder.reply(self._steps.pop(call_id), answer) if call_id in self._steps else answer)
                for call_id, answer in answers
            ]
        except TranscriptError as error:
            raise RunStopped(stopped(error)) from None

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
        except LimitCrossed as crossed:
            self._recorder.limit(None, crossed.hit)
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
