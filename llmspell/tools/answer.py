"""What the built-in tools answer with, and how they refuse: one shape, and the caps on what goes in and out.

The rule kept here: nothing leaves a built-in tool above `RESULT_CAP`, and every refusal names the tool.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from llmspell.errors import CallError, ErrorKind, nearest

_Bulk = TypeVar("_Bulk", str, bytes)

INPUT_CAP = 1024 * 1024
"""Bytes (UTF-8) of one text or byte string that a tool without side effects takes."""
RESULT_CAP = 1024 * 1024
"""Bytes (UTF-8) of one text or byte string in a tool's result."""
SHOWN = 80
"""Characters of a script's own text that an error repeats."""


def answer(operation: str, message: str, result: Any, text: str | None = None) -> dict[str, Any]:
    """A tool's success: `text` is what a person or a model reads, the message when nothing else is."""
    return {
        "success": True,
        "operation": operation,
        "message": message,
        "text": message if text is None else text,
        "result": result,
    }


def invalid(tool: str, problem: str, parameter: str | None = None) -> CallError:
    """The parameters of a call cannot be meant."""
    details = {"tool": tool} if parameter is None else {"tool": tool, "parameter": parameter}
    return CallError(ErrorKind.VALIDATION, f"{tool}: {problem}", details)


def too_large(tool: str, what: str, size: int, cap: int, unit: str = "bytes") -> CallError:
    """Something is over its cap; the error names both numbers."""
    return invalid(tool, f"{what} is {size:,} {unit}, the most is {cap:,}")


def shown(value: object) -> str:
    """A script's value as an error repeats it: escaped, and short whatever the value is.

    >>> shown("a" * 3)
    "'aaa'"
    """
    if isinstance(value, str):
        return repr(value) if len(value) <= SHOWN else f"{value[:SHOWN]!r}..."
    if isinstance(value, bool | int | float) or value is None:
        return repr(value)
    return f"a {type(value).__name__} value"


def hint(name: str, known: list[str]) -> str:
    """The end of an error about an unknown name: the nearest known one, or all of them when they are few."""
    guess = nearest(name, known)
    if guess is not None:
        return f"; did you mean {guess!r}?"
    return f"; known are {', '.join(known)}" if 0 < len(known) <= 20 else ""


def given(parameters: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """The value under the first of `names` that is there: the documented spelling, then the older ones."""
    for name in names:
        value = parameters.get(name)
        if value is not None:
            return value
    return None


def needed(tool: str, operation: str, parameters: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """As `given`, and a refusal that names the first spelling when none is there."""
    value = given(parameters, names)
    if value is None:
        raise invalid(tool, f"operation {operation!r} needs the parameter {names[0]!r}", names[0])
    return value


def byte_size(value: str | bytes) -> int:
    """Bytes that the value takes on the wire; a text with lone surrogates raises UnicodeEncodeError."""
    if isinstance(value, bytes) or value.isascii():
        return len(value)
    return len(value.encode())


def check_size(tool: str, what: str, value: _Bulk, cap: int = INPUT_CAP) -> _Bulk:
    """The value itself, or a refusal when it takes more than `cap` bytes or is no text that can travel."""
    try:
        size = byte_size(value)
    except UnicodeEncodeError:
        raise invalid(tool, f"{what} holds half a character (a lone surrogate)") from None
    if size > cap:
        raise too_large(tool, what, size, cap)
    return value
