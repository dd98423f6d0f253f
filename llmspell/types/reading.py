"""Values of the wire, read field by field: what does not fit is an error that names the place.

What is read here may come from a script, a model or a file of strangers. A reader is a function of a value and its
place; nothing that it is handed is called, used as an attribute's name or as a path.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from llmspell.errors import CallError, ErrorKind, nearest
from llmspell_workers.wire import Unsendable, check

if TYPE_CHECKING:
    from llmspell.types.media_file import OpenFile

T = TypeVar("T")
E = TypeVar("E", bound=enum.StrEnum)
Reader = Callable[[Any, str], T]

LARGEST = 2**63 - 1
"""The largest whole number that travels (`wire.md`, Values)."""


class MalformedError(CallError):
    """A value does not have the shape that it must have; kind `validation`, `details.field` is the place."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(ErrorKind.VALIDATION, f"{place[:300]} {why}", {"field": place[:300]})
        self.place = place
        self.why = why


class Fields:
    """The fields of one map. `where` is its place; a field that is nil counts as absent.

    `open_file` finds the files that fields name by path; without it there are none.
    """

    __slots__ = ("_fields", "open_file", "where")

    def __init__(self, value: Any, where: str, known: list[str], open_file: OpenFile | None = None) -> None:
        if type(value) is not dict:
            raise MalformedError(where, f"must be a map, not {described(value)}")
        for key in value:
            if key not in known:
                raise MalformedError(where, _unknown(key, known))
        self._fields: Mapping[str, Any] = value
        self.where = where
        self.open_file = open_file

    def required(self, key: str, read: Reader[T]) -> T:
        """The field, read. Raises MalformedError when it is absent or does not fit."""
        if self._fields.get(key) is None:
            raise MalformedError(f"{self.where}.{key}", "is missing")
        return read(self._fields[key], f"{self.where}.{key}")

    def optional(self, key: str, read: Reader[T]) -> T | None:
        """The same, or None when it is absent."""
        return None if self._fields.get(key) is None else self.required(key, read)

    def several(self, key: str, read: Reader[T]) -> tuple[T, ...]:
        """A list, each item read; an absent one is empty."""
        given = self._fields.get(key)
        if given is None or given == {}:  # an empty table of a script is a map
            return ()
        if type(given) not in (list, tuple):
            raise MalformedError(f"{self.where}.{key}", f"must be a list, not {described(given)}")
        return tuple(read(item, f"{self.where}.{key}[{at}]") for at, item in enumerate(given))


def read_text(value: Any, place: str) -> str:
    """Text."""
    if type(value) is not str:
        raise MalformedError(place, f"must be text, not {described(value)}")
    return value


def read_flag(value: Any, place: str) -> bool:
    """A boolean."""
    if type(value) is not bool:
        raise MalformedError(place, f"must be a boolean, not {described(value)}")
    return value


def read_number(value: Any, place: str) -> float:
    """A finite number from 0 on."""
    if type(value) not in (int, float) or not 0 <= value < math.inf:
        raise MalformedError(place, f"must be a finite number from 0 on, not {described(value)}")
    return float(value)


def read_share(value: Any, place: str) -> float:
    """A number from 0 to 1."""
    number = read_number(value, place)
    if number > 1:
        raise MalformedError(place, f"must be a number from 0 to 1, not {described(value)}")
    return number


def read_whole(value: Any, place: str) -> int:
    """A whole number from 0 on; 2.0 is one."""
    if type(value) not in (int, float) or not 0 <= value <= LARGEST or value != int(value):
        raise MalformedError(place, f"must be a whole number from 0 on, not {described(value)}")
    return int(value)


def read_any(value: Any, place: str) -> Any:
    """Any value that can travel."""
    check_sendable(value, place)
    return value


def read_values(value: Any, place: str) -> dict[str, Any]:
    """A map of any values that can travel."""
    if type(value) is not dict:
        raise MalformedError(place, f"must be a map, not {described(value)}")
    check_sendable(value, place)
    return value


def read_texts(value: Any, place: str) -> dict[str, str]:
    """A map of texts."""
    return {key: read_text(item, f"{place}.{key}") for key, item in read_values(value, place).items()}


def read_moment(value: Any, place: str) -> datetime:
    """A point in time, as text by RFC 3339 with its offset; it is given in UTC."""
    try:
        moment = datetime.fromisoformat(read_text(value, place))
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise MalformedError(place, f"must be a time like 2026-01-31T12:00:00Z, not {described(value)}")


def read_member(kind: type[E]) -> Reader[E]:
    """A reader of one of an enum's values."""

    def read(value: Any, place: str) -> E:
        text = read_text(value, place)
        if text not in list(kind):
            close = nearest(text, list(kind))
            hint = f"; did you mean {close}?" if close else ""
            raise MalformedError(place, f"must be one of {', '.join(kind)}, not {described(value)}{hint}")
        return kind(text)

    return read


def check_sendable(value: Any, place: str) -> None:
    """Raises MalformedError, with the place, unless `value` can travel."""
    try:
        check(value, place)
    except Unsendable as error:
        raise MalformedError(error.place, error.why) from None


def described(value: Any) -> str:
    """What a value is, in words that are the same in every script language."""
    match value:
        case None:
            return "nil"
        case bool():
            return f"the boolean {str(value).lower()}"
        case int() | float():
            return "a huge number" if abs(value) >= 1e300 else f"the number {value!r:.40}"
        case str():
            return f"the text {value[:40]!r}"
        case bytes():
            return f"{len(value)} bytes"
        case list() | tuple():
            return "a list"
        case dict():
            return "a map"
        case _:
            return f"of type {type(value).__name__}"


def _unknown(key: Any, known: list[str]) -> str:
    close = nearest(key, known) if type(key) is str else None
    hint = f"; did you mean {close}?" if close else f"; known are {', '.join(known)}"
    return f"has no field {str(key)[:60]!r}{hint}"
