"""A transcript that is read: its first line, its events in order, and how it ended, if it did.

Theory of operation. Every line is read and checked before anything runs. What was cut in the middle of its last line is
a transcript without that line.

The rule kept here: whatever a file holds, reading it gives a cassette or raises TranscriptError.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Self

from llmspell.limits import format_size
from llmspell.transcript.beside import Values, ValuesFolder, ValuesInMemory, read_regular
from llmspell.transcript.ended import Ended, read_end
from llmspell.transcript.event import Event
from llmspell.transcript.file import MAX_FILE, PART, values_place
from llmspell.transcript.form import TranscriptError
from llmspell.transcript.header import read_header
from llmspell.transcript.lines import most_values

MAX_LINES = 1_000_000
_KEPT_LINE = 4096
"""Bytes of a line that is kept as it was read."""
_KEPT = 64 * 1024 * 1024
"""Bytes that all lines take that are, by their length and their values."""
_VALUE = 128
"""Bytes that a value takes where it was read: a map of one takes twice this, and counts as two."""


class Cassette:
    """A transcript, read and checked. `size` are the bytes of its whole lines, `length` all that were read."""

    def __init__(self, data: bytes, values: Values, *, name: str = "the transcript") -> None:
        """Raises TranscriptError."""
        self.name = name
        if len(data) > MAX_FILE:
            raise TranscriptError(f"the transcript has {format_size(len(data))} and may have {format_size(MAX_FILE)}")
        lines = data.split(b"\n")
        last = lines.pop()  # empty, or a line that was cut
        if len(lines) > MAX_LINES:
            raise TranscriptError(f"the transcript has {len(lines):,} lines and may have {MAX_LINES:,}")
        if not lines:
            raise TranscriptError("the transcript has no whole line: it is none, or was cut in its first line")
        self.length = len(data)
        self.size = len(data) - len(last)
        self.cut = bool(last)
        left = _KEPT
        events = []
        for number, line in enumerate(lines, 1):
            left -= len(line) + _VALUE * most_values(line)
            events.append(Event(line, number, values, keep=len(line) <= _KEPT_LINE and left > 0))
        self.header_event = events[0]
        self.header = read_header(events[0])
        self.events = events[1:]
        self._check_order()

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Reads a file, with the folder of values beside it. Raises TranscriptError that names the file."""
        shown = os.fspath(path)
        data, name = read_whole(shown), ascii(shown[:300])
        try:
            return cls(data, ValuesFolder(values_place(shown.removesuffix(PART))), name=name)
        except TranscriptError as error:
            raise TranscriptError(f"{name}: {error}") from None

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

    def ended(self) -> Ended | None:
        """How a run that is over has ended. Raises TranscriptError."""
        if self.end is None:
            return None
        try:
            return read_end(self.end)
        except TranscriptError as error:
            raise TranscriptError(f"{self.name}: {error}") from None

    @property
    def is_masked(self) -> bool:
        """Whether a key was masked in a run that is over, so that its output and value cannot be compared."""
        return self.end is not None and self.end["masked"] > 0

    def inlined(self) -> bytes:
        """The same transcript with all values in their lines, so that it can travel. Raises TranscriptError."""
        head = self.header_event
        return b"".join(event.inlined() for event in (head, *self.events))

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
        if isinstance(error, FileNotFoundError) and os.path.lexists(path + PART):
            left = os.path.basename(path + PART)[:300]
            reason += f"; a run that was cut has left {left!a} there: go on with llmspell resume, or remove it"
        raise TranscriptError(f"the transcript {path[:300]!a} cannot be read: {reason}") from None
    if found is None:
        raise TranscriptError(f"the transcript {path[:300]!a} cannot be read: it is no regular file")
    return found


def _misplaced(event: Event, why: str) -> TranscriptError:
    return TranscriptError(f"line {event.line:,} of the transcript is broken: its event {event.kind!r} {why}")
