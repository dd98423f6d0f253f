"""Files of a tree that nobody trusts: names made readable, and files read without following a link or waiting."""

from __future__ import annotations

import os
import stat

NOT_REGULAR = "it is no regular file"


class UnreadableError(Exception):
    """A file cannot be read; the text says why, in lower case."""


def shown_path(path: str) -> str:
    """A path as results have it: relative to the working directory where it is below it, with `/`, readable.

    >>> shown_path("spells/a\\tb.abc")
    'spells/a\\\\tb.abc'
    """
    name = os.path.normpath(path)
    if os.path.isabs(name):
        near = os.path.relpath(name)
        name = name if near.startswith("..") else near
    text = os.fsencode(name.replace(os.sep, "/")).decode("utf-8", "backslashreplace")
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def read_file(path: str, most: int, *, follow: bool = False) -> bytes:
    """The bytes of a regular file, at most one more than `most`. Raises UnreadableError, FileNotFoundError."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY  # opening a pipe would wait for its other end
    try:
        descriptor = os.open(path, flags if follow else flags | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise UnreadableError(_why(error)) from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnreadableError(NOT_REGULAR)
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(most + 1)
    except OSError as error:
        raise UnreadableError(_why(error)) from None
    finally:
        os.close(descriptor)


def _why(error: OSError | ValueError) -> str:
    return os.strerror(error.errno or 0).lower() if isinstance(error, OSError) else str(error)
