"""`llmspell repl`: on a real terminal, and from a pipe."""

from __future__ import annotations

import os
import stat
import termios

import pytest

from tests.cli.programs import Place
from tests.cli.talk import ASKS, history, talking


def test_statements_share_state_and_show_values_output_and_errors(place: Place) -> None:
    with talking(place) as talk:
        talk.say(b"x = 40")
        assert b"\r\n42\r\n" in talk.say(b"x + 2")[-200:].replace(b"\x1b[?2004l", b"\r\n")
        shown = talk.say(b'io.write("no newline")')
        assert b"no newline\r\n" in shown
        shown = talk.say(b'error("boom")')
        assert b"error\x1b[0m: boom\r\n" in shown
        assert b"repl:1" not in shown
        assert b"traceback" not in shown
        assert b"near" in talk.say(b"x = = 1")
        assert b"[1,2]" in talk.say(b"{1, x - 38}").replace(b" ", b"")
        talk.terminal.press(b"\x04")
        assert talk.terminal.end() == 0
        assert termios.tcgetattr(talk.terminal.slave) == talk.terminal.settings


def test_an_unfinished_statement_goes_on_in_the_next_line(place: Place) -> None:
    with talking(place, "--engine", "python") as talk:
        terminal = talk.terminal
        terminal.press(b"def f(x):\r")
        talk.see(b"....")
        terminal.press(b"  return x * 2\r")
        talk.see(b"....")
        talk.say(b"\x7f\x7f")  # back over the indentation: an empty line ends the block
        assert b"42" in talk.say(b"f(21)")
        terminal.press(b"y = [1,\r")
        talk.see(b"....")
        talk.say(b"2]")
        assert b"[1, 2]" in talk.say(b"y")
        shown = talk.say(b"1 / 0")
        assert b"division by zero" in shown
        terminal.press(b"quit()\r")
        assert terminal.end() == 0


def test_tab_completes_commands_live_names_their_members_and_the_script_api(place: Place) -> None:
    with talking(place) as talk:
        terminal = talk.terminal
        talk.say(b"counter_of_bees = {stings = 3, wings = 4}")
        for keys, completed in (
            (b":he\t", b"lp"),
            (b"counter_of\t", b"_bees"),
            (b"counter_of_bees.st\t", b"ings"),
            (b"Prov\t", b"ider"),
            (b"agent:invokeSt\t", b"ream"),
        ):  # what is missing is all that the terminal is sure to be sent
            terminal.press(keys)
            talk.see(completed)
            terminal.press(b"\x03")
            talk.see(ASKS)
        assert b"\r\n" in talk.say(b"\tcounter_of_bees.wings")  # at the begin of a line it indents
        assert b"Provider" not in talk.say(b":quit_not")
        terminal.press(b":quit\r")
        assert terminal.end() == 0


def test_commands_tell_of_limits_and_calls_and_reset_the_worker(place: Place) -> None:
    with talking(place, "--mem", "64M", "--max-model-calls", "7") as talk:
        talk.say(b"x = 1")
        talk.say(b'Tool.execute("calculator", {input = "1+1"})')
        talk.say(b'Agent.create{name = "a"}:execute("tea")')
        shown = talk.say(b":limits")
        assert b"64 MiB" in shown
        assert b"1 of 7 used" in shown
        shown = talk.say(b":calls")
        assert b"tool.invoke calculator: ok" in shown
        assert b"agent.execute a: ok" in shown
        assert b":reset" in talk.say(b":help")
        assert b"Lua 5.4" in talk.say(b":engine")
        assert b"there is no :nothing" in talk.say(b":nothing")
        assert b"fresh one" in talk.say(b":reset")
        assert b"true" in talk.say(b"x == nil")
        talk.terminal.press(b":quit\r")
        assert talk.terminal.end() == 0


def test_ctrl_c_clears_the_prompt_and_ends_what_runs_and_so_does_a_limit(place: Place) -> None:
    with talking(place, "--cpu", "0.3") as talk:
        terminal = talk.terminal
        talk.say(b"x = 1")
        talk.say(b"half a line\x03x = 2")
        assert b"2" in talk.say(b"x")
        terminal.press(b'print("ready") sleep(60)\r')
        talk.see(b"ready\r\n")
        terminal.press(b"\x03")
        shown = talk.see(ASKS)
        assert b"Ctrl-C ended the run" in shown
        assert b"its state is gone" in shown
        assert b"gone" not in talk.say(b"x = 3")
        shown = talk.say(b"while true do end")
        assert b"(cpu limit)" in shown
        assert b"its state is gone" in shown
        assert b"true" in talk.say(b"x == nil")
        terminal.press(b"os.exit(7)\r")
        assert terminal.end() == 7


def test_what_was_typed_is_there_the_next_time_and_only_the_user_can_read_it(place: Place) -> None:
    with talking(place) as talk:
        talk.say(b"return 6 * 7")
        talk.terminal.press(b"\x04")
        assert talk.terminal.end() == 0
    assert stat.S_IMODE(history(place).stat().st_mode) == 0o600
    assert stat.S_IMODE(history(place).parent.stat().st_mode) == 0o700
    history(place).chmod(0o644)
    with talking(place) as talk:
        talk.terminal.press(b"\x1b[A")
        talk.see(b"return 6 * 7")
        assert b"42" in talk.say(b"")
        talk.terminal.press(b"\x04")
        assert talk.terminal.end() == 0
    assert stat.S_IMODE(history(place).stat().st_mode) == 0o600


@pytest.mark.parametrize("what", ["file", "pipe"])
def test_without_a_place_for_history_there_is_none_and_nothing_else_is_missing(place: Place, what: str) -> None:
    if what == "file":
        place.write("home/.local", "no folder")
    else:
        history(place).parent.mkdir(parents=True)
        os.mkfifo(history(place))
    with talking(place) as talk:
        assert b"42" in talk.say(b"6 * 7")
        talk.terminal.press(b"\x1b[A")
        talk.see(b"6 * 7")
        talk.terminal.press(b"\x03")
        talk.see(ASKS)
        talk.terminal.press(b"\x04")
        assert talk.terminal.end() == 0


@pytest.mark.parametrize(
    ("engine", "lines", "shown"),
    [
        ("lua", "x = 6\nfunction f()\n  return x * 7\nend\n\nf()\nprint('hi')", b"42\nhi\n"),
        ("javascript", "let x = 6\nfunction f() {\n\n  return x * 7\n}\nf()\nprint('hi')\n", b"42\nhi\n"),
        ("python", "x = 6\nif x > 7:\n  print(1)\nelse:\n  print(2)\ndef f():\n  return x * 7\n\nf()\n", b"2\n42\n"),
    ],
    ids=["lua", "javascript", "python"],
)
def test_piped_statements_are_run_one_after_another_without_a_prompt(
    place: Place, engine: str, lines: str, shown: bytes
) -> None:
    ran = place.run("repl", "--engine", engine, stdin=lines.encode())
    assert (ran.code, ran.stdout, ran.stderr) == (0, shown, "")


@pytest.mark.parametrize(
    ("lines", "options", "code", "said"),
    [
        ("error('oh')", (), 1, "error: oh"),
        ("while true do end", ("--cpu", "0.2"), 3, "(cpu limit)"),
        ("Tool.execute('file-operations', {})", (), 4, "denied"),
        ("os.exit(9)", (), 9, ""),
        ("function f()", (), 1, "'end' expected"),
        ("--" + "x" * (6 << 20), (), 3, "source limit"),
    ],
    ids=["error", "limit", "denied", "exit", "unfinished", "too-large"],
)
def test_the_first_piped_statement_that_fails_is_the_last_and_gives_the_exit_code(
    place: Place, lines: str, options: tuple[str, ...], code: int, said: str
) -> None:
    ran = place.run("repl", *options, stdin=f"print('before')\n{lines}\nprint('after')\n".encode())
    assert (ran.code, ran.stdout) == (code, b"before\n")
    assert said in ran.stderr


def test_bytes_that_are_no_text_are_a_statement_like_any_other(place: Place) -> None:
    ran = place.run("repl", stdin=b"x = '\xff'\n#x\n\x00\n")
    assert (ran.code, ran.stdout) == (1, b"1\n")


@pytest.mark.parametrize("option", ["--seed=1", "--record=r.jsonl", "--replay=r.jsonl", "--replay-mode=once"])
def test_an_option_that_is_about_one_run_is_refused_and_never_ignored(place: Place, option: str) -> None:
    ran = place.run("repl", option, stdin=b"print('ran')\n")
    assert (ran.code, ran.stdout) == (2, b"")
    assert f"No such option '{option.partition('=')[0]}'" in ran.stderr


def test_what_cannot_be_set_up_is_told_before_the_first_prompt(place: Place) -> None:
    with place.terminal("repl", "--mem", "1M") as terminal:
        assert terminal.end() == 2
    assert b"too small" in terminal.shown
