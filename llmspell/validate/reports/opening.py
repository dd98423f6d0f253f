"""The reports that are wanted, as one."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Self, TextIO

from llmspell.errors import UsageError
from llmspell.utils.files import FileError
from llmspell.validate.reports.masked import WithoutKeys
from llmspell.validate.reports.report import STDOUT, FileReport, Format, Report, reason
from llmspell.validate.result import Result


class Wanted(NamedTuple):
    """What to write and where: paths of files, `-` for stdout, None for what is not wanted."""

    json: str | None = None
    junit: str | None = None
    sarif: str | None = None
    html: str | None = None
    github: bool = False


class About(NamedTuple):
    """What the reports say of the whole check beside its results.

    `version` is llmspell's, `rules` are all rules with a sentence on each, `began` is when the check did, in seconds of
    the epoch, `below` is where the working directory is in the repository (`github.place_in_workspace`).
    """

    version: str
    rules: Mapping[str, str] = {}
    began: float = 0.0
    below: str = ""
    clock: Callable[[], float] = time.monotonic


class Reports:
    """Several reports as one. One that cannot be written any more is left out from then on and stops none of the
    others: what happened stands in `problems`. `keys` are in none of them, nor is what looks like a key.
    """

    def __init__(self, reports: Iterable[Report], *, keys: Iterable[str] = ()) -> None:
        self._open = list(reports)
        self._shown = WithoutKeys(keys)
        self.problems: list[FileError] = []

    @property
    def any_left(self) -> bool:
        """Whether there is one that can still be written."""
        return bool(self._open)

    def add(self, result: Result) -> None:
        """Gives each of them a result."""
        shown = self._shown(result)
        self._each(lambda report: report.add(shown))

    def close(self, *, interrupted: str | None = None) -> None:
        """Closes each of them."""
        self._each(lambda report: report.close(interrupted=interrupted))
        self._open = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(interrupted=None if kind is None else reason(kind))

    def _each(self, step: Callable[[Report], None]) -> None:
        for report in list(self._open):
            try:
                step(report)
            except FileError as error:
                self.problems.append(error)
                self._open.remove(report)
                if isinstance(report, FileReport):
                    report.drop()


def open_reports(
    wanted: Wanted,
    about: About,
    *,
    beside: Iterable[Report] = (),
    log: TextIO | None = None,
    summary: str | None = None,
    keys: Iterable[str] = (),
) -> Reports:
    """The reports that are wanted, with those that are there already (`beside`: what a terminal shows) before them.

    `log` is where annotations go, stdout unless told otherwise, and `summary` the file of a GitHub job's summary.
    `keys` are those that this host knows.
    Raises UsageError where two would be one file or a link leads elsewhere, FileError where one cannot be written.
    """
    _check_places(wanted)
    made: list[Report] = list(beside)
    try:
        for name, form in FORMATS.items():
            path = getattr(wanted, name)
            if path is not None:
                made.append(FileReport(path, form(about), clock=about.clock))
        if wanted.github:
            from llmspell.validate.reports.github import GitHub

            made.append(GitHub(log or sys.stdout, summary=summary, below=about.below, clock=about.clock))
    except FileError:
        for report in made:
            if isinstance(report, FileReport):
                report.drop()
        raise
    return Reports(made, keys=keys)


def _json(about: About) -> Format:
    from llmspell.validate.reports.document import JsonDocument

    return JsonDocument(about.version)


def _junit(_about: About) -> Format:
    from llmspell.validate.reports.junit import JUnit

    return JUnit()


def _sarif(about: About) -> Format:
    from llmspell.validate.reports.sarif import Sarif

    return Sarif(about)


def _html(about: About) -> Format:
    from llmspell.validate.reports.html import Page

    return Page(about)


FORMATS: dict[str, Callable[[About], Format]] = {"json": _json, "junit": _junit, "sarif": _sarif, "html": _html}
"""The formats of files, by the field of `Wanted`; what is loaded is what is wanted."""


def _check_places(wanted: Wanted) -> None:
    options: dict[str, str] = {}
    for option, path in wanted._asdict().items():
        if not isinstance(path, str):
            continue
        place = path if path == STDOUT else os.path.realpath(path)
        if path != STDOUT and _is_led_out(path, place):
            raise UsageError(
                f"--{option} {path[:300]!r}: a symbolic link leads from there to {place[:300]!r}: name that"
            )
        if place in options:
            raise UsageError(f"--{options[place]} and --{option} name the same place, {path}: give each its own")
        options[place] = option
    if wanted.github and STDOUT in options:
        raise UsageError(f"--github writes to stdout, and so does --{options[STDOUT]} {STDOUT}: name a file instead")


def _is_led_out(path: str, place: str) -> bool:
    """Whether a link leads a report out of the working directory, or out of the folder where it was to be.

    In what is checked anybody can put a link. What is no file is only written to, and what the system's own links
    (/dev/stdout) lead to was chosen by whoever started this.
    """
    typed, here = os.path.abspath(path), os.path.realpath(".")
    inside = _is_below(typed, here)
    if typed.startswith(("/dev/", "/proc/")) or (os.path.exists(place) and not os.path.isfile(place)):
        return False
    if not inside and not os.path.islink(path):
        return False
    return not _is_below(place, here if inside else os.path.realpath(os.path.dirname(typed)))


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder.rstrip("/") + "/")
