"""What a terminal shows of a check: findings with their lines marked, and how far it has come.

The way a check has come stands on the last line of stderr, where that is a terminal, from its first moment on: how many
scripts there are is counted on a thread of its own, ahead of their being read. The line is drawn by another one, erased
before anything else is shown, and a terminal that takes no more bytes is never waited for.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Self

from llmspell.cli.spinner import ERASE, FRAMES, own_terminal, write_at_once
from llmspell.cli.terminal import Colours
from llmspell.utils.files import FileError
from llmspell.validate.finding import Finding, Severity
from llmspell.validate.listing import Lines
from llmspell.validate.reports.totals import Totals
from llmspell.validate.reports.wording import marked_line, position, shown, shown_path, shown_place
from llmspell.validate.result import Result, Status

if TYPE_CHECKING:
    from llmspell.validate.reports.report import Report
    from llmspell.validate.spell import Spell

EVERY = 0.1
"""Seconds from one drawing to the next."""
MOST_LINES = 40
"""Lines of a message that are shown."""
_BAR = 10
_LEAST_COLUMNS = 30


def marked(colours: Colours) -> Lines:
    """A finding in lines: where and what it is, the rest of what it says, the line of the source, and a marker."""
    paints = {Severity.ERROR: colours.red, Severity.WARNING: colours.yellow, Severity.NOTE: colours.faint}

    def lines(result: Result, finding: Finding) -> Iterator[str]:
        paint = paints[finding.severity]
        first, *others = finding.message.split("\n")
        yield f"{shown_place(result, finding)}: {paint(str(finding.severity))} {shown(finding.rule)}: {shown(first)}"
        yield from (f"  {shown(line)}" for line in others[:MOST_LINES])
        if len(others) > MOST_LINES:
            yield f"  and {len(others) - MOST_LINES:,} more lines"
        if finding.file is None:
            for number, line in enumerate(marked_line(result.source, position(finding))):
                yield paint(line) if number else line

    return lines


class _Count:
    """How many there are, as far as that is known yet."""

    def __init__(self, ahead: Iterable[object]) -> None:
        self.known = 0
        self.is_whole = False
        self._over = False
        self._thread = threading.Thread(target=self._count, args=(ahead,), name="llmspell-count", daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._over = True
        self._thread.join()

    def _count(self, ahead: Iterable[object]) -> None:
        try:
            for self.known, _ in enumerate(ahead, 1):
                if self._over:
                    return
        except Exception:  # noqa: BLE001 - a thread's boundary: whoever reads them says what is wrong with them
            return
        self.is_whole = True


class Progress:
    """A report that hands each result on to another one, which is shown above how far the check has come.

    `ahead` is gone through at once, to count how many scripts there will be. `found` is told of all that are looked at,
    and `watched` of those among them that are taken, so that it is known what is under way.
    """

    def __init__(self, inner: Report, descriptor: int, ahead: Iterable[object]) -> None:
        self._inner = inner
        self._descriptor = own_terminal(descriptor)
        self._lock = threading.Lock()
        self._under_way: dict[str, None] = {}
        self._count = _Count(ahead)
        self._found = self._taken = self._passed_over = 0
        self._all_found = False
        self._frame = 0
        self._totals = Totals()
        self._began = time.monotonic()
        self._drawn = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._draw_on, name="llmspell-progress", daemon=True)
        self._thread.start()

    def found(self, spells: Iterable[Spell | Result]) -> Iterator[Spell | Result]:
        """The same spells."""
        for spell in spells:
            self._passed_over = max(0, self._found - self._taken)
            self._found += 1
            yield spell
        self._passed_over = self._found - self._taken
        self._all_found = True

    def watched(self, spells: Iterable[Spell | Result]) -> Iterator[Spell | Result]:
        """The same spells."""
        for spell in spells:
            with self._lock:
                self._taken += 1
                self._passed_over = max(0, self._found - self._taken)
                self._under_way[spell.path] = None
            yield spell

    def add(self, result: Result) -> None:
        """Hands it on."""
        try:
            with self._lock:
                self._totals.add(result)
                self._under_way.pop(result.path, None)
                self._erase()
                self._inner.add(result)
        except FileError:  # nobody gives it another one, nor closes it
            self._end()
            raise

    def close(self, *, interrupted: str | None = None) -> None:
        """Takes the line away for good, and closes the other report."""
        self._end()
        self._inner.close(interrupted=interrupted)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *of_error: object) -> None:
        self._end()

    def _end(self) -> None:
        if self._over.is_set():
            return
        self._over.set()
        self._count.end()
        self._thread.join()
        self._erase()
        os.close(self._descriptor)

    def _draw_on(self) -> None:
        while not self._over.wait(EVERY):
            with self._lock:
                line = self._line(_columns(self._descriptor))
                self._drawn = write_at_once(self._descriptor, ERASE + line.encode("utf-8", "replace"), 0) or self._drawn

    def _line(self, columns: int) -> str:
        bad = self._totals.statuses[Status.FAILED] + self._totals.statuses[Status.UNCHECKED]
        told = f"{self._bar()} checked · {bad:,} not passed · {time.monotonic() - self._began:.0f} s"
        path = shown_path(next(iter(self._under_way), ""))
        room = columns - len(told) - 4
        if path and room > 8:
            told += f" · {path if len(path) <= room else '…' + path[1 - room :]}"
        return told[: columns - 1] if columns >= _LEAST_COLUMNS else ""

    def _bar(self) -> str:
        """How much of what is done; what was passed over is done, too."""
        done = self._totals.scripts + self._passed_over
        total = self._found if self._all_found else max(self._count.known, self._found)
        more = "" if self._all_found or self._count.is_whole else "+"
        full = _BAR * done // max(1, total)
        self._frame = (self._frame + 1) % len(FRAMES)
        return f"{FRAMES[self._frame]} {'█' * full}{'░' * (_BAR - full)} {done:,} of {total:,}{more}"

    def _erase(self) -> None:
        if self._drawn:
            write_at_once(self._descriptor, ERASE, 100)
            self._drawn = False


def _columns(descriptor: int) -> int:
    try:
        return os.get_terminal_size(descriptor).columns
    except OSError:
        return 0  # it has gone
