"""`os.exit` ends the run with a code, and not one more line of the script."""

from __future__ import annotations

import pytest

from llmspell import Verdict
from tests.lua.spells import error, spell

EXIT = "os.exit(7)"
FORMS = {
    "plain": EXIT,
    "pcall": f"pcall(function() {EXIT} end)",
    "pcall itself": "pcall(os.exit, 7)",
    "xpcall": f"xpcall(function() {EXIT} end, function() print('handled') end)",
    "handler": f"xpcall(error, function() {EXIT} end)",
    "coroutine": f"coroutine.wrap(function() {EXIT} end)()",
    "resumed": f"coroutine.resume(coroutine.create(function() {EXIT} end))",
    "parallel": f"parallel{{function() sleep(5) print('late') end, function() {EXIT} end}}",
    "parallel pcall": f"parallel{{function() pcall(function() {EXIT} end) end}}",
    "gsub": f"string.gsub('a', 'a', function() {EXIT} end)",
    "sort": f"table.sort({{2, 1}}, function() {EXIT} end)",
    "index": f"local _ = setmetatable({{}}, {{__index = function() {EXIT} end}}).x",
    "close": f"do local x <close> = setmetatable({{}}, {{__close = function() {EXIT} end}}) end",
    "gc": f"setmetatable({{}}, {{__gc = function() {EXIT} end}}) collectgarbage()",
    "loaded": "load('os.exit(7)')()",
    "iterator": f"for _ in function() {EXIT} end do end",
    "tostring": f"print(setmetatable({{}}, {{__tostring = function() {EXIT} end}}))",
    "error value": f"error(setmetatable({{}}, {{__tostring = function() {EXIT} end}}))",
    "stream": f"Agent.create{{model = 'echo/echo'}}:invokeStream('a b', function() {EXIT} end)",
    "generator": f"Streaming.create(function() {EXIT} end).collect()",
    "float": "os.exit(7.0)",
    "close state": "os.exit(7, true)",
}


@pytest.mark.parametrize("form", FORMS)
def test_exit_cannot_be_caught_wherever_it_stands(form: str) -> None:
    after = "print('after') while true do end"
    outcome = spell(f"print('before') {FORMS[form]} {after}")
    assert outcome.stdout == b"before\n"
    assert (outcome.verdict, outcome.exit_status) == (Verdict.ERROR, 7)
    assert outcome.exit_code(pass_on=True) == 7


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("", 0),
        ("true", 0),
        ("false", 1),
        ("0", 0),
        ("1", 1),
        ("255", 255),
        ("256", 255),
        ("-1", 255),
        ("nil", 0),
        ("3.0", 3),
    ],
)
def test_exit_takes_the_codes_of_lua(given: str, status: int) -> None:
    outcome = spell(f"os.exit({given})")
    assert outcome.exit_status == status
    assert outcome.verdict is (Verdict.OK if status == 0 else Verdict.ERROR)


@pytest.mark.parametrize("given", ["'x'", "{}", "1.5", "print", "'7'"])
def test_a_code_that_is_none_is_an_error_of_the_script(given: str) -> None:
    assert "bad argument #1 to 'exit'" in error(f"os.exit({given})")[1]


def test_what_is_to_be_closed_at_the_end_is_not_run_after_exit() -> None:
    source = (
        "local x <close> = setmetatable({}, {__close = function() print('closed') end, __gc = "
        "function() print('gone') end}) os.exit(0)"
    )
    assert spell(source).stdout == b""
