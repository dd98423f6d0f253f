"""Findings in words, and text of scripts in a form that can harm no reader of a log.

The rule kept here: what is shown is printable. So nothing steers a terminal, ends a line, turns the direction of text
or is missing from XML; and a log that a CI reads for commands finds none of a script's in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmspell.escaping import escaped
from llmspell.validate.finding import Finding, Position, Severity
from llmspell.validate.result import Result, Status

MOST_SHOWN = 2000
"""Characters of a message that are shown."""

_COMMAND = re.compile(r"##(?=[A-Za-z]*\[)")  # ##[error] is read by GitHub, ##vso[..] by Azure, anywhere in a line


def shown(text: str, *, most: int = MOST_SHOWN, kept: str = "") -> str:
    """Text as it can be printed: cut, escaped but for what is `kept`, and without what a CI takes for a command.

    >>> shown("a\\u202eb\\n##[error]c")
    'a\\\\u202eb\\\\n#\\\\x23[error]c'
    """
    if len(text) > most:
        text = text[:most] + f"... ({len(text) - most:,} more characters)"
    return _COMMAND.sub(r"#\\x23", escaped(text, kept=kept))


def shown_path(path: str) -> str:
    """A path as it can stand at the begin of a line.

    >>> shown_path("::error::a.x")
    './::error::a.x'
    """
    text = shown(path)
    return f"./{text}" if text.lstrip().startswith(("::", "##")) else text


def finding_line(result: Result, finding: Finding) -> str:
    """`path:line:column: severity rule: message` on one line; without a place, as far as there is one.

    >>> from llmspell.validate.result import Result, Status
    >>> bad = Finding("unknown-name", Severity.ERROR, "no API has 'Agnet'", Position(3, 7, 3, 12))
    >>> finding_line(Result("a/b.spell", Status.FAILED), bad)
    "a/b.spell:3:7: error unknown-name: no API has 'Agnet'"
    """
    return f"{shown_place(result, finding)}: {finding.severity} {shown(finding.rule)}: {shown(finding.message)}"


def shown_place(result: Result, finding: Finding) -> str:
    """`path:line:column` of a finding, or the path alone."""
    place = position(finding)
    where = f":{place.line}:{place.column}" if place else ""
    return shown_path(finding.file or result.path) + where


def position(finding: Finding) -> Position | None:
    """Where a finding is, in numbers that every format takes: from 1 on, and no end before the begin."""
    if finding.position is None:
        return None
    line, column, end_line, end_column = (min(max(int(number), 1), 2**31 - 1) for number in finding.position)
    end_line = max(line, end_line)
    return Position(line, column, end_line, max(column, end_column) if end_line == line else end_column)


def findings_of(result: Result) -> tuple[Finding, ...]:
    """The findings; of a script that did not pass and has none that says why, one more that does."""
    if result.status is Status.PASSED or any(one.severity is not Severity.NOTE for one in result.findings):
        return result.findings
    error = (result.outcome or {}).get("error") or {}
    says = error.get("message") if isinstance(error, dict) else None
    rule = "run" if says else str(result.status)
    return (*result.findings, Finding(rule, Severity.ERROR, str(says or "no finding says why")))


def failing(result: Result) -> tuple[Finding, ...]:
    """The findings for which a script did not pass: its errors, and where it has none, its warnings."""
    if result.status is Status.PASSED:
        return ()
    found = findings_of(result)
    errors = tuple(one for one in found if one.severity is Severity.ERROR)
    return errors or tuple(one for one in found if one.severity is Severity.WARNING)


def marked_line(source: str | None, place: Position | None, *, most: int = 160) -> Iterator[str]:
    """The line of the source that a finding is in, and below it a marker; none where there is no such line."""
    if source is None or place is None:
        return
    text = nth_line(source, place.line)
    if text is None:
        return
    begin = max(0, place.column - 1 - most // 2) if place.column > most else 0
    piece = text[begin : begin + most]
    cut = place.column - 1 - begin
    until = max(place.end_column - 1 - begin, cut + 1) if place.end_line == place.line else len(piece)
    before, inside, after = (
        shown(part, most=12 * most, kept="\t").expandtabs(4) for part in (piece[:cut], piece[cut:until], piece[until:])
    )
    number = str(place.line)
    yield f"  {number} | {before}{inside}{after}"
    yield f"  {' ' * len(number)} | {' ' * len(before)}{'^' * max(1, len(inside))}"


def nth_line(source: str, number: int) -> str | None:
    """A line of a text, without its end; None where there are fewer. It looks at no more of the text than it needs."""
    begin = 0
    for _ in range(number - 1):
        begin = source.find("\n", begin) + 1
        if begin == 0:
            return None
    end = source.find("\n", begin)
    return source[begin : len(source) if end < 0 else end].removesuffix("\r")
