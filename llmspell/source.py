"""A script's source from a file: only a regular file, only so large, only text."""

from __future__ import annotations

import os
import stat

from llmspell.errors import UsageError


def read_script(path: str, allowed: int) -> bytes:
    """The bytes of a script; raises UsageError that names what is wrong with the file.

    One byte over `allowed` is read and no more: whoever runs it turns that into the `source` limit.
    """
    try:
        # without O_NONBLOCK, opening a pipe would wait for its other end
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        reason = os.strerror(error.errno or 0).lower() if isinstance(error, OSError) else str(error)
        raise UsageError(f"script {path!r} cannot be read: {reason}") from None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            kind = "a folder" if stat.S_ISDIR(found.st_mode) else "no regular file"
            raise UsageError(f"script {path!r} cannot be run: it is {kind}; read a script from a pipe with -")
        with open(descriptor, "rb", closefd=False) as file:
            source = file.read(allowed + 1)
    finally:
        os.close(descriptor)
    return check_text(source, path)


def check_text(source: bytes, name: str) -> bytes:
    """The same source, if it is text; raises UsageError that says where it is not."""
    at = source.find(b"\0")
    if at >= 0:
        raise UsageError(f"script {name!r} is no text: it holds a zero byte at {at}")
    if source.startswith(b"\x1b"):
        raise UsageError(f"script {name!r} is no text: it looks like compiled code, which is never run")
    return source
