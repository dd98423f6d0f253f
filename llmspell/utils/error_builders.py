"""Errors of calls that say what happened, to whom, with which values.

A value becomes part of the message and of `details`, which a script sees: hand in nothing secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Self

from llmspell.errors import CallError, ErrorKind, nearest
from llmspell.utils.text import truncate

MAX_SHOWN = 200
"""The most characters that a message shows of one value."""


class ErrorBuilder:
    """Collects what an error is to say.

    >>> error = ErrorBuilder(ErrorKind.TOOL, "upload failed").with_context("part", 3).with_context("of", 7).build()
    >>> str(error), error.details
    ('upload failed (part: 3, of: 7)', {'part': 3, 'of': 7})
    """

    __slots__ = ("_cause", "_details", "_kind", "_message")

    def __init__(self, kind: ErrorKind, message: str) -> None:
        self._kind = kind
        self._message = message
        self._details: dict[str, Any] = {}
        self._cause: BaseException | None = None

    def with_context(self, key: str, value: Any) -> Self:
        """Adds a named value, one of the wire's (`wire.md`, Values); a second one of that name replaces it."""
        self._details[key] = value
        return self

    def with_contexts(self, values: Iterable[tuple[str, Any]]) -> Self:
        """Adds several."""
        self._details.update(values)
        return self

    def with_source(self, cause: BaseException) -> Self:
        """Names the error that led to this one; its text stays in the host."""
        self._cause = cause
        return self

    def build(self) -> CallError:
        """The error, to be raised."""
        shown = ", ".join(f"{key}: {truncate(str(value), MAX_SHOWN)}" for key, value in self._details.items())
        error = CallError(self._kind, f"{self._message} ({shown})" if shown else self._message, self._details)
        error.__cause__ = self._cause
        return error


def validation_error(what: str, problem: str, *, field: str) -> ErrorBuilder:
    """Input that does not fit.

    >>> print(validation_error("agent input", "text is empty", field="text").build())
    agent input: text is empty (field: text)
    """
    return ErrorBuilder(ErrorKind.VALIDATION, f"{what}: {problem}").with_context("field", field)


def not_found_error(what: str, name: str, known: Iterable[str] = ()) -> ErrorBuilder:
    """A name that nothing has; of those that are known the nearest is offered.

    >>> print(not_found_error("tool", "calculater", ["calculator"]).build())
    there is no tool 'calculater'; did you mean calculator? (name: calculater)
    """
    close = nearest(name, list(known))
    hint = f"; did you mean {close}?" if close else ""
    return ErrorBuilder(ErrorKind.NOT_FOUND, f"there is no {what} {truncate(name, MAX_SHOWN)!r}{hint}").with_context(
        "name", name
    )


def permission_error(what: str, next_step: str) -> ErrorBuilder:
    """Something that is not granted, and how to grant it.

    >>> print(permission_error("tool calculator", "allow it with --allow-tool calculator").build())
    tool calculator is not granted; allow it with --allow-tool calculator
    """
    return ErrorBuilder(ErrorKind.DENIED, f"{what} is not granted; {next_step}")


def timeout_error(what: str, seconds: float) -> ErrorBuilder:
    """Something that took too long.

    >>> print(timeout_error("the answer of echo/echo", 2.5).build())
    the answer of echo/echo took longer than 2.5 s (seconds: 2.5)
    """
    return ErrorBuilder(ErrorKind.TIMEOUT, f"{what} took longer than {seconds:g} s").with_context("seconds", seconds)


@contextmanager
def error_context(**values: object) -> Iterator[None]:
    """Adds a note to every exception that leaves the block: what was being done. The type stays, who catches it too.

    >>> try:
    ...     with error_context(step="upload", part=3):
    ...         raise OSError("disk full")
    ... except OSError as error:
    ...     error.__notes__
    ['while step: upload, part: 3']
    """
    try:
        yield
    except Exception as error:
        shown = ", ".join(f"{key}: {truncate(str(value), MAX_SHOWN)}" for key, value in values.items())
        error.add_note(f"while {shown}")
        raise
