"""The report for GitHub Actions: annotations at the lines of a change, and a summary of the job.

An annotation is a line of the log, `::error file=a,line=1::message`, which the runner reads as a command; the summary
is Markdown in the file that GITHUB_STEP_SUMMARY names.

The rule kept here: text of a script can end no line, begin no command and no property, and is no markup in the summary.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from typing import Self, TextIO

from llmspell.limits import MIB
from llmspell.utils.files import FileError
from llmspell.validate.finding import Finding, Severity
from llmspell.validate.reports.report import Failing, path_of, reason
from llmspell.validate.reports.totals import Ending, Totals
from llmspell.validate.reports.wording import findings_of, position, shown
from llmspell.validate.result import Result, Status

MOST_ANNOTATIONS = 1000
"""Annotations that are written; GitHub shows ten of each severity for a step, and the summary has the others."""
MOST_SUMMARY = MIB
"""Bytes of a summary: GitHub takes no more for a step."""
_ROOM = 4096
_MOST_SAID = 300
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


class GitHub:
    """The report. `log` is what the runner reads, `summary` the file of the job's summary, and `below` where the
    working directory is in the repository: annotations name files from its root. The summary is written also where the
    log cannot be any more.
    """

    def __init__(
        self, log: TextIO, *, summary: str | None = None, below: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._log = log
        self._summary = summary
        self._below = below
        self._clock = clock
        self._began = clock()
        self._totals = Totals()
        self._annotations = 0
        self._rows: list[str] = []
        self._room = MOST_SUMMARY - _ROOM
        self._left_out = 0
        self._closed = False
        self._lost: FileError | None = None

    def add(self, result: Result) -> None:
        """Writes the annotations of one script."""
        for finding in findings_of(result):
            if self._annotations < MOST_ANNOTATIONS:
                self._annotations += 1
                self._write(annotation(result, finding, below=self._below))
        self._totals.add(result)
        if self._summary is not None and result.status is not Status.PASSED:
            self._note(result)

    def close(self, *, interrupted: str | None = None) -> None:
        """Writes the summary."""
        if self._closed:
            return
        self._closed = True
        if interrupted is not None:
            self._write(f"::error title=llmspell validate::{_data(shown(interrupted))}\n")
        if self._summary is not None:
            text = self._whole(Ending(self._totals, self._clock() - self._began, interrupted))
            with Failing(self._summary), open(self._summary, "a", encoding="utf-8") as file:
                file.write(text)
        if self._lost is not None:
            raise self._lost

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(interrupted=None if kind is None else reason(kind))

    def _write(self, line: str) -> None:
        if self._lost is not None:
            return
        try:
            with Failing(path_of(self._log)):
                self._log.write(line.encode("utf-8", "backslashreplace").decode("utf-8"))
                self._log.flush()
        except FileError as error:
            if self._summary is None:
                raise
            self._lost = error  # told when the summary is written

    def _note(self, result: Result) -> None:
        """Keeps the row of a script that did not pass, as long as there is room."""
        findings = findings_of(result)
        said = "<br>".join(_told(one) for one in findings[:3])
        more = f"<br>and {len(findings) - 3} more" if len(findings) > 3 else ""
        row = f"| {result.status} | {_code(result.path)} | {said}{more} |\n"
        size = len(row.encode("utf-8", "backslashreplace"))
        if self._left_out or size > self._room:
            self._left_out += 1
            return
        self._room -= size
        self._rows.append(row)

    def _whole(self, ending: Ending) -> str:
        totals = ending.totals
        counts = " | ".join(f"{count:,}" for count in (*totals.statuses.values(), *totals.findings.values()))
        parts = [f"## llmspell validate: {totals}\n\n"]
        if ending.interrupted is not None:
            parts.append(f"**Incomplete**: {_markdown(ending.interrupted)}. What follows is what was checked.\n\n")
        heads = " | ".join((*totals.statuses, *(f"{severity}s" for severity in totals.findings)))
        parts += [f"| {heads} | time |\n", "| ---: " * 7 + "|\n", f"| {counts} | {ending.seconds:.1f} s |\n\n"]
        if self._rows:
            parts += ["| status | script | findings |\n| --- | --- | --- |\n", *self._rows]
        if self._left_out:
            parts.append(f"\nand {self._left_out:,} more scripts that did not pass\n")
        return "".join(parts).encode("utf-8", "backslashreplace").decode("utf-8")


def annotation(result: Result, finding: Finding, *, below: str = "") -> str:
    """The command for one finding, with its line end.

    >>> from llmspell.validate.finding import Position
    >>> bad = Finding("unknown-name", Severity.ERROR, "100%: no\\n::error::name", Position(3, 7, 3, 12))
    >>> print(annotation(Result("a,b.spell", Status.FAILED), bad), end="")
    ::error file=a%2Cb.spell,line=3,endLine=3,col=7,endColumn=12,title=unknown-name::100%25: no%0A::error::name
    """
    properties = {"file": os.path.normpath(os.path.join(below, finding.file or result.path))}
    place = position(finding)
    if place is not None:
        properties |= {"line": str(place.line), "endLine": str(place.end_line)}
        if place.line == place.end_line:  # elsewhere GitHub takes no columns
            properties |= {"col": str(place.column), "endColumn": str(place.end_column)}
    properties["title"] = finding.rule
    given = ",".join(f"{name}={_property(shown(text))}" for name, text in properties.items())
    message = _data(shown(finding.message, kept="\n"))
    return f"::{_COMMANDS[finding.severity]} {given}::{message}\n"


def place_in_workspace(environ: Mapping[str, str], folder: str) -> str:
    """Where a folder is in the repository that the runner has checked out; nothing where it is not in one.

    >>> place_in_workspace({"GITHUB_WORKSPACE": "/repo"}, "/repo/spells"), place_in_workspace({}, "/repo")
    ('spells', '')
    """
    workspace = environ.get("GITHUB_WORKSPACE")
    if not workspace:
        return ""
    below = os.path.relpath(os.path.realpath(folder), os.path.realpath(workspace))
    return "" if below == "." or below.startswith("..") else below


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _markdown(text: str) -> str:
    return _PUNCTUATION.sub(r"\\\1", shown(text, most=_MOST_SAID))


def _code(text: str) -> str:
    return f"<code>{_markdown(text)}</code>"


def _told(finding: Finding) -> str:
    place = position(finding)
    where = f"{place.line}:{place.column} " if place else ""
    lines = "<br>".join(map(_markdown, finding.message[:_MOST_SAID].split("\n")))
    more = " ..." if len(finding.message) > _MOST_SAID else ""
    return f"{where}{finding.severity} {_code(finding.rule)}: {lines}{more}"
