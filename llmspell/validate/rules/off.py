"""What a script itself switches off, by comments: `llmspell: off RULE, RULE`.

The rule kept here: a comment is about its own line, and about the next one where it stands alone; what is wrong
elsewhere is told as if there were none. So whoever tells one thing once, or only so many, asks before it counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from llmspell.validate.rules import ALWAYS, RULES

_MARK = b"llmspell: off"
_OFF = re.compile(r"llmspell: off ([a-z0-9, -]{1,200})")
_SWITCHED = RULES.keys() - ALWAYS

Span = tuple[int, int, str]
"""Where a piece of a text begins and ends, and what it is."""


class Off:
    """The lines of a source on which rules are off; those of `ALWAYS` never are."""

    def __init__(self, source: bytes = b"") -> None:
        self._rules: dict[int, frozenset[str]] = {}
        if _MARK not in source:
            return
        same: dict[frozenset[str], frozenset[str]] = {}
        for number, line in enumerate(source.decode("utf-8", "replace").split("\n"), 1):
            match = _OFF.search(line)
            rules = frozenset(match[1].replace(",", " ").split()) & _SWITCHED if match is not None else None
            if match is None or not rules:
                continue
            alone = not any(letter.isalnum() for letter in line[: match.start()])
            for each in {number, number + alone}:
                both = rules | self._rules.get(each, frozenset())
                self._rules[each] = same.setdefault(both, both)

    def has(self, rule: str, line: int) -> bool:
        """Whether a rule is off on a line."""
        return rule in self._rules.get(line, ())

    def left(self, rule: str, text: str, spans: Iterable[Span]) -> Iterator[Span]:
        """Those of some pieces of the source's text that begin where the rule is on."""
        if not self._rules:
            yield from spans
            return
        line, at = 1, 0
        for span in spans:
            if span[0] < at:
                line, at = 1, 0
            line += text.count("\n", at, span[0])
            at = span[0]
            if not self.has(rule, line):
                yield span
