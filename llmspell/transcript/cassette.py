"""A transcript that is read: its first line, its events in order, and how it ended, if it did.

Theory of operation. Every line is read and checked before anything runs, and what is small is kept as it was read; a
large line is read again when its turn comes, so that a file cannot take many times its size in memory. What was cut in
the middle of its last line is a transcript without that line.

The rule kept here: whatever a file holds, reading it gives a cassette or raises TranscriptError.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple, Self, TypeGuard

from llmspell.limits import Limits, format_size
from llmspell.transcript.beside import Values, ValuesFolder, ValuesInMemory, read_regular
from llmspell.transcript.file import MAX_FILE, PART, values_place
from llmspell.transcript.form import TranscriptError, encode
from llmspell.transcript.lines import SCHEMA, beside_of, most_values, parsed_value, read_line, value_of

MAX_LINES = 1_000_000
_KEPT_LINE = 4096
"""Bytes of a line that is kept as it was read."""
_KEPT = 64 * 1024 * 1024
"""Bytes that all lines take that are, by their length and their values."""
_VALUE = 128
"""Bytes that a value takes where it was read: a map of one takes twice this, and counts as two."""
_MOST_CHARACTERS = 100_000
_MOST_WORDS = 1_000_000


class Event:
    """One line that was read."""

    __slots__ = ("_kept", "_values", "at", "data", "kind", "line")

    def __init__(self, data: bytes, line: int, values: Values, *, keep: bool) -> None:
        """Raises TranscriptError."""
        event = read_line(data, line)
        self.data, self._values, self.line = data, values, line
        self._kept = event if keep else None
        self.kind: str = event["event"]
        self.at: float = event.get("at", 0.0)

    def __getitem__(self, field: str) -> Any:
        """A plain field."""
        return self.fields[field]

    @property
    def fields(self) -> dict[str, Any]:
        """All of them, as they stand in the line."""
        return self._kept if self._kept is not None else read_line(self.data, self.line)

    def value(self, field: str) -> Any:
        """The value of a field, also of one that lies beside. Raises TranscriptError."""
        fields = self.fields
        name = beside_of(fields[field])
        if name is not None:
            return parsed_value(self._values.read(name), name)
        return value_of(fields, field, marked=b'"$' in self.data)

    def beside(self) -> list[tuple[str, str]]:
        """The fields whose values lie beside, with their sums."""
        if b'"$value"' not in self.data:
            return []
        found = ((field, beside_of(value)) for field, value in self.fields.items())
        return [(field, name) for field, name in found if name is not None]


class Header(NamedTuple):
    """What was run. `source` is None where it cannot be what was run, because a key in it was masked."""

    name: str
    sha256: str
    source: bytes | None
    engine: str
    engine_version: str
    arguments: tuple[str, ...]
    limits: Mapping[str, float]
    environment: Mapping[str, str]
    seed: int | None
    clock: float | None
    sleeps: bool
    labels: Mapping[str, str]


class Cassette:
    """A transcript, read and checked. `size` are the bytes of its whole lines, `length` all that were read."""

    def __init__(self, data: bytes, values: Values, *, name: str = "the transcript") -> None:
        """Raises TranscriptError."""
        self.name = name
        if len(data) > MAX_FILE:
            raise TranscriptError(f"{name} has {format_size(len(data))} and may have {format_size(MAX_FILE)}")
        lines = data.split(b"\n")
        last = lines.pop()  # empty, or a line that was cut
        if len(lines) > MAX_LINES:
            raise TranscriptError(f"{name} has {len(lines):,} lines and may have {MAX_LINES:,}")
        if not lines:
            raise TranscriptError(f"{name} has no whole line: it is no transcript, or was cut in its first line")
        self.length = len(data)
        self.size = len(data) - len(last)
        self.cut = bool(last)
        left = _KEPT
        events = []
        for number, line in enumerate(lines, 1):
            left -= len(line) + _VALUE * most_values(line)
            events.append(Event(line, number, values, keep=len(line) <= _KEPT_LINE and left > 0))
        self.header_event = events[0]
        self.header = _read_header(events[0])
        self.events = events[1:]
        self._check_order()

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Reads a file, with the folder of values beside it. Raises TranscriptError."""
        shown = os.fspath(path)
        return cls(read_whole(shown), ValuesFolder(values_place(shown.removesuffix(PART))), name=ascii(shown[:300]))

    @classmethod
    def from_bytes(cls, data: bytes, values: Mapping[str, bytes] | None = None) -> Self:
        """A transcript that travelled, with its large values by their sums, if they are not in it. Raises
        TranscriptError."""
        return cls(data, ValuesInMemory(values))

    def source(self) -> bytes:
        """The script. Raises TranscriptError where it is not there as it was run."""
        if self.header.source is None:
            raise TranscriptError(
                f"{self.name} does not hold its script as it was run (a key in it was masked): name the script"
            )
        return self.header.source

    def is_in(self, descriptor: int) -> bool:
        """Whether a file has what was read, by its length and its last line. Raises OSError."""
        last = (self.header_event, *self.events[-1:])[-1].data + b"\n"
        return (
            os.fstat(descriptor).st_size == self.length
            and os.pread(descriptor, len(last), self.size - len(last)) == last
        )

    @property
    def end(self) -> Event | None:
        """The last line of a run that is over."""
        return self.events[-1] if self.events and self.events[-1].kind == "end" else None

    @property
    def is_masked(self) -> bool:
        """Whether a key was masked in a run that is over, so that its output and value cannot be compared."""
        return self.end is not None and self.end["masked"] > 0

    def inlined(self) -> bytes:
        """The same transcript with all values in their lines, so that it can travel. Raises TranscriptError."""
        head = self.header_event
        return b"".join(_inlined(event) for event in (head, *self.events))

    def values(self) -> set[str]:
        """The sums of all values that lie beside."""
        return {name for event in (self.header_event, *self.events) for _, name in event.beside()}

    def _check_order(self) -> None:
        steps, numbers = 0, 0
        open_steps: set[int] = set()
        open_numbers: set[int] = set()
        ended = False
        for event in self.events:
            if ended and event.kind != "resumed":
                raise _misplaced(event, "comes after the end")
            match event.kind:
                case "transcript":
                    raise _misplaced(event, "stands twice")
                case "call":
                    steps += 1
                    if event["step"] != steps:
                        raise _misplaced(event, f"has the step {event['step']}, and the next one is {steps}")
                    open_steps.add(steps)
                case "reply":
                    if event["step"] not in open_steps:
                        raise _misplaced(event, f"answers the step {event['step']}, which waits for no answer")
                    open_steps.remove(event["step"])
                case "limit":
                    if event["step"] is not None and event["step"] not in open_steps:
                        raise _misplaced(event, f"is of the step {event['step']}, which is not under way")
                case "nested":
                    numbers += 1
                    open_numbers.add(event["number"])
                case "nested_reply":
                    if event["number"] not in open_numbers:
                        raise _misplaced(event, "answers nothing")
                    open_numbers.remove(event["number"])
                case "output":
                    if event["stream"] not in ("stdout", "stderr"):
                        raise _misplaced(event, "is of no stream")
                case "end":
                    ended = True
                case "resumed":
                    ended = False
        self.steps = steps
        self.numbers = numbers


def read_whole(path: str) -> bytes:
    """The bytes of a regular file under the cap. Raises TranscriptError."""
    try:
        # without O_NONBLOCK, opening a pipe would wait for its other end
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        found = read_regular(descriptor, MAX_FILE + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)
        raise TranscriptError(f"the transcript {path[:300]!a} cannot be read: {reason}") from None
    if found is None:
        raise TranscriptError(f"the transcript {path[:300]!a} cannot be read: it is no regular file")
    return found


def _read_header(event: Event) -> Header:
    fields = event.fields
    if fields["event"] != "transcript":
        raise TranscriptError("the first line is no begin of a transcript")
    if fields["schema"] != SCHEMA:
        raise TranscriptError(
            f"the transcript is of the kind {fields['schema']!r:.60}, and this program reads {SCHEMA}"
        )
    script, engine = fields["script"], fields["engine"]
    name, total = _text(script, "name"), _text(script, "sha256")
    words = fields["arguments"]
    if len(words) > _MOST_WORDS or not all(map(_is_text, words)):
        raise TranscriptError("the arguments of the transcript are no list of text")
    seed, clock = fields["seed"], fields["clock"]
    if (seed is None) != (clock is None) or (seed is not None and not (0 <= seed < 2**63 and 0 <= clock < 1e11)):
        raise TranscriptError("the seed and the clock of the transcript are none")
    limits = {name: fields["limits"].get(name) for name in Limits._fields}
    if not all(limit is None or (type(limit) in (int, float) and 0 <= limit < 1e18) for limit in limits.values()):
        raise TranscriptError("a limit of the transcript is none")
    environment = event.value("environment")
    source = event.value("source") if "source" in fields else None
    from llmspell.source import sha256

    if type(source) is str:
        source = source.encode("utf-8", "surrogatepass")
    if type(source) is not bytes or sha256(source) != total:
        source = None
    return Header(
        name,
        total,
        source,
        _text(engine, "name"),
        _text(engine, "version"),
        tuple(words),
        {name: limit for name, limit in limits.items() if limit is not None},
        _texts(environment, halves=True),
        seed,
        clock,
        fields["sleeps"],
        _texts(fields["labels"]),
    )


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not _is_text(value) or len(value) > _MOST_CHARACTERS:
        raise TranscriptError(f"the transcript does not say {name!r} of its script or its engine")
    return value


def _texts(value: Any, *, halves: bool = False) -> dict[str, str]:
    """A map of text; `halves`: an environment may hold bytes that are no UTF-8, as halves of surrogate pairs."""
    if type(value) is not dict or len(value) > _MOST_WORDS:
        ok = False
    elif halves:
        ok = all(type(one) is str for one in value.values())
    else:
        ok = all(map(_is_text, (*value, *value.values())))
    if not ok:
        raise TranscriptError("the environment or the labels of the transcript are no map of text")
    found: dict[str, str] = value
    return found


def _is_text(value: Any) -> TypeGuard[str]:
    """Whether this is text that can be written: half of a surrogate pair cannot."""
    if type(value) is not str:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _inlined(event: Event) -> bytes:
    found = event.beside()
    if not found:
        return event.data + b"\n"
    fields = event.fields
    texts = {field: encode(event.value(field)) for field, _ in found}
    rest = json.dumps({name: value for name, value in fields.items() if name not in texts}, separators=(",", ":"))
    return (rest[:-1] + "".join(f',"{field}":{text}' for field, text in texts.items()) + "}\n").encode("ascii")


def _misplaced(event: Event, why: str) -> TranscriptError:
    return TranscriptError(f"line {event.line:,} of the transcript is broken: its event {event.kind!r} {why}")
