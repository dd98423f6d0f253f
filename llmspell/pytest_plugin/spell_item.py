"""One spell as a test, and what is shown of one that fails: no Python, but lines of the spell."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from llmspell.errors import LlmspellError
from llmspell.validate.finding import Finding, Severity
from llmspell.validate.places import shown_path
from llmspell.validate.reports.wording import failing, finding_line, marked_line, position, shown
from llmspell.validate.result import Result, Status
from llmspell.validate.runs.expectation import BadExpectationError
from llmspell.validate.runs.running import Ran
from llmspell.validate.spell import Spell

if TYPE_CHECKING:
    from llmspell.pytest_plugin.collecting import SpellCollection

MOST_FINDINGS = 20
"""Findings of one spell that are shown."""
MOST_OUTPUT = 20_000
"""Characters of each stream that are shown."""


class SpellItem(pytest.Item):
    """Checks a spell, and runs it where a cassette or an expectation stands beside it."""

    def __init__(self, *, collection: SpellCollection, **given: object) -> None:
        super().__init__(**given)  # type: ignore[arg-type]  # what pytest hands on to its own class
        self._collection = collection
        self._crash: tuple[str, int, str] | None = None
        self.add_marker("llmspell")

    def runtest(self) -> None:
        """Fails with what was found."""
        result = self._collection.shown(self._checked())
        if result.status is not Status.PASSED:
            for name in ("stdout", "stderr"):
                self._show_output(result, name)
            first = failing(result)[0]
            place = position(first)
            self._crash = shown(first.file or result.path), place.line if place else 1, shown(first.message, most=200)
            pytest.fail("\n".join(_told(result)), pytrace=False)
        for finding in result.findings:
            if finding.severity is Severity.WARNING:
                self.add_report_section("call", "llmspell", finding_line(result, finding))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What was found, in lines of the spell."""
        made = super().repr_failure(excinfo, style)
        crash = getattr(made, "reprcrash", None)
        if crash is not None and self._crash is not None:  # what stands in the short summary and in --tb=line
            crash.path, crash.lineno, crash.message = self._crash
        return made

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file and its first line."""
        return self.path.parent / shown(self.path.name), 0, self.parent.name if self.parent is not None else self.name

    def _checked(self) -> Result:
        path = os.path.relpath(self.path)
        try:
            found = self._collection.discovered(path)
            if isinstance(found, Spell) and self._collection.is_recorded(self.path):
                ran = self._collection.record(self.path, found)
                if ran.findings:
                    return _unrecorded(found, ran)
                found = self._collection.discovered(path)
        except BadExpectationError:
            pass  # nothing is recorded, and the check says why
        except LlmspellError as error:
            return Result(shown_path(path), Status.UNCHECKED, findings=(_not_checked(str(error)),))
        return self._collection.checker.check(found) if isinstance(found, Spell) else found

    def _show_output(self, result: Result, name: str) -> None:
        text = (result.outcome or {}).get(name)
        if text and isinstance(text, str):
            self.add_report_section("call", f"{name} of the spell", shown(text, most=MOST_OUTPUT, kept="\n"))


def _told(result: Result) -> Iterator[str]:
    found = failing(result)
    for finding in found[:MOST_FINDINGS]:
        first, *others = finding.message.split("\n")
        yield finding_line(result, finding._replace(message=first))
        if finding.file is None:
            yield from marked_line(result.source, finding.position)
        for line in others:
            yield f"    {shown(line)}"
    if len(found) > MOST_FINDINGS:
        yield f"and {len(found) - MOST_FINDINGS:,} more"


def _unrecorded(spell: Spell, ran: Ran) -> Result:
    return Result(
        spell.path,
        Status.FAILED,
        engine=spell.engine,
        findings=ran.findings,
        source=spell.source.decode("utf-8", "backslashreplace"),
        outcome=None if ran.outcome is None else ran.outcome.to_dict(pass_on=False),
    )


def _not_checked(why: str) -> Finding:
    return Finding("not-checked", Severity.ERROR, why)
