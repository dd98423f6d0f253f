"""What a record says of itself decides nothing about the terminal of whoever replays it."""

from __future__ import annotations

import pytest

from tests.cli.programs import Place

STEERING = r'io.write("\27]0;title\7|")'
TAMED = b"\\x1b]0;title\\x07|"


@pytest.mark.parametrize(
    "arguments",
    [("replay", "t.jsonl"), ("replay", "--replay-mode", "once", "t.jsonl"), ("run", "--replay", "t.jsonl", "a.lua")],
    ids=["replay", "once", "option"],
)
def test_the_output_of_a_replay_steers_no_terminal_whatever_command_was_recorded(
    place: Place, arguments: tuple[str, ...]
) -> None:
    place.write("a.lua", STEERING)
    recorded = place.run("run", "--record", "t.jsonl", "a.lua")
    assert (recorded.code, recorded.stdout) == (0, b"\x1b]0;title\x07|")
    with place.terminal(*arguments) as terminal:
        assert terminal.end() == 0
    assert TAMED in terminal.shown
    assert b"\x1b]" not in terminal.shown
    assert place.run(*arguments).stdout == recorded.stdout
