"""One script, checked: its text, its syntax, what it calls, and what its run gives.

Theory of operation. A script is hostile, and so is everything beside it: its syntax is judged by its engine in a
confined worker, which is never given another script. The host looks at its bytes, by means that take time in
proportion to them, and at what the worker says, which it believes as little as the script.
"""

from __future__ import annotations

import time
from typing import Self

from llmspell.errors import LlmspellError
from llmspell.outcome import Outcome, Verdict
from llmspell.runtime import ScriptRuntime
from llmspell.sandbox.wake import Cancellation
from llmspell.source import sha256
from llmspell.validate.finding import Finding, Position, Severity
from llmspell.validate.result import Result, Status
from llmspell.validate.settings import Settings
from llmspell.validate.spell import Spell

SHOWN_SOURCE = 256 * 1024
"""Bytes of a source that a report may show."""


class Checker:
    """Checks scripts, one at a time and from any thread. A context manager; leaving it ends what it started.

    `cancellation` ends what runs; what comes of a check that it has ended says nothing about the script.
    """

    def __init__(self, settings: Settings, *, cancellation: Cancellation | None = None) -> None:
        """Raises UsageError for settings that nobody can check by."""
        self._settings, self._cancellation = settings, cancellation
        self._factory = settings.factory()
        self._runtimes: dict[str, ScriptRuntime] = {}

    def check(self, spell: Spell) -> Result:
        """What there is to say about a script. Raises nothing for what it is or does."""
        begun = time.perf_counter()
        try:
            found = self._findings(spell)
            status = self._status(found)
        except LlmspellError as error:  # no worker can be had for it
            found = [Finding("not-checked", Severity.ERROR, str(error))]
            status = Status.UNCHECKED
        return Result(
            spell.path,
            status,
            engine=spell.engine,
            sha256=sha256(spell.source),
            findings=tuple(found),
            seconds=time.perf_counter() - begun,
            source=spell.source.decode("utf-8", "backslashreplace") if len(spell.source) <= SHOWN_SOURCE else None,
        )

    def close(self) -> None:
        """Lets go what it holds."""
        for runtime in self._runtimes.values():
            runtime.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _status(self, found: list[Finding]) -> Status:
        bad = {Severity.ERROR, Severity.WARNING} if self._settings.strict else {Severity.ERROR}
        return Status.FAILED if any(one.severity in bad for one in found) else Status.PASSED

    def _findings(self, spell: Spell) -> list[Finding]:
        name = spell.path.rpartition("/")[2]
        outcome = self._runtime(spell.engine).execute(
            spell.source, name=name, mode="check", cancellation=self._cancellation
        )
        return [*spell.findings, *_syntax(outcome)]

    def _runtime(self, engine: str) -> ScriptRuntime:
        if engine not in self._runtimes:
            self._runtimes[engine] = ScriptRuntime(
                self._factory.get(engine), limits=self._settings.limits, require=self._settings.require
            )
        return self._runtimes[engine]


def _syntax(outcome: Outcome) -> list[Finding]:
    error = outcome.error
    if outcome.verdict is Verdict.OK or error is None:
        return []
    place = None
    if error.line is not None:
        column = error.column or 1
        place = Position(error.line, column, error.line, column + 1)
    return [Finding("syntax", Severity.ERROR, error.message, place)]


__all__ = ["Checker", "Settings"]
