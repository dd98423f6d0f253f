"""What the host raises at its own callers, and what a call of a script fails with.

A script that fails, loops or is refused raises nothing here: that is a verdict (see `outcome.py`).
This file keeps the rule that "who failed?" is answered by a type, never by reading text.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any


class LlmspellError(Exception):
    """The base of everything that llmspell raises at a Python caller. It goes from process to process as it is."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _as_it_was, (type(self), self.args, self.__dict__)


def _as_it_was(kind: type[LlmspellError], words: tuple[Any, ...], fields: dict[str, Any]) -> LlmspellError:
    """An error that was pickled: Python would call its class with its message, and most of them take more."""
    error = kind.__new__(kind, *words)
    error.__dict__.update(fields)
    return error


class UsageError(LlmspellError):
    """What was typed or passed cannot be meant: a malformed size, an unknown engine, an unreadable script."""


class ConfigError(UsageError):
    """A configuration file or variable says what it may not, or what nobody understands."""


class SetupError(LlmspellError):
    """The sandbox could not be made as it was asked for, so nothing ran."""


class ErrorKind(enum.StrEnum):
    """The kinds of error that a script can catch (`script-api.md`, Errors in scripts)."""

    TOOL = "tool"
    PROVIDER = "provider"
    DENIED = "denied"
    VALIDATION = "validation"
    TIMEOUT = "timeout"
    BUDGET = "budget"
    NOT_FOUND = "not_found"
    INTERNAL = "internal"


class CallError(LlmspellError):
    """One call of a script fails; the script may catch it.

    `details` is a map of values that can travel (`wire.md`, Values); it must hold nothing secret.
    """

    def __init__(self, kind: ErrorKind, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.kind = ErrorKind(kind)  # a tool may say it by its text, and another text is its fault, where it raises
        self.message = message
        self.details: dict[str, Any] = dict(details or {})


def nearest(name: str, known: list[str]) -> str | None:
    """The known name that `name` was most likely meant to be, however it is capitalised, or None.

    >>> nearest("Calculater", ["calculator", "uuid-generator"])
    'calculator'
    """
    import difflib  # only when something is already wrong

    folded = {one.casefold(): one for one in known}
    matches = difflib.get_close_matches(name[:200].casefold(), folded, n=1, cutoff=0.6)
    return folded[matches[0]] if matches else None
