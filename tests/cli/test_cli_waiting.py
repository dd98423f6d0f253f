"""While a script waits for a model: the spinner, what it leaves, and Ctrl-C at any moment. On real terminals."""

from __future__ import annotations

import os
import re
import select
import signal
import termios

import pytest

from llmspell.cli.spinner import DELAY, Spinner
from llmspell.testing import Answer, Fault, LLMServer
from tests.cli.programs import SECONDS, Place, read_until

SPINNER = b"waiting for the model"
ERASED = b"\r\x1b[K"
SLOW = '[providers.{}]\ntype = "echo"\ndelay_seconds = {}\n'


@pytest.fixture
def slow(place: Place) -> Place:
    """A place whose provider `slow` takes 100 s for an answer, `steady` three and `brisk` half a second."""
    kinds = {"slow": 100, "steady": 3, "brisk": 0.5}
    place.write("c.toml", "".join(SLOW.format(name, seconds) for name, seconds in kinds.items()))
    return place


def screen(shown: bytes) -> list[str]:
    """The lines as they stand on a terminal when it is over."""
    lines = []
    for line in shown.decode().split("\n"):
        text, column = "", 0
        for part in re.split("(\r|\x1b\\[K)", line):
            if part == "\x1b[K":
                text = text[:column]
            elif part == "\r":
                column = 0
            elif part:
                text = text[:column] + part + text[column + len(part) :]
                column += len(part)
        lines.append(text)
    return lines


def test_a_spinner_is_shown_while_somebody_waits_and_leaves_nothing(slow: Place) -> None:
    code = "print('begin') print(Agent.create{model = 'steady/x'}:execute('done').text)"
    with slow.terminal("exec", code, "--config", "c.toml") as terminal:
        assert terminal.end() == 0
    assert SPINNER in terminal.shown
    assert terminal.shown.rindex(ERASED) > terminal.shown.rindex(SPINNER)
    assert screen(terminal.shown)[0] == "begin"
    assert screen(terminal.shown)[-2:] == ["done", ""]
    assert b"\x1b[?" not in terminal.shown  # the cursor is never hidden: nothing has to bring it back


def test_between_chunks_in_the_middle_of_a_line_nothing_is_drawn(slow: Place) -> None:
    code = "for c in Agent.create{model = 'brisk/x'}:stream('one two') do io.write(c.text) end"
    with slow.terminal("exec", code, "--config", "c.toml") as terminal:
        assert terminal.end() == 0
    assert SPINNER not in terminal.shown[terminal.shown.rindex(b"one ") :]
    assert screen(terminal.shown)[-1] == "one two"


@pytest.mark.parametrize(
    ("options", "environment", "columns"),
    [(("-q",), {}, 80), ((), {"TERM": "dumb"}, 80), ((), {}, 10)],
    ids=["quiet", "a dumb terminal", "a narrow terminal"],
)
def test_there_is_no_spinner_where_nobody_wants_one(
    slow: Place, options: tuple[str, ...], environment: dict[str, str], columns: int
) -> None:
    code = "print(Agent.create{model = 'brisk/x'}:execute('done').text)"
    with slow.where(**environment).terminal("exec", code, "--config", "c.toml", *options, columns=columns) as terminal:
        assert terminal.end() == 0
    assert SPINNER not in terminal.shown
    assert b"\x1b[K" not in terminal.shown


def test_there_is_no_spinner_in_a_pipe(slow: Place) -> None:
    ran = slow.run("exec", "print(Agent.create{model = 'brisk/x'}:execute('done').text)", "--config", "c.toml", "-q")
    assert (ran.stdout, ran.stderr) == (b"done\n", "")


def test_what_others_write_meanwhile_stands_on_lines_of_its_own(slow: Place) -> None:
    code = """
    local agent = Agent.create{model = 'steady/x'}
    parallel{
      function() print(agent:execute('done').text) end,
      function() sleep(0.3) Log.warn('look') print('here') end,
    }
    """
    with slow.terminal("exec", code, "--config", "c.toml") as terminal:
        assert terminal.end() == 0
    assert screen(terminal.shown)[-4:] == ["[warn] look", "here", "done", ""]


def test_while_a_slow_log_is_written_it_does_not_come_back() -> None:
    master, slave = os.openpty()
    drawn: list[bytes] = []

    def log(*_: object) -> None:
        read_until(master, ERASED)  # it was taken away
        if select.select((master,), (), (), 5 * DELAY)[0]:  # longer than somebody has to wait to see it
            drawn.append(os.read(master, 4096))

    with Spinner(slave) as spinner:
        spinner.begin()
        read_until(master, SPINNER)
        spinner.beside(log)("warn", "slow", {})
        assert not drawn
        read_until(master, SPINNER)  # and now it does
        spinner.end()
    os.close(slave)
    os.close(master)


MOMENTS = {
    "while the spinner turns": ("Agent.create{model = 'slow/x'}:execute('x')", SPINNER),
    "before the first chunk": ("for _ in Agent.create{model = 'slow/x'}:stream('x') do end", SPINNER),
    "at the begin of the wait": ("print('ready') Agent.create{model = 'slow/x'}:execute('x')", b"ready"),
    "between chunks": (
        "for c in Agent.create{model = 'brisk/x'}:stream(('word '):rep(200)) do io.write(c.text) end",
        b"word",
    ),
    "behind the last chunk": (
        "for c in Agent.create{model = 'brisk/x'}:stream('one') do io.write(c.text) end while true do end",
        b"one",
    ),
    "while many wait": (
        "local f = function() Agent.create{model = 'slow/x'}:execute('x') end parallel{f, f, f, f, f, f}",
        SPINNER,
    ),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_at_any_moment_ends_the_run_and_leaves_the_terminal_as_it_was(slow: Place, moment: str) -> None:
    code, sign = MOMENTS[moment]
    with slow.terminal("exec", code, "--config", "c.toml") as terminal:
        terminal.until(sign)
        terminal.press(b"\x03")
        assert terminal.end() == 130
        assert termios.tcgetattr(terminal.slave) == terminal.settings
    assert b"Traceback" not in terminal.shown
    lines = screen(terminal.shown)
    assert "Ctrl-C ended the run" in lines[-2], lines
    assert not any(SPINNER.decode() in line for line in lines)


def test_ctrl_c_at_the_end_of_a_run_gives_one_of_two_codes_and_no_traceback(slow: Place) -> None:
    with slow.terminal(
        "exec", "print(Agent.create{model = 'brisk/x'}:execute('done').text)", "--config", "c.toml"
    ) as terminal:
        terminal.until(b"done")
        terminal.press(b"\x03")
        assert terminal.end() in (0, 130, -signal.SIGINT)
        assert termios.tcgetattr(terminal.slave) == terminal.settings
    assert b"Traceback" not in terminal.shown


def test_ctrl_c_closes_the_connection_to_a_model_server(place: Place, llm_server: LLMServer) -> None:
    place.write("c.toml", f'[providers.local]\ntype = "litellm"\nbase_url = "{llm_server.base_url}"\n')
    llm_server.answer(Answer(pieces=["one ", Fault.SILENCE]))
    code = "for c in Agent.create{model = 'local/x'}:stream('x') do io.write(c.text) end"
    compiled = place.where(PYTHONPYCACHEPREFIX="")  # what litellm was compiled to when it was installed
    with compiled.terminal("exec", code, "--config", "c.toml") as terminal:
        terminal.until(b"one ")
        terminal.press(b"\x03")
        assert terminal.end() == 130
    assert llm_server.chats[0].ended.wait(SECONDS)
    assert llm_server.chats[0].hung_up
    assert b"Traceback" not in terminal.shown
