"""`llmspell repl`: what ends the prompt, a statement or the worker, and what is told and left of it."""

from __future__ import annotations

import os
import select
import signal
import termios

import pytest

from tests.cli.programs import COMMAND, SIGNALS, Place, Terminal
from tests.cli.talk import ASKS, Talk, talking


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_at_the_prompt_ends_it_and_leaves_the_terminal_as_it_was(place: Place, number: signal.Signals) -> None:
    with talking(place) as talk:
        talk.say(b"x = 1")
        assert termios.tcgetattr(talk.terminal.slave) != talk.terminal.settings
        talk.terminal.process.send_signal(number)
        assert talk.terminal.end() == SIGNALS[number]
        assert termios.tcgetattr(talk.terminal.slave) == talk.terminal.settings


def test_ctrl_c_again_and_again_ends_a_run_and_nothing_else(place: Place) -> None:
    with talking(place) as talk:
        terminal = talk.terminal
        for _ in range(4):
            terminal.press(b'print("ready") while true do end\r')
            talk.see(b"ready\r\n")
            begin = len(terminal.shown)
            while ASKS not in terminal.shown[begin:]:
                assert terminal.process.poll() is None, terminal.shown
                terminal.process.send_signal(signal.SIGINT)
                if select.select([terminal.master], [], [], 0.003)[0]:
                    terminal.shown += os.read(terminal.master, 65536)
            talk.see(ASKS)
        terminal.press(b'print("al" .. "ive")\r')
        talk.see(b"alive\r\n")
        talk.see(ASKS)
        terminal.press(b"\x04")
        assert terminal.end() == 0
    assert b"Traceback" not in terminal.shown
    assert b"never awaited" not in terminal.shown


def test_ctrl_z_at_the_prompt_stops_it_until_it_is_wanted_again(place: Place) -> None:
    shell = ["/bin/bash", "--norc", "--noprofile", "--noediting", "-i"]
    environment = {**place.environment, "PROMPT_TOOLKIT_NO_CPR": "1", "PS1": "shell> "}
    with Terminal(shell, place.folder, environment, size=(24, 80), stderr=None) as terminal:
        talk = Talk(terminal)
        talk.see(b"shell> ")
        terminal.press(" ".join((*COMMAND, "repl\n")).encode())
        talk.see(ASKS)
        talk.say(b"x = 40")
        terminal.press(b"\x1a")
        talk.see(b"Stopped")
        terminal.press(b"fg\n")
        talk.see(ASKS)
        assert b"42" in talk.say(b"x + 2")
        terminal.press(b"\x04")
        talk.see(b"shell> ")
        terminal.press(b"exit\n")
        assert terminal.end() == 0


def test_a_limit_in_the_check_of_a_statement_is_named_and_the_statement_is_not_run(place: Place) -> None:
    grow = 'for i = 1, 100 do t[#t + 1] = ("x"):rep(100000) .. i end'
    ran = place.run("repl", "--mem", "30M", stdin=f"t = {{}}\n{grow}\n{grow}\nprint(type(t))\n".encode())
    assert (ran.code, ran.stdout) == (3, b"")
    assert "(memory limit)" in ran.stderr
    assert "its state is gone" in ran.stderr
    with talking(place, "--mem", "30M") as talk:
        talk.say(b"t = {}")
        talk.say(grow.encode())
        shown = talk.say(grow.encode())
        assert b"(memory limit)" in shown
        assert b"its state is gone" in shown
        assert b"attempt" not in shown
        talk.terminal.press(b"\x1b[A")
        talk.see(b"for i = 1")  # it can be had again


def test_a_statement_that_was_typed_before_its_state_was_lost_is_not_run(place: Place) -> None:
    with talking(place) as talk:
        talk.say(b"next = function() while true do end end")
        talk.terminal.press(b"Prov\t")
        talk.see(b"ider")  # the names that live in the worker could not be told, and it was ended
        talk.terminal.press(b"\x15")
        shown = talk.say(b"print(40 + 2)")
        assert b"its state is gone" in shown
        assert b"is not run" in shown
        assert b"\r\n42" not in shown
        assert b"42\r\n" in talk.say(b"print(40 + 2)")
