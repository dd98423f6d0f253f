"""The calls of tools that a model asks for, put together from whole answers and from pieces of streams.

This file keeps the rules that pieces are joined by their index, or by their order where a service does not count, that
arguments are read once, at the end and within bounds, and that what is no JSON object is kept as it was written and
called by no other name.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from llmspell.providers.masking import sendable
from llmspell.providers.provider import ToolProgress, ToolRequest
from llmspell.types.reading import MalformedError, check_sendable
from llmspell.utils.documents import DocumentError, Format, read_document

MAX_CALLS = 128
"""The most calls of one answer."""

READ_CHARACTERS = 1024 * 1024
"""The longest arguments that are read as JSON."""

_NAME_CHARACTERS = 200


class TooManyCallsError(Exception):
    """An answer asks for more calls than anybody means."""


class _Call:
    """One call as far as it is there."""

    __slots__ = ("id", "name", "written")

    def __init__(self) -> None:
        self.id = ""
        self.name = ""
        self.written = io.StringIO()


class AskedTools:
    """The calls of one answer, in the order of their indexes."""

    __slots__ = ("_calls", "_latest", "_places")

    def __init__(self) -> None:
        self._calls: dict[int, _Call] = {}
        self._latest = -1
        self._places: dict[int, int] = {}  # where the latest call of an index is

    def add(self, piece: Any, *, at: int | None = None) -> ToolProgress:
        """Takes a piece as litellm gives it, or call number `at` as a whole, whatever it is named. Raises
        TooManyCallsError."""
        said = part(piece, "function")
        begins = _text(part(piece, "id")) if part(said, "name") else ""
        index = self._place(part(piece, "index"), begins) if at is None else at
        call = self._calls.get(index)
        if call is None:
            if len(self._calls) == MAX_CALLS:
                raise TooManyCallsError(f"its answer asks for more than {MAX_CALLS} calls of tools")
            call = self._calls[index] = _Call()
        call.id = call.id or _text(part(piece, "id"))[:_NAME_CHARACTERS]
        call.name = call.name or _text(part(said, "name"))[:_NAME_CHARACTERS]
        written = _text(part(said, "arguments"))
        call.written.write(written)
        return ToolProgress(index, call.id, call.name, written)

    def whole(self) -> tuple[ToolRequest, ...]:
        """The calls, their arguments read."""
        made = []
        for index, call in sorted(self._calls.items()):
            written = call.written.getvalue()
            made.append(ToolRequest(call.id or f"call_{index}", call.name, read_arguments(written), written))
        return tuple(made)

    def _place(self, index: object, begins: str) -> int:
        """The place of a piece. One with a name and an id of its own, `begins`, is the first of another call: some
        services give no index, and some give each call the same."""
        counted = index if isinstance(index, int) and not isinstance(index, bool) else None
        place = self._latest if counted is None else self._places.get(counted, counted)
        before = self._calls.get(place)
        if before is None or (begins and before.id and before.id != begins):
            place = place if before is None and counted is not None else max(self._calls, default=-1) + 1
        if counted is not None:
            self._places[counted] = place
        self._latest = place
        return place


def read_arguments(written: str) -> Mapping[str, Any] | None:
    """The arguments of a call; None when they are no JSON object that can travel. Nothing at all is an empty one.

    >>> read_arguments('{"city": "Oslo"}'), read_arguments(""), read_arguments("[1]")
    ({'city': 'Oslo'}, {}, None)
    """
    if not written.strip():
        return {}
    if len(written) > READ_CHARACTERS:
        return None
    try:
        value = read_document(written, Format.JSON)
        check_sendable(value, "arguments")
    except (DocumentError, MalformedError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def part(of: Any, name: str) -> Any:
    """An attribute, or an item of a map: litellm gives both."""
    return of.get(name) if isinstance(of, Mapping) else getattr(of, name, None)


def _text(value: object) -> str:
    return sendable(value) if isinstance(value, str) else ""
