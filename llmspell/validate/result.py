"""What came of checking one script, as data that travels: from worker machines, from the cache, into every report."""

from __future__ import annotations

import enum
from typing import Any, NamedTuple, Self

from llmspell.validate.finding import Finding, Severity


class Status(enum.StrEnum):
    """`FAILED`: something is wrong with the script. `UNCHECKED`: it could not be looked at (unreadable, no engine)."""

    PASSED = "passed"
    FAILED = "failed"
    UNCHECKED = "unchecked"


class TimedCall(NamedTuple):
    """One call of a run on the timeline; seconds count from the begin of the run."""

    capability: str
    name: str | None
    ok: bool
    begun_seconds: float
    wall_seconds: float
    agent: str | None = None


class Result(NamedTuple):
    """One script, checked.

    `path` is as it was found, relative to the working directory and with `/`, as a text without line ends or control
    characters. `source` is its text as far as a report may show it (None where it is binary or too large).
    `outcome` is the outcome document of its run (`llmspell.outcome/1`), None where it was not run; `calls` are those of
    that run, `limits` what it was allowed (names of `Limits`). `seconds` is what checking took, wherever that was.
    """

    path: str
    status: Status
    engine: str | None = None
    sha256: str | None = None
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0
    source: str | None = None
    outcome: dict[str, Any] | None = None
    calls: tuple[TimedCall, ...] = ()
    limits: dict[str, float] = {}
    cached: bool = False

    def count(self, severity: Severity) -> int:
        """How many findings are of this severity."""
        return sum(finding.severity is severity for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """As JSON, in the order of the fields."""
        return {
            **self._asdict(),
            "status": self.status.value,
            "findings": [finding.to_dict() for finding in self.findings],
            "calls": [call._asdict() for call in self.calls],
        }

    @classmethod
    def from_dict(cls, made: dict[str, Any]) -> Self:
        """What `to_dict` made. Raises KeyError, TypeError or ValueError for anything else."""
        return cls(
            **{
                **made,
                "status": Status(made["status"]),
                "findings": tuple(Finding.from_dict(one) for one in made["findings"]),
                "calls": tuple(TimedCall(**one) for one in made["calls"]),
            }
        )
