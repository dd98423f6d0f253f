"""Rules about a source as text: not-utf8, binary, empty, bidi-control,
control-character, invisible-character.

The rule kept here: the text is gone through once, in time that is in proportion to it, and is understood by nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from llmspell.errors import UsageError
from llmspell.source import check_text
from llmspell.validate.finding import Finding, Position, Severity
from llmspell.validate.rules.off import Off

_MOST = 20
"""Findings of one rule: more say nothing new."""
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Embeddings, overrides and isolates (CVE-2021-42574)."""
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u2028\u2029]|\r(?!\n)|(?<![\f\n])(?<!^)\f")
"""Those that steer what shows the text, and those that end a line for some and not for others: what follows them looks
like a part of a comment, and may be run. Form feeds may begin a line: there languages take them for blanks, and editors
for the end of a page; behind a blank one lets Python begin a line anew that shows as a part of a block."""
_EMOJI = (
    "#*0-9\xa9\xae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u24c2\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_ALONE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2060-\u2065\u206a-\u206f\u2800\u3164\uffa0"
    "\ufff9-\ufffb\U000e0000-\U000e007f"
)
_INVISIBLE = re.compile(
    f"[{_ALONE}]|(?<!^)\ufeff|(?<![{_EMOJI}])[\ufe0e\ufe0f]|(?<=[#*0-9])[\ufe0e\ufe0f](?!\u20e3)"
    f"|(?<![{_HAN}])[\ufe00-\ufe0d\U000e0100-\U000e01ef]|(?<![\u1820-\u18aa])[\u180b-\u180d\u180f]"
)
"""Without the joiners of letters and of emoji, which have their use, and without one selector of how an emoji or a Han
letter looks; with the tags, by which text is hidden from people and not from models."""
HIDDEN = re.compile(f"[{_ALONE}\u180b-\u180d\u180f\u200c\u200d\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")
"""All that shows nothing, joiners and selectors included: what a name looks like is the name without it."""


def about_bytes(source: bytes, off: Off) -> Iterator[Finding]:
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
    except UnicodeDecodeError:
        yield from _first_not_utf8(source, off)


def _first_not_utf8(source: bytes, off: Off) -> Iterator[Finding]:
    for number, line in enumerate(source.split(b"\n"), 1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            if not off.has("not-utf8", number):
                column = len(line[: error.start].decode()) + 1
                says = f"it is no UTF-8: byte 0x{line[error.start]:02x}"
                yield Finding("not-utf8", Severity.WARNING, says, Position(number, column, number, column + 1))
                return


def about_characters(text: str, off: Off) -> Iterator[Finding]:
    """bidi-control, control-character, invisible-character."""
    for rule, pattern, severity, says in (
        ("bidi-control", _BIDI, Severity.ERROR, "shows the text around it in another order than it is read"),
        ("control-character", _CONTROL, Severity.ERROR, "ends a line or steers a terminal, and does not show"),
        ("invisible-character", _INVISIBLE, Severity.WARNING, "shows nothing, and is read all the same"),
    ):
        if text.isascii() and pattern is not _CONTROL:
            continue
        spans = ((*match.span(), match[0]) for match in pattern.finditer(text))
        for start, end, char in islice(off.left(rule, text, spans), _MOST):
            yield Finding(rule, severity, f"U+{ord(char):04X} {says}", position(text, start, end))


def position(text: str, start: int, end: int) -> Position:
    """Where a piece of one line of a text is."""
    line = text.count("\n", 0, start) + 1
    column = start - text.rfind("\n", 0, start)
    return Position(line, column, line, column + end - start)
