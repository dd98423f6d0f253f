"""Arguments of calls, checked field by field: they come from a script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmspell.errors import CallError, ErrorKind, nearest

NAME_BYTES = 200


def invalid(message: str, **details: Any) -> CallError:
    """The error of a call whose arguments do not fit."""
    return CallError(ErrorKind.VALIDATION, message, details)


def text(arguments: Mapping[str, Any], key: str, *, of: str) -> str:
    """The text `arguments[key]`; raises CallError (validation) otherwise. `of` names the function for people."""
    value = arguments.get(key)
    if type(value) is str:
        return value
    raise invalid(f"{of}: {key} must be text, not {kind_of(value)}")


def short_name(arguments: Mapping[str, Any], key: str, *, of: str) -> str:
    """The same, for a name of 1 to 200 bytes."""
    value = text(arguments, key, of=of)
    if not 0 < len(value.encode()) <= NAME_BYTES:
        raise invalid(f"{of}: {key} must be 1 to {NAME_BYTES} bytes long, not {len(value.encode())}")
    return value


def number(arguments: Mapping[str, Any], key: str, *, of: str, least: float, most: float) -> float | None:
    """The number `arguments[key]` within its bounds, or None where it is not given."""
    value = arguments.get(key)
    if value is None:
        return None
    if type(value) not in (int, float) or not least <= value <= most:
        raise invalid(f"{of}: {key} must be a number from {least:g} to {most:g}, not {kind_of(value)}")
    return value  # type: ignore[no-any-return]


def whole(arguments: Mapping[str, Any], key: str, *, of: str, least: int, most: int) -> int | None:
    """The same, for a whole number; 2.0 is one."""
    value = number(arguments, key, of=of, least=least, most=most)
    if value is None or value == int(value):
        return None if value is None else int(value)
    raise invalid(f"{of}: {key} must be a whole number, not {value:g}")


def mapping(arguments: Mapping[str, Any], key: str, *, of: str) -> dict[str, Any]:
    """The map `arguments[key]`; an absent one is empty."""
    value = arguments.get(key)
    if value is None:
        return {}
    if type(value) is dict:
        return value
    raise invalid(f"{of}: {key} must be a table of named values, not {kind_of(value)}")


def only(given: Mapping[str, Any], known: list[str], *, of: str) -> None:
    """Raises CallError (validation) at the first key that is not known, and names the nearest that is."""
    for key in given:
        if key not in known:
            close = nearest(key, known)
            hint = f"; did you mean {close}?" if close else f"; known are {', '.join(known)}"
            raise invalid(f"{of}: there is no {key[:60]!r}{hint}")


def kind_of(value: Any) -> str:
    """What a value is, in words that are the same in every script language."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return f"the boolean {str(value).lower()}"
    if isinstance(value, (int, float)):
        return f"the number {value:g}" if isinstance(value, float) else f"the number {value}"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, bytes):
        return "bytes"
    return "a list" if isinstance(value, list) else "a table of named values"
