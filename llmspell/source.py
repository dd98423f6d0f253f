"""A script's source: from a regular file only, only so large, only text; and the sum that names it in reports."""

from __future__ import annotations

import os
import stat
import sys

from llmspell.errors import UsageError, nearest

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)

_CONTROLS = frozenset(range(32)) - {*b"\t\n\v\f\r\x1b"}


def read_script(path: str, allowed: int) -> bytes:
    """The bytes of a script; raises UsageError that names what is wrong with the file.

    One byte over `allowed` is read and no more: whoever runs it turns that into the `source` limit.
    """
    try:
        # without O_NONBLOCK, opening a pipe would wait for its other end
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (OSError, ValueError) as error:
        reason = os.strerror(error.errno or 0).lower() if isinstance(error, OSError) else str(error)
        hint = _near(path) if isinstance(error, FileNotFoundError) else ""
        raise UsageError(f"script {_shown(path)} cannot be read: {reason}{hint}") from None
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            kind = next((name for matches, name in _KINDS if matches(mode)), "no regular file")
            raise UsageError(
                f"script {_shown(path)} cannot be run: it is {kind}; name a file, or - to read the script from stdin"
            )
        with open(descriptor, "rb", closefd=False) as file:
            source = file.read(allowed + 1)
    except OSError as error:
        raise UsageError(f"script {_shown(path)} cannot be read: {os.strerror(error.errno or 0).lower()}") from None
    finally:
        os.close(descriptor)
    return check_text(source, path)


def check_text(source: bytes, name: str) -> bytes:
    """The same source, if it is text; raises UsageError that says where it is not."""
    at = source.find(b"\0")
    if at >= 0:
        raise UsageError(f"script {_shown(name)} is no text: it holds a zero byte at offset {at:,}")
    if source.startswith(b"\x1b"):
        raise UsageError(f"script {_shown(name)} is no text: it looks like compiled code, which is never run")
    if _CONTROLS.intersection(source) and not _is_unicode(source):
        raise UsageError(f"script {_shown(name)} is no text: it holds control characters and is no UTF-8")
    return source


def _is_unicode(source: bytes) -> bool:
    try:
        source.decode()
    except UnicodeDecodeError:
        return False
    return True


def sha256(source: bytes) -> str:
    """The SHA-256 of a source, in hexadecimal; without OpenSSL, whose loading takes 3 ms of a run."""
    try:
        if sys.version_info >= (3, 12):
            from _sha2 import sha256  # type: ignore[import-not-found]
        else:
            from _sha256 import sha256  # type: ignore[import-not-found]
    except ImportError:  # a Python that was built without its own
        from hashlib import sha256
    return str(sha256(source).hexdigest())


def _near(path: str) -> str:
    """A hint at a file beside it that has nearly its name."""
    folder, name = os.path.split(path)
    stem, suffix = os.path.splitext(name)
    try:
        beside = sorted(os.listdir(folder or "."))[:1000]
    except OSError:
        return ""
    stems = {
        os.path.splitext(other)[0]: other for other in beside if os.path.splitext(other)[1] == suffix or not suffix
    }
    close = nearest(stem, list(stems))
    return f"; did you mean {_shown(os.path.join(folder, stems[close]))}?" if close else ""


def _shown(path: str) -> str:
    return repr(path) if len(path) <= 300 else f"{path[:300]!r}..."
