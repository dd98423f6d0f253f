"""Checks the events of a stream before a client library sees them.

Some libraries skip an event that they cannot read, and mend half a character: the answer would lose words and
look whole. This file keeps the rule that such a stream is an error.
"""

from __future__ import annotations

import json
from typing import Any

from llmspell.providers.words import Words, words_of

CHECKED_BYTES = 256 * 1024
"""The largest event that is read here; what is in a larger one the library finds."""


REFUSAL_CHARACTERS = 16 * 1024
"""How much of a refusal is kept."""


class EventError(Exception):
    """An event ends the stream. `before` counts the bytes of its chunk that belong to events before it."""

    before: int = 0


class EventRefusedError(EventError):
    """An event is not what a provider of models sends; the message says why."""


class EventFailedError(EventError):
    """An event tells of a failure of the provider's: `words`."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.message)
        self.words = words


class EventCheck:
    """Reads a stream of server-sent events as it passes, in pieces of any size."""

    __slots__ = ("_data", "_line", "_size", "refusal")

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._size = 0
        self.refusal = ""
        """What a model says instead of an answer, in the OpenAI protocol: litellm leaves it out of streams."""

    def feed(self, chunk: bytes) -> None:
        """Reads on. Raises EventRefusedError, and EventFailedError."""
        *lines, rest = chunk.split(b"\n")
        at = before = 0
        try:
            for line in lines:
                self._line.append(line)
                whole = b"".join(self._line).removesuffix(b"\r")
                self._line.clear()
                self._take(whole)
                at += len(line) + 1
                before = before if whole else at
        except EventError as error:
            error.before = before
            raise
        if rest:
            self._line.append(rest)

    def _take(self, line: bytes) -> None:
        if not line:
            self._end_event()
        elif line.startswith(b"data:"):
            self._size += len(line)
            self._data.append(line[5:].removeprefix(b" "))
        elif len(line) <= CHECKED_BYTES:
            _decoded(line)

    def _end_event(self) -> None:
        data, size = b"\n".join(self._data).strip(), self._size
        self._data.clear()
        self._size = 0
        if not data or data == b"[DONE]" or size > CHECKED_BYTES:
            return
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
