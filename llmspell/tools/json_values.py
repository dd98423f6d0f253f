"""JSON values that come from a script: read and measured within bounds.

The rule kept here: nothing deeper than `MOST_DEPTH`, of more than `MOST_VALUES` values or of more than the
byte cap goes in or out; a list that is held twice is counted twice, because it is written twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn

MOST_DEPTH = 40
"""Levels of lists and maps; a reply adds a few of its own and the wire allows 48."""
MOST_VALUES = 100_000
"""Values in one document, and in one result; the wire allows 262,144 in a frame."""


class UnfitError(ValueError):
    """The text is no JSON, or the value is over a bound; the text says which."""


def _not_json(name: str) -> NoReturn:
    raise UnfitError(f"{name} is not JSON")


def _whole(digits: str) -> int | float:
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**63:
        return _real(digits)
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits)
    if value - value != 0:
        raise UnfitError(f"the number {digits[:40]} is too large for a 64-bit float")
    return value


def read_json(text: str | bytes, *, cap: int) -> Any:
    """The value of a JSON text; whole numbers outside int64 become floats. Raises `UnfitError`."""
    if len(text) > cap:
        raise UnfitError(f"is {len(text):,} bytes, the most is {cap:,}")
    try:
        value = json.loads(text, parse_int=_whole, parse_float=_real, parse_constant=_not_json)
    except RecursionError:
        raise UnfitError(f"is nested deeper than {MOST_DEPTH} levels") from None
    except json.JSONDecodeError as error:
        raise UnfitError(f"is not JSON: {error.msg.lower()} at line {error.lineno} column {error.colno}") from None
    except UnicodeDecodeError:
        raise UnfitError("is not JSON: it is not UTF-8") from None
    measure(value, cap=cap)
    return value


def measure(
    value: Any, *, cap: int, most: int = MOST_VALUES, charge: Callable[[int], None] = lambda _steps: None
) -> None:
    """Raises `UnfitError` when the value is over a bound or cannot be written as JSON.

    `charge` is given the steps that looking takes, before each: a value, or 64 characters of text.
    """
    pending: list[tuple[Any, int]] = [(value, 1)]
    count = size = 0
    while pending:
        each, depth = pending.pop()
        count += 1
        if isinstance(each, str):
            charge(len(each) // 64)
            size += _text_size(each)
        elif isinstance(each, dict):
            charge(2 * len(each))
            size += sum(map(_text_size, each))
            pending.extend((member, depth + 1) for member in each.values())
        elif isinstance(each, list):
            charge(len(each))
            pending.extend((member, depth + 1) for member in each)
        elif isinstance(each, bytes):
            raise UnfitError("holds bytes, which JSON does not have")
        elif isinstance(each, float) and each - each != 0:
            raise UnfitError("holds a NaN or an infinity, which JSON does not have")
        if depth > MOST_DEPTH:
            raise UnfitError(f"is nested deeper than {MOST_DEPTH} levels")
        if count + len(pending) > most:
            raise UnfitError(f"has more than {most:,} values")
        if size > cap:
            raise UnfitError(f"is over {cap:,} bytes")


def _text_size(text: str) -> int:
    try:
        return len(text) if text.isascii() else len(text.encode())
    except UnicodeEncodeError:
        raise UnfitError("holds half a character (a lone surrogate)") from None
