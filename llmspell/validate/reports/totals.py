"""How many of what: the figures that every report shows."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from llmspell.validate.finding import Severity
from llmspell.validate.reports.wording import findings_of
from llmspell.validate.result import Result, Status


class Totals:
    """The counts of the results so far. `seconds` is what checking them took, added up over all that checked."""

    __slots__ = ("cached", "findings", "seconds", "statuses")

    def __init__(self) -> None:
        self.statuses = dict.fromkeys(Status, 0)
        self.findings = dict.fromkeys(Severity, 0)
        self.cached = 0
        self.seconds = 0.0

    def add(self, result: Result) -> None:
        """Counts one result."""
        self.statuses[result.status] += 1
        for finding in findings_of(result):
            self.findings[finding.severity] += 1
        self.cached += result.cached
        self.seconds += finite(result.seconds)

    @property
    def scripts(self) -> int:
        """How many results there were."""
        return sum(self.statuses.values())

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "scripts": self.scripts,
            **{status.value: count for status, count in self.statuses.items()},
            "cached": self.cached,
            "findings": {severity.value: count for severity, count in self.findings.items()},
            "seconds": round(self.seconds, 6),
        }

    def __str__(self) -> str:
        """In words, without what there is none of.

        >>> totals = Totals()
        >>> str(totals)
        'no scripts'
        >>> totals.add(Result("a", Status.PASSED))
        >>> str(totals)
        '1 passed'
        """
        parts = [f"{count:,} {status}" for status, count in self.statuses.items() if count]
        parts += [f"{count:,} {plural(severity, count)}" for severity, count in self.findings.items() if count]
        return ", ".join(parts) or "no scripts"


class Ending(NamedTuple):
    """What is known when all results are in. `seconds` passed on the clock; `interrupted` says why some are missing."""

    totals: Totals
    seconds: float
    interrupted: str | None


def checked(ending: Ending) -> str:
    """How many scripts were looked at, in words.

    >>> checked(Ending(Totals(), 0.0, None))
    '0 scripts were checked'
    """
    count = ending.totals.scripts
    return f"{count:,} {plural('script', count)} {'was' if count == 1 else 'were'} checked"


def finite(seconds: float) -> float:
    """Seconds as every format can say them: a worker of somebody's may have sent no number at all.

    >>> finite(float("nan")), finite(-1.0), finite(0.5)
    (0.0, 0.0, 0.5)
    """
    return seconds if isinstance(seconds, (int, float)) and 0.0 <= seconds < math.inf else 0.0


def plural(word: str, count: int) -> str:
    """A word of a count.

    >>> plural("error", 1), plural("error", 2)
    ('error', 'errors')
    """
    return word if count == 1 else f"{word}s"
