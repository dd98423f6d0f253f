"""Reads the events of a stream before a client library sees them.

Some libraries skip an event that they cannot read, and mend half a character: the answer would lose words and
look whole. This file keeps the rule that such a stream is an error.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from llmspell.providers.parts import MOST_VALUES, Values
from llmspell.providers.words import Words, words_of

CHECKED_BYTES = 256 * 1024
"""The largest event that is read here; what is in a larger one the library finds."""
MOST_LINES = 65_536
"""Lines of one event."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UNREAD = frozenset({b"", b"id", b"retry"})
"""Names of fields that say nothing of an answer; a comment has none."""

REFUSAL_CHARACTERS = 16 * 1024
"""How much of a refusal is kept."""


class EventRefusedError(Exception):
    """An event is not what a provider of models sends; the message says why."""


class EventFailedError(Exception):
    """An event tells of a failure of the provider's: `words`."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.message)
        self.words = words


class EventCheck:
    """Reads a stream of server-sent events in pieces of any size, and gives on whole events as the standard means them.

    Clients read less than the standard has: comments, numbers, an event without data or a byte order mark make them
    fail or lose an event, and a long line that comes in pieces takes them the square of its length.
    """

    __slots__ = ("_after_return", "_data", "_line", "_lines", "_mark", "_size", "refusal")

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._lines: list[bytes] = []
        self._data: list[bytes] = []
        self._size = 0
        self._mark = _BYTE_ORDER_MARK
        self._after_return = False
        self.refusal = ""
        """What a model says instead of an answer, in the OpenAI protocol: litellm leaves it out of streams."""

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The events that are whole now. Raises EventRefusedError, and EventFailedError, after those before it."""
        if self._after_return:
            chunk = chunk.removeprefix(b"\n")  # of a line's end that came in halves
        self._after_return = chunk.endswith(b"\r")
        for piece in chunk.splitlines(keepends=True):
            self._line.append(piece)
            if piece.endswith((b"\n", b"\r")):
                event = self._take(b"".join(self._line).rstrip(b"\r\n"))
                self._line.clear()
                if event:
                    yield event

    def rest(self) -> bytes:
        """What has come of an event that was never ended."""
        return b"\n".join((*self._lines, b"".join(self._line)))

    def _take(self, line: bytes) -> bytes:
        """Reads one line. The event that it ends, if it ends one."""
        line, self._mark = line.removeprefix(self._mark), b""
        if not line:
            return self._ended()
        name = line.partition(b":")[0]
        if name in _UNREAD:
            return b""
        self._lines.append(line)
        if len(self._lines) > MOST_LINES:
            raise EventRefusedError(f"an event of its answer has over {MOST_LINES:,} lines")
        if name == b"data":
            self._size += len(line)
            self._data.append(line[5:].removeprefix(b" "))
        elif len(line) <= CHECKED_BYTES:
            _decoded(line)
        return b""

    def _ended(self) -> bytes:
        lines, data, size = self._lines, b"\n".join(self._data).strip(), self._size
        self._lines, self._data, self._size = [], [], 0
        if data and data != b"[DONE]" and size <= CHECKED_BYTES:
            self._check(data)
        elif size > CHECKED_BYTES and Values().feed(data) > MOST_VALUES:
            raise EventRefusedError(f"an event of its answer holds over {MOST_VALUES:,} values")
        if not data and all(line.startswith((b"event:", b"data:")) for line in lines):
            return b""
        return b"\n".join((*lines, b"", b""))

    def _check(self, data: bytes) -> None:
        try:
            document = json.loads(_decoded(data))
        except (ValueError, RecursionError) as error:
            raise EventRefusedError(f"an event of its answer is not JSON ({error})") from None
        words = words_of(document) if isinstance(document, dict) and document.get("error") else None
        if words is not None:
            raise EventFailedError(words)
        if b'"refusal"' in data and (refused := _refused(document)):
            self.refusal = (self.refusal + refused)[:REFUSAL_CHARACTERS]


def _refused(document: Any) -> str:
    """The piece of a refusal in an event, or nothing."""
    match document:
        case {"choices": [{"delta": {"refusal": str() as refusal}}, *_]}:
            return refusal
    return ""


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise EventRefusedError(f"an event of its answer is not UTF-8 ({error.reason})") from None
