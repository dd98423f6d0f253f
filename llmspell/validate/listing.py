"""The listing of a check, as lines of text: what was found, and how much of what there was."""

from __future__ import annotations

from typing import Self, TextIO

from llmspell.validate.finding import Severity
from llmspell.validate.reports.totals import Totals
from llmspell.validate.reports.wording import finding_line
from llmspell.validate.result import Result


class Listing:
    """A report to people. Errors and warnings, and with `notes` these too; `quiet`: errors only, and no sum."""

    def __init__(self, file: TextIO, *, notes: bool = False, quiet: bool = False) -> None:
        self.totals = Totals()
        self._file, self._quiet = file, quiet
        shown = [Severity.ERROR] if quiet else [Severity.ERROR, Severity.WARNING]
        self._shown = frozenset([*shown, Severity.NOTE] if notes else shown)

    def add(self, result: Result) -> None:
        """Shows what was found in one script."""
        self.totals.add(result)
        lines = [finding_line(result, one) for one in result.findings if one.severity in self._shown]
        if lines:
            print("\n".join(lines), file=self._file, flush=True)

    def close(self, *, interrupted: str | None = None) -> None:
        """Shows the sum."""
        if not self._quiet:
            end = f"; interrupted: {interrupted}" if interrupted else ""
            print(f"{self.totals}{end}", file=self._file, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass
