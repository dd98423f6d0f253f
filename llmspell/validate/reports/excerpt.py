"""As much of a source as a page shows: all of a script of common size, else the lines around its findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from llmspell.validate.finding import Position

MOST_LINES = 4000
"""Lines of a script that are shown whole; the sources of larger ones are cut to what is around findings."""
MOST_COLUMNS = 600
"""Characters of a line that are shown; of a longer one the begin, or what is around the first finding."""
AROUND = 4
MOST_PLACES = 100


def excerpt(source: str, places: Iterable[Position | None], *, whole: bool = True) -> dict[str, Any]:
    """Lines to show, each with its number, the column at which what is shown of it begins, its text, and how many
    characters follow; and how many lines there are.

    >>> excerpt("one\\ntwo\\n", [])
    {'lines': [[1, 1, 'one', 0], [2, 1, 'two', 0]], 'count': 2}
    """
    found = [place for place in places if place is not None]
    count = source.count("\n") + (not source.endswith("\n"))
    columns = {place.line: place.column for place in reversed(found)}
    if whole and count <= MOST_LINES:
        lines = enumerate(source.removesuffix("\n").split("\n"), 1)
        return {"lines": [_cut(number, text, columns) for number, text in lines], "count": count}
    return {"lines": [_cut(number, text, columns) for number, text in _around(source, columns)], "count": count}


def _around(source: str, wanted: Iterable[int]) -> Iterator[tuple[int, str]]:
    numbers = sorted(
        {near for line in sorted(wanted)[:MOST_PLACES] for near in range(line - AROUND, line + AROUND + 1)}
    )
    at, begin = 1, 0
    for number in numbers:
        while at < number:
            begin = source.find("\n", begin) + 1
            if begin == 0:
                return
            at += 1
        if number >= 1 and begin < len(source):
            end = source.find("\n", begin)
            yield number, source[begin : len(source) if end < 0 else end]


def _cut(number: int, text: str, columns: dict[int, int]) -> list[Any]:
    text = text.removesuffix("\r")
    if len(text) <= MOST_COLUMNS:
        return [number, 1, text, 0]
    column = columns.get(number, 1)
    begin = max(0, min(column - 1 - MOST_COLUMNS // 4, len(text) - MOST_COLUMNS))
    return [number, begin + 1, text[begin : begin + MOST_COLUMNS], len(text) - begin - MOST_COLUMNS]
