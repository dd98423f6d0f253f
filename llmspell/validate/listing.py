"""The listing of a check, as lines of text: what was found, and how much of what there was.

Each finding is one line, `path:line:column: severity rule: message`, the same wherever and however often it is made,
so that other programs can read it; a terminal is given more (`lines`), and at the end the time and the slowest scripts.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from typing import Self, TextIO

from llmspell.validate.finding import Finding, Severity
from llmspell.validate.reports.report import Failing, path_of
from llmspell.validate.reports.totals import Totals, finite
from llmspell.validate.reports.wording import finding_line, findings_of, shown_path
from llmspell.validate.result import Result

Lines = Callable[[Result, Finding], Iterable[str]]


class Listing:
    """A report to people. Errors and warnings, and with `notes` these too; `quiet`: errors only, and no sum.

    `lines` are those that show a finding, `slowest` is how many of the slowest scripts are named, `clock` is given
    where the time is to be shown.
    """

    def __init__(
        self,
        file: TextIO,
        *,
        notes: bool = False,
        quiet: bool = False,
        lines: Lines = lambda result, finding: [finding_line(result, finding)],
        slowest: int = 0,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.totals = Totals()
        self._file, self._quiet, self._lines = file, quiet, lines
        shown = [Severity.ERROR] if quiet else [Severity.ERROR, Severity.WARNING]
        self._shown = frozenset([*shown, Severity.NOTE] if notes else shown)
        self._most = slowest
        self._slowest: list[tuple[float, str]] = []
        self._clock = clock
        self._began = clock() if clock else 0.0

    def add(self, result: Result) -> None:
        """Shows what was found in one script."""
        self.totals.add(result)
        if self._most:
            step = heapq.heappushpop if len(self._slowest) >= self._most else heapq.heappush
            step(self._slowest, (finite(result.seconds), result.path))
        wanted = (one for one in findings_of(result) if one.severity in self._shown)
        lines = [line for one in wanted for line in self._lines(result, one)]
        if lines:
            self._print(*lines)

    def close(self, *, interrupted: str | None = None) -> None:
        """Shows the sum."""
        if self._quiet:
            return
        if self._most and self.totals.scripts > 1:
            self._print(
                "slowest:", *(f"  {took:6.2f} s  {shown_path(path)}" for took, path in sorted(self._slowest)[::-1])
            )
        took = f" in {self._clock() - self._began:.1f} s" if self._clock else ""
        self._print(f"{self.totals}{took}" + (f"; interrupted: {interrupted}" if interrupted else ""))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def _print(self, *lines: str) -> None:
        with Failing(path_of(self._file)):
            print(*lines, sep="\n", file=self._file, flush=True)
