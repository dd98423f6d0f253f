"""On a terminal: colour, control sequences, Ctrl-C, settings, sizes."""

from __future__ import annotations

import os
import signal
import termios

import pytest

from tests.cli.programs import SECONDS, Place

RED = b"\x1b[1;31m"


def test_colours_of_an_untrusted_script_pass_and_every_other_sequence_is_shown_escaped(place: Place) -> None:
    place.write(
        "a.lua",
        r'io.write("\27[31mred\27[0m \27]0;title\7 \27[2J \r \u{9b}31m \u{202e} \xff \t|")',
    )
    with place.terminal("sandbox", "a.lua") as terminal:
        assert terminal.end() == 0
    assert b"\x1b[31mred\x1b[0m \\x1b]0;title\\x07 \\x1b[2J \\r \\x9b31m \\u202e \\xff \t|" in terminal.shown


def test_a_sequence_that_is_cut_into_pieces_is_tamed_all_the_same(place: Place) -> None:
    place.write(
        "a.lua",
        r"""local pieces = {"\27", "[31", "mred\27[", "0m", "\xc2", "\x9b2J", "\27", "]0;x\7", "\xe2\x82",
  "\xac", "\27["}
for _, piece in ipairs(pieces) do
  io.write(piece)
  sleep(0.01)
end""",
    )
    with place.terminal("sandbox", "-q", "a.lua") as terminal:
        assert terminal.end() == 0
    assert terminal.shown == b"\x1b[31mred\x1b[0m\\x9b2J\\x1b]0;x\\x07\xe2\x82\xac\\x1b["


def test_a_trusted_script_may_steer_the_terminal(place: Place) -> None:
    with place.terminal("exec", r'io.write("\27]0;title\7")') as terminal:
        assert terminal.end() == 0
    assert terminal.shown == b"\x1b]0;title\x07"


@pytest.mark.parametrize(
    ("options", "environment", "coloured"),
    [
        ((), {}, True),
        ((), {"NO_COLOR": "1"}, False),
        ((), {"NO_COLOR": ""}, True),
        ((), {"TERM": "dumb"}, False),
        (("--color", "never"), {}, False),
        (("--color", "always"), {"NO_COLOR": "1", "TERM": "dumb"}, True),
    ],
)
def test_errors_are_coloured_on_a_terminal_unless_somebody_objects(
    place: Place, options: tuple[str, ...], environment: dict[str, str], coloured: bool
) -> None:
    with place.where(**environment).terminal("exec", 'error("boom")', *options) as terminal:
        assert terminal.end() == 1
    assert (RED in terminal.shown) is coloured
    assert (b"\x1b" in terminal.shown) is coloured
    assert b"boom" in terminal.shown


@pytest.mark.parametrize(("when", "coloured"), [("auto", False), ("never", False), ("always", True)])
def test_errors_in_a_pipe_are_coloured_only_if_that_is_asked_for(place: Place, when: str, coloured: bool) -> None:
    assert ("\x1b[" in place.run("exec", 'error("boom")', "--color", when).stderr) is coloured


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_the_panel_is_coloured_on_a_terminal_unless_somebody_objects(
    place: Place, environment: dict[str, str], coloured: bool
) -> None:
    with place.where(**environment).terminal("exec", 'print("hi")', "--output", "pretty") as terminal:
        assert terminal.end() == 0
    assert (b"\x1b[" in terminal.shown) is coloured
    assert b"hi" in terminal.shown


@pytest.mark.parametrize("size", [(1, 1), (24, 10), (0, 0), (500, 1000)])
def test_a_terminal_of_any_size_is_served(place: Place, size: tuple[int, int]) -> None:
    for words in (("exec", 'print("hi") error("boom")', "--output", "pretty"), ("tools", "list"), ("run", "--help")):
        with place.terminal(*words, rows=size[0], columns=size[1]) as terminal:
            assert terminal.end() in (0, 1)
        assert terminal.shown
        assert b"Traceback" not in terminal.shown


def test_a_narrow_terminal_leaves_names_in_one_piece(place: Place) -> None:
    with place.terminal("tools", columns=40) as terminal:
        assert terminal.end() == 0
    assert b"text-manipulator  " in terminal.shown


def test_ctrl_c_ends_the_run_and_the_terminal_is_as_it_was(place: Place) -> None:
    with place.terminal("exec", 'print("ready") while true do end') as terminal:
        terminal.until(b"ready")
        terminal.press(b"\x03")
        assert terminal.end() == 130
        assert termios.tcgetattr(terminal.slave) == terminal.settings
    assert b"Ctrl-C ended the run" in terminal.shown
    assert b"Traceback" not in terminal.shown


def test_ctrl_c_twice_is_no_worse_than_once(place: Place) -> None:
    with place.terminal("exec", 'print("ready") while true do end') as terminal:
        terminal.until(b"ready")
        terminal.press(b"\x03\x03")
        assert terminal.end() == 130
        assert termios.tcgetattr(terminal.slave) == terminal.settings
    assert b"Traceback" not in terminal.shown


def test_ctrl_c_ends_a_script_that_waits_for_what_is_typed(place: Place) -> None:
    with place.terminal("exec", 'print("ready") io.read("l")') as terminal:
        terminal.until(b"ready")
        terminal.press(b"\x03")
        assert terminal.end() == 130
    assert b"Traceback" not in terminal.shown


def test_a_script_reads_what_is_typed(place: Place) -> None:
    with place.terminal("exec", 'print("name?") print("hello " .. io.read("l"))') as terminal:
        terminal.until(b"name?")
        terminal.press(b"Ada\n")
        assert terminal.end() == 0
    assert b"hello Ada" in terminal.shown


def test_a_terminal_that_goes_away_ends_the_run(place: Place) -> None:
    with place.terminal("exec", 'print("ready") while true do print(1) end') as terminal:
        terminal.until(b"ready")
        os.dup2(terminal.slave, terminal.master)  # the last descriptor of the terminal's other side is closed
        assert terminal.process.wait(timeout=SECONDS) in (129, 141, -signal.SIGHUP)


def test_a_terminal_that_is_not_read_cannot_hold_up_the_limits(place: Place) -> None:
    reading, writing = os.pipe()
    flood = "while true do print(('x'):rep(500)) end"
    with place.terminal("exec", flood, "--timeout", "0.5", stderr=writing) as terminal:
        os.close(writing)
        assert terminal.process.wait(timeout=SECONDS) == 3
        assert b"(wall limit)" in os.read(reading, 4096)
    os.close(reading)
