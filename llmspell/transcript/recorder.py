"""The pen of a run that is recorded: what is known of it, as lines.

The rule kept here: a line is whole before it is written, and after a write that failed no other is tried.

What comes in pieces, output and the chunks of an answer, is written up to where a key may have begun; the rest of a
piece is held back for the next one, so that no key stands in two halves. A script is given chunks as they are written.
"""

from __future__ import annotations

import _thread
from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from llmspell.outcome import LimitHit, Outcome
from llmspell.sandbox.session import Answer, refusal
from llmspell.source import sha256
from llmspell.transcript.file import Sink, line_of
from llmspell.transcript.form import TranscriptError
from llmspell.transcript.lines import SCHEMA
from llmspell.transcript.secrets import Masking
from llmspell_workers.wire import Unsendable, check

if TYPE_CHECKING:
    from llmspell.limits import Limits


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
        self._held = {"stdout": b"", "stderr": b""}
        self._pulls: dict[int, object] = {}  # of the open steps that ask for a chunk: the stream
        self._held_chunks: dict[tuple[object, object], str] = {}  # by stream, and by the call that is being written
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
        masking = self._masking
        script = {"name": masking.plain(identity.name), "sha256": sha256(source)}
        engine = {"name": identity.engine, "version": identity.engine_version}
        head = line_of(
            "transcript",
            {
                "schema": SCHEMA,
                "llmspell": __version__,
                "script": script,
                "engine": engine,
                "arguments": [masking.plain(word) for word in identity.arguments],
                "limits": identity.limits._asdict(),
                "seed": identity.seed,
                "clock": identity.clock,
                "sleeps": identity.sleeps,
                "labels": {masking.plain(name): masking.plain(text) for name, text in identity.labels.items()},
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
        self.asked(step, capability, arguments)
        return step

    def asked(self, step: int, capability: str, arguments: Any) -> None:
        """A call that stands in the record is about to be made."""
        if capability == "stream.next" and type(arguments) is dict and type(arguments.get("stream")) is int:
            self._pulls[step] = arguments["stream"]

    def reply(self, step: int, answer: Answer) -> Answer:
        """The answer of a step, as it is written and can travel. Raises TranscriptError."""
        ok, value = answer = self._joined(self._pulls.pop(step, None), travelling(answer))
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
            f'"capability":{masking.encode(capability)},"name":{masking.encode(self.shown_name(name))},'
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
        data = self._held[stream] + data[max(self._written[stream] - before, 0) :]
        data, self._held[stream] = self._masking.parted_bytes(data)
        self._printed(stream, data)

    def end(self, outcome: Outcome) -> None:
        """The last line, after which the transcript is whole. Raises TranscriptError."""
        for stream, held in self._held.items():
            self._printed(stream, held)
        document = outcome.to_dict()
        for name in ("stdout", "stderr", "calls", "confinement"):
            del document[name]
        document.update(cancelled_by=outcome.cancelled_by, value=travelling((True, outcome.value))[1])
        sums = {stream: {"sha256": made, "bytes": size} for stream, (made, size) in self._output.all().items()}
        shown = self._value(document)
        end = line_of("end", {"at": self._at(), **sums, "masked": self._masking.masked})
        self._write(f'{end[:-1]},"outcome":{shown}}}')
        self._sink.finish()

    def shown_name(self, name: str) -> str:
        """The begin of a name, without keys: they are taken out before it is cut, or a part of one would stay."""
        return self._masking.plain(name)[:200]

    def parted(self, data: bytes) -> tuple[bytes, bytes]:
        """What can be given of it, and its end that may go on to a key."""
        return self._masking.parted_bytes(data)

    def discard(self) -> None:
        """Nothing of this is wanted."""
        self._sink.discard()

    def close(self) -> None:
        """Lets go of the file."""
        self._sink.close()

    def _printed(self, stream: str, data: bytes) -> None:
        if not data:
            return
        try:
            shown: str | bytes = data.decode()
        except UnicodeDecodeError:
            shown = data
        head = f'{{"event":"output","at":{self._at()},"stream":"{stream}","bytes":{len(data)}'
        self._write(f'{head},"data":{self._value(shown)}}}')

    def _joined(self, stream: object, answer: Answer) -> Answer:
        """A chunk of a stream, without an end that may be the begin of a key, and with that of the one before."""
        ok, value = answer
        if stream is None:
            return answer
        if not ok or type(value) is not dict or type(value.get("text")) is not str or "restarts" in value:
            self._held_chunks = {place: held for place, held in self._held_chunks.items() if place[0] != stream}
            return answer  # nothing of this answer follows
        is_final = value.get("is_final") is True
        value = {**value, "text": self._whole((stream, None), value["text"], is_last=is_final)}
        call = value.get("tool_call")
        if type(call) is dict and type(call.get("written")) is str:
            place = stream, call.get("id")
            if call.get("complete") is True:
                self._held_chunks.pop(place, None)  # this is all that was written of it
            else:
                value["tool_call"] = {**call, "written": self._whole(place, call["written"], is_last=False)}
        return ok, value

    def _whole(self, place: tuple[object, object], piece: str, *, is_last: bool) -> str:
        """What can be given of a piece, and of what was held back before it."""
        text = self._held_chunks.pop(place, "") + piece
        if is_last:
            return text
        text, rest = self._masking.parted(text)
        if rest:
            self._held_chunks[place] = rest
        return text

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
