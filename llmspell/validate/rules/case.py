"""What a rule is given, and what it gives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from llmspell.errors import nearest
from llmspell.validate.facts import Facts, Lines, Place
from llmspell.validate.finding import Finding, Severity
from llmspell.validate.names import EngineNames
from llmspell.validate.rules.off import Off
from llmspell.validate.spell import Spell

MAX_HINTS = 50
"""Of one script: to look for the nearest name takes milliseconds."""


class Case(NamedTuple):
    """One script with what is known of it and around it. `tools` are JSON schemas of parameters by canonical name,
    `packages` what may be imported by grant. `hints` are as many as may be looked for. `off` is what the script
    switches off."""

    spell: Spell
    facts: Facts
    lines: Lines
    names: EngineNames
    tools: Mapping[str, Mapping[str, Any]]
    packages: tuple[str, ...] = ()
    hints: Iterator[int] = iter(())
    off: Off = Off()

    def nearest(self, name: str, known: list[str]) -> str | None:
        """The known name that is most likely meant, or None: there is none, or enough have been looked for."""
        return nearest(name, known) if next(self.hints, None) is not None else None

    def is_off(self, rule: str, place: Place) -> bool:
        """Whether the script switches a rule off at a place: what is told once is told of another one then."""
        return self.off.has(rule, self.lines.position(place).line)

    def replaced(self) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
        """What the script gives another value: names, of which it is all or nobody knows what; and their members."""
        written = [use for use in self.facts.uses if use.use == "write"]
        names = {use.name for use in written if not use.members} | self.facts.assigned
        return frozenset(names), frozenset((use.name, use.members[0][0]) for use in written if use.members)

    def finding(
        self, rule: str, message: str, place: Place, *, guarded: bool, severity: Severity | None = None
    ) -> Finding:
        """A finding at a place. What the script catches is a note."""
        severity = Severity.NOTE if guarded else severity or Severity.ERROR
        return Finding(rule, severity, message, self.lines.position(place))


def shown(name: str) -> str:
    """A name of a script in a message."""
    return ascii(name[:80])[1:-1] if name.isprintable() is False else name[:80]
