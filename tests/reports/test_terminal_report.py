"""What people see of a check: lines for programs, more on a terminal, and how far it has come, on a real terminal."""

from __future__ import annotations

import io
import os
import pty
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from llmspell.cli.checking import Progress, marked
from llmspell.cli.terminal import Colours
from llmspell.utils.files import FileError
from llmspell.validate.finding import Finding, Position, Severity
from llmspell.validate.listing import Listing
from llmspell.validate.result import Result, Status
from llmspell.validate.spell import Spell
from tests.reports.examples import HOSTILE, RESULTS


class Terminal:
    """A real pseudo-terminal of 80 columns, and what came out of it."""

    def __init__(self) -> None:
        self._ours, self.theirs = pty.openpty()
        os.system(f"stty -F {os.ttyname(self.theirs)} cols 80 rows 24 -opost")
        self.said = b""
        self._came = threading.Condition()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._ours, 4096)
            except OSError:
                return
            with self._came:
                self.said += data
                self._came.notify_all()

    def wait_for(self, text: str) -> None:
        with self._came:
            assert self._came.wait_for(lambda: text.encode() in self.said, 100), (text, self.said)

    def close(self) -> None:
        os.close(self.theirs)
        self._thread.join()
        os.close(self._ours)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    if terminal.theirs >= 0:
        terminal.close()


def listed(results: tuple[Result, ...], **options: object) -> str:
    file = io.StringIO()
    with Listing(file, **options) as listing:  # type: ignore[arg-type]
        for result in results:
            listing.add(result)
        listing.close()
    return file.getvalue()


def test_without_a_terminal_each_finding_is_one_line_that_programs_can_read() -> None:
    assert listed(RESULTS).splitlines() == [
        "spells/broken.lua:3:1: error unknown-name: no API has 'Agnet'; is Agent meant?",
        "spells/broken.expect.toml: error output: the output differs:\\n- hello\\n+ hi",
        "spells/über uns, 100%.lua:1:8: warning bidi-control: a control of direction",
        "photo.lua: error binary: no text",
        "2 passed, 1 failed, 1 unchecked, 3 errors, 1 warning, 1 note",
    ]


def test_quiet_shows_errors_only_and_no_sum() -> None:
    assert [line.split(": ")[1].split()[0] for line in listed(RESULTS, quiet=True).splitlines()] == ["error"] * 3


def test_a_script_that_failed_is_never_left_out() -> None:
    assert listed((Result("a", Status.FAILED),)).splitlines()[0] == "a: error failed: no finding says why"


def test_the_slowest_scripts_are_named_slowest_first() -> None:
    results = tuple(Result(f"{number}.lua", Status.PASSED, seconds=number) for number in (2, 9, 1, 5))
    assert listed(results, slowest=2).splitlines()[:3] == ["slowest:", "    9.00 s  9.lua", "    5.00 s  5.lua"]


def test_on_a_terminal_the_line_is_shown_with_a_marker_and_the_whole_message() -> None:
    text = listed((RESULTS[1],), lines=marked(Colours("never")), clock=iter((0.0, 1.24)).__next__)
    assert text.splitlines() == [
        "spells/broken.lua:3:1: error unknown-name: no API has 'Agnet'; is Agent meant?",
        "  3 | Agnet.create()",
        "    | ^^^^^",
        "spells/broken.expect.toml: error output: the output differs:",
        "  - hello",
        "  + hi",
        "1 failed, 2 errors, 1 note in 1.2 s",
    ]


def test_hostile_text_steers_no_terminal_and_only_our_colours_are_in_it() -> None:
    bad = Finding(HOSTILE, Severity.ERROR, HOSTILE, Position(1, 1, 1, 9))
    text = listed((Result(HOSTILE, Status.FAILED, findings=(bad,), source=HOSTILE),), lines=marked(Colours("always")))
    bare = text.replace("\x1b[1;31m", "").replace("\x1b[0m", "")
    assert all(line.isprintable() for line in bare.split("\n"))
    assert "\\x1b[31m" in bare


def one_by_one(number: int, further: threading.Event) -> Iterator[None]:
    """As many, of which all but the first come later."""
    yield None
    further.wait(60)
    yield from [None] * (number - 1)


def test_the_way_a_check_has_come_stands_below_what_is_shown_and_leaves_nothing(terminal: Terminal) -> None:
    counted = threading.Event()
    with (
        os.fdopen(os.dup(terminal.theirs), "w") as file,
        Progress(Listing(file), terminal.theirs, one_by_one(3, counted)) as progress,
    ):
        found = (Spell(f"spells/{name}.lua", "lua", b"") for name in "abc")
        spells = progress.watched(spell for spell in progress.found(found) if spell.path != "spells/b.lua")
        terminal.wait_for(" ░░░░░░░░░░ 0 of 1+ checked · 0 not passed")
        counted.set()
        next(spells)
        terminal.wait_for("0 of 3 checked · 0 not passed")
        progress.add(Result("spells/a.lua", Status.FAILED, findings=(Finding("x", Severity.ERROR, "bad"),)))
        terminal.wait_for(" ███░░░░░░░ 1 of 3 checked · 1 not passed")
        next(spells)
        terminal.wait_for(" ██████░░░░ 2 of 3 checked · 1 not passed")
        assert next(spells, None) is None
        progress.add(Result("spells/c.lua", Status.PASSED))
        progress.close()
    terminal.wait_for("1 passed, 1 failed, 1 error\n")
    terminal.close()
    said, terminal.theirs = terminal.said.decode(), -1
    for line in said.split("\n"):  # what stands in a line when it ends
        assert line.rpartition("\r\x1b[K")[2] in (
            "spells/a.lua: error x: bad", "1 passed, 1 failed, 1 error", "",
        )  # fmt: skip


def test_a_long_or_hostile_path_keeps_the_line_a_line(terminal: Terminal) -> None:
    progress = Progress(Listing(io.StringIO()), terminal.theirs, ())
    next(progress.watched([Spell("\x1b[2J" + "x" * 500 + "/end.lua", "lua", b"")]))
    terminal.wait_for("/end.lua")
    progress.close()
    drawn = [piece for piece in terminal.said.decode().split("\r\x1b[K") if piece]
    assert all(len(piece) < 80 and piece.isprintable() for piece in drawn)


def test_the_way_is_shown_no_more_once_what_stands_above_it_cannot_be_written(terminal: Terminal) -> None:
    with open("/dev/full", "w", buffering=1) as file:
        progress = Progress(Listing(file), terminal.theirs, ())
        spells = progress.watched([Spell("a.lua", "lua", b"")])
        next(spells)
        terminal.wait_for("checked")
        with pytest.raises(FileError, match="cannot write '/dev/full': no space left"):
            progress.add(Result("a.lua", Status.FAILED))
        with suppress(OSError):
            file.close()  # it writes what it still holds
    terminal.close()
    assert terminal.said.endswith(b"\r\x1b[K")
    terminal.theirs = -1


def test_a_terminal_that_nobody_reads_holds_nothing_up() -> None:
    ours, theirs = pty.openpty()
    try:
        os.set_blocking(theirs, False)
        with suppress(BlockingIOError):
            while os.write(theirs, b"x" * 4096):
                pass
        begun = time.monotonic()
        with Progress(Listing(io.StringIO()), theirs, ()) as progress:
            for number in range(100):
                progress.add(Result(f"{number}.lua", Status.PASSED))
            progress.close()
        assert time.monotonic() - begun < 100
    finally:
        os.close(ours)
        os.close(theirs)
