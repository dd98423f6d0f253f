"""How a recorded run ended, read from its last line: the verdict, the value and the sums of its output."""

from __future__ import annotations

from typing import Any, NamedTuple

from llmspell.outcome import LimitHit, ScriptError, Usage, Verdict
from llmspell.sandbox.ending import RunEnd, Stopped
from llmspell.transcript.event import Event
from llmspell.transcript.form import TranscriptError, same

FROM_OUTSIDE = frozenset({Verdict.LIMIT, Verdict.CRASH, Verdict.CANCELLED})
"""Verdicts about something that a replay cannot measure again: they are taken from the record, where it ends."""
_NUMBER = (int, float)


class Ended(NamedTuple):
    """The end of a recorded run. `sums` are the SHA-256 and the bytes of each stream."""

    verdict: Verdict
    value: Any
    error: ScriptError | None
    limit: LimitHit | None
    evidence: str
    cancelled_by: int | None
    sums: dict[str, tuple[str, int]]
    masked: bool
    usage: Usage

    @property
    def from_outside(self) -> bool:
        """Whether a replay takes it from the record."""
        return self.verdict in FROM_OUTSIDE

    def stopped(self) -> Stopped:
        """The same end for a run that has come to where the record ends."""
        return Stopped(self.verdict, self.error, self.limit, self.evidence, self.cancelled_by)

    def differs(self, end: RunEnd, sums: dict[str, tuple[str, int]]) -> str | None:
        """What is another in a run that has ended, or None."""
        if end.verdict is not self.verdict:
            return f"the verdict is {end.verdict}, and {self.verdict} was recorded"
        if self.masked:
            return None  # what a key was in is another
        if not same(self.value, end.value):
            return "the value is not the one that was recorded"
        for stream, (sum_, size) in self.sums.items():
            if sums[stream] != (sum_, size):
                return f"{stream} is not what was recorded: {sums[stream][1]:,} bytes, and {size:,} were recorded"
        return None


def read_end(event: Event) -> Ended:
    """Reads the last line. Raises TranscriptError."""
    outcome = event.value("outcome")
    try:
        verdict = Verdict(outcome.get("verdict"))
        return Ended(
            verdict,
            outcome.get("value"),
            _error(outcome.get("error")),
            _limit(outcome.get("limit")),
            _one_of(outcome.get("evidence"), ("kernel", "host", "worker")),
            _whole(outcome.get("cancelled_by")),
            {stream: _sum(event[stream]) for stream in ("stdout", "stderr")},
            event["masked"] > 0,
            _usage(outcome.get("usage")),
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise TranscriptError(f"line {event.line:,} of the transcript is broken: its outcome is none") from None


def _error(found: Any) -> ScriptError | None:
    if found is None:
        return None
    kind, message, file = found["kind"], found["message"], found.get("file")
    trace = found.get("traceback") or []
    if not all(type(one) is str for one in (kind, message, *trace)) or type(file) not in (str, type(None)):
        raise TypeError
    return ScriptError(kind, message, file, _whole(found.get("line")), _whole(found.get("column")), tuple(trace))


def _limit(found: Any) -> LimitHit | None:
    if found is None:
        return None
    hit = LimitHit(found["name"], found["allowed"], found["used"], found["unit"])
    if type(hit.name) is not str or type(hit.unit) is not str:
        raise TypeError
    if type(hit.allowed) not in _NUMBER or type(hit.used) not in _NUMBER:
        raise TypeError
    return hit


def _usage(found: Any) -> Usage:
    figures = {name: found[name] for name in Usage._fields if found.get(name) is not None}
    if not all(type(figure) in _NUMBER and 0 <= figure < 1e18 for figure in figures.values()):
        raise TypeError
    return Usage(**figures)


def _whole(found: Any) -> int | None:
    if found is not None and type(found) is not int:
        raise TypeError
    return found


def _one_of(found: Any, known: tuple[str, ...]) -> str:
    return known[known.index(found)]


def _sum(found: Any) -> tuple[str, int]:
    if type(found["sha256"]) is not str or type(found["bytes"]) is not int:
        raise TypeError
    return found["sha256"], found["bytes"]
