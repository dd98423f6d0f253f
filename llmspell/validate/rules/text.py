"""Rules about a source as text: not-utf8, binary, empty, bidi-control, invisible-character.

The rule kept here: the text is gone through once, in time that is in proportion to it, and is understood by nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmspell.errors import UsageError
from llmspell.source import check_text
from llmspell.validate.finding import Finding, Position, Severity

_MOST = 20
"""Findings of one rule: more say nothing new."""
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Embeddings, overrides and isolates (CVE-2021-42574)."""
_INVISIBLE = re.compile(
    "[\u00ad\u115f\u1160\u200b\u200e\u200f\u061c\u2060-\u2064\u3164\uffa0\U000e0000-\U000e007f]|(?<!^)\ufeff"
)
"""Without the joiners of letters and of emoji, which have their use; with the tags, by which text is hidden from people
and not from models."""


def about_bytes(source: bytes) -> Iterator[Finding]:
    """binary, not-utf8, empty."""
    if not source.strip():
        yield Finding("empty", Severity.NOTE, "there is nothing in it")
        return
    try:
        check_text(source, "")
    except UsageError as error:
        yield Finding("binary", Severity.ERROR, "it is no text: " + str(error).partition("is no text: ")[2])
        return
    try:
        source.decode()
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        before = source[source.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8", "replace")
        place = Position(line, len(before) + 1, line, len(before) + 2)
        says = f"it is no UTF-8: byte 0x{source[error.start]:02x}"
        yield Finding("not-utf8", Severity.WARNING, says, place)


def about_characters(text: str) -> Iterator[Finding]:
    """bidi-control, invisible-character."""
    for rule, pattern, severity, says in (
        ("bidi-control", _BIDI, Severity.ERROR, "shows the text around it in another order than it is read"),
        ("invisible-character", _INVISIBLE, Severity.WARNING, "shows nothing, and is read all the same"),
    ):
        if text.isascii():
            continue
        for count, match in enumerate(pattern.finditer(text)):
            if count == _MOST:
                break
            yield Finding(rule, severity, f"U+{ord(match[0]):04X} {says}", position(text, match.start(), match.end()))


def position(text: str, start: int, end: int) -> Position:
    """Where a piece of one line of a text is."""
    line = text.count("\n", 0, start) + 1
    column = start - text.rfind("\n", 0, start)
    return Position(line, column, line, column + end - start)
