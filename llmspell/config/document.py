"""One configuration file: read once, parsed once, gone over for lines when something is wrong.

This file keeps the rule that a hostile file costs a bounded amount: regular files only, opened without
waiting, 1 MiB, and no key of more than 32 parts. tomllib keeps every prefix of a dotted key, so a key of
n parts costs n x n steps and as much memory: half a million parts in 1 MiB would never end. The worst
file found within these bounds parses in 1.4 s.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from typing import Any, NamedTuple

from llmspell.config.lines import KeyLines, key_lines
from llmspell.config.refusal import refusal, shown
from llmspell.errors import ConfigError

MAX_BYTES = 1024 * 1024
MAX_KEY_PARTS = 32

# Possessive throughout, so that the search is linear. It takes text in quotes for keys too: no harm in that.
_LONG_KEY = re.compile(
    r"""(?:\.[ \t]*+(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+){%d}""" % MAX_KEY_PARTS  # noqa: UP031
)
_PLACE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)\Z")
_FILE_TYPES = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a FIFO"), (stat.S_ISSOCK, "a socket"))


class Content(NamedTuple):
    """What a file held when it was opened, and what the open file was."""

    data: bytes
    status: os.stat_result


class Document:
    """A parsed file. `content` are the very bytes that were parsed: trust is judged by them."""

    __slots__ = ("_lines", "content", "file", "table", "text")

    def __init__(self, file: str, content: bytes, text: str, table: dict[str, Any]) -> None:
        self.file = file
        self.content = content
        self.text = text
        self.table = table
        self._lines: KeyLines | None = None

    def line_of(self, path: tuple[str, ...]) -> int | None:
        """The line whose statement brings the key into being, or None for a key that is not there."""
        if self._lines is None:  # only when something is wrong, or shown
            self._lines = key_lines(self.text)
        return self._lines.line_of(path)


def read_regular(file: str, *, follow_links: bool = True) -> Content:
    """The whole content of a regular file of at most 1 MiB, read through one descriptor.

    Raises ConfigError for anything else; with `follow_links=False` for a symbolic link too.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
    try:
        descriptor = os.open(file, flags if follow_links else flags | os.O_NOFOLLOW)
        try:
            status = os.fstat(descriptor)
            data = _start(descriptor) if stat.S_ISREG(status.st_mode) else b""
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise _unreadable(file, error, follow_links) from None
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for test, name in _FILE_TYPES if test(status.st_mode)), "a device")
        raise refusal(file, None, (), f"is {kind}, and a configuration is a regular file")
    if len(data) > MAX_BYTES:
        size = max(status.st_size, len(data))
        raise refusal(file, None, (), f"has {size} bytes, and a configuration has at most {MAX_BYTES} (1 MiB)")
    return Content(data, status)


def read_document(file: str, *, follow_links: bool = True) -> Document:
    """The parsed file; raises ConfigError that names the file and, for a fault in its text, the line."""
    content = read_regular(file, follow_links=follow_links).data
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise refusal(file, line, (), f"is not UTF-8: byte {content[error.start]:#04x}") from None
    return Document(file, content, text, parse(text, file))


def parse(text: str, where: str) -> dict[str, Any]:
    """The TOML document; raises ConfigError with the line where tomllib knows it."""
    long_key = _LONG_KEY.search(text)
    if long_key is not None:
        line = text.count("\n", 0, long_key.start()) + 1
        raise refusal(where, line, (), f"more than {MAX_KEY_PARTS} names are joined by dots")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise refusal(where, None, (), "is no TOML that can be read: it is nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError, and int() for a number of over 4300 digits
        found = _PLACE.search(str(error))
        reason = shown(str(error)[: found.start()] if found else str(error))
        place = (int(found[1]) if found[1] else text.rstrip("\n").count("\n") + 1) if found else None
        raise refusal(where, place, (), f"is not TOML: {reason[:1].lower()}{reason[1:]}") from None


def _start(descriptor: int) -> bytes:
    """The whole content, or of a file that is too large one byte more than it may have."""
    with open(descriptor, "rb", closefd=False) as stream:
        return stream.read(MAX_BYTES + 1)


def _unreadable(file: str, error: OSError | ValueError, follow_links: bool) -> ConfigError:
    if isinstance(error, ValueError):  # a NUL in the name
        return refusal(file, None, (), "is no name of a file")
    if not follow_links and os.path.islink(file):
        return refusal(file, None, (), "is a symbolic link, which is not followed here; name its target with --config")
    reason = (error.strerror or "unknown error").lower()
    return refusal(file, None, (), f"cannot be read: {reason}")
