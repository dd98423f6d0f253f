"""`llmspell repl`: how what is typed or pasted becomes statements and commands, and how it is shown."""

from __future__ import annotations

import pytest

from tests.cli.programs import Place
from tests.cli.talk import talking


@pytest.mark.parametrize(
    ("engine", "lines", "shown"),
    [
        ("lua", '{\n  1,\n  2}\n"a" ..\n"b"\n', b'[1, 2]\n"ab"\n'),
        ("lua", "function f()\n  return 1\n  end\nf()\n", b"1\n"),
        ("javascript", "class A {\n  m() { return 1 }\n  }\nnew A().m()\n", b"1\n"),
        ("python", "x = (1,\n  2)\nx\nif x:\n  print(3)\n  print(4)\n\n5\n", b"[1, 2]\n3\n4\n5\n"),
    ],
    ids=["lua-expression", "lua-indented-end", "javascript-indented-end", "python"],
)
def test_a_statement_is_over_where_its_language_says_so_and_not_by_its_indentation(
    place: Place, engine: str, lines: str, shown: bytes
) -> None:
    ran = place.run("repl", "--engine", engine, stdin=lines.encode())
    assert (ran.code, ran.stdout, ran.stderr) == (0, shown, "")


@pytest.mark.parametrize(
    ("engine", "line", "shown"),
    [
        ("lua", 'io.write("a")', b"a"),
        ("lua", "t = {} t.t = t return t", b""),
        ("python", "{1, 2}", b""),
        ("javascript", "[print]", b""),
    ],
)
def test_a_value_that_cannot_travel_is_told_and_no_failure(place: Place, engine: str, line: str, shown: bytes) -> None:
    typed = f"{line}\nprint('on')\n".encode()
    ran = place.run("repl", "--engine", engine, stdin=typed)
    assert (ran.code, ran.stdout) == (0, shown + b"on\n")
    assert "the value is not shown: result" in ran.stderr
    assert place.run("repl", "--engine", engine, "-q", stdin=typed) == (0, shown + b"on\n", "")


def test_an_error_of_a_call_that_was_given_wrong_parameters_is_a_failure(place: Place) -> None:
    ran = place.run("repl", stdin=b"Tool.execute('calculator', {input = '1 +'})\nprint('on')\n")
    assert (ran.code, ran.stdout) == (1, b"")
    assert "the expression ends too early" in ran.stderr


def test_what_is_pasted_behind_a_command_is_done_too(place: Place) -> None:
    with talking(place) as talk:
        talk.say(b"x = 1")
        shown = talk.say(b"\x1b[200~:reset\nprint(x)\n\x1b[201~")
        assert b"the worker was ended" in shown
        assert b"nil\r\n" in shown


def test_a_command_with_something_behind_it_is_not_obeyed(place: Place) -> None:
    ran = place.run("repl", stdin=b"x = 1\n:reset now\nx\n")
    assert (ran.code, ran.stderr) == (0, "")
    assert ran.stdout == b":reset stands alone, and was not obeyed with 'now' behind it\n1\n"


def test_tabs_are_shown_as_room_and_a_long_line_as_one_line(place: Place) -> None:
    with talking(place) as talk:
        shown = talk.say(b"\x1b[200~if true then\n\tprint(1)\nend\x1b[201~")
        assert b"^I" not in shown
        assert b"...." in shown
        shown = talk.say(b"x = '" + b"a" * 100 + b"'")
        assert b"...." not in shown


def test_letters_of_a_value_are_shown_as_they_are_on_a_terminal_and_nothing_steers_it(place: Place) -> None:
    line = r'"h\u{e9} \u{4e2d}\u{9b}31m\u{202e}\u{e0001}\27[31m"'
    with talking(place.where(PYTHONUTF8="1")) as talk:
        shown = talk.say(line.encode())
    assert '"hé 中\\u009b31m\\u202e\\udb40\\udc01\\u001b[31m"'.encode() in shown
    piped = place.run("repl", stdin=line.encode() + b"\n").stdout
    assert piped == rb'"h\u00e9 \u4e2d\u009b31m\u202e\udb40\udc01\u001b[31m"' + b"\n"
