"""Errors in scripts: what `pcall` gives, and what a run that fails says of where it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmspell import CallError, ErrorKind, Verdict
from tests.lua.spells import error, files, spell, value


def failing(kind: str) -> None:
    raise CallError(ErrorKind(kind), f"no luck: {kind}", {"n": 7, "kind": kind})


@pytest.mark.parametrize("kind", list(ErrorKind))
def test_an_error_of_a_call_survives_pcall_as_a_table(kind: str) -> None:
    source = f"""
    local fine, e = pcall(Tool.execute, 'failing', {{kind = '{kind}'}})
    local again, same = pcall(error, e)
    return {{fine, type(e), e.kind, e.message, e.details, tostring(e), 'it: ' .. e, e .. '!', getmetatable(e),
      rawequal(e, same)}}
    """
    message = f"no luck: {kind}"
    assert value(source, failing) == [
        False, "table", kind, message, {"n": 7, "kind": kind}, message, f"it: {message}", f"{message}!", "error", True,
    ]  # fmt: skip


def test_an_error_of_a_call_can_be_told_by_its_kind_in_xpcall_and_coroutines() -> None:
    source = """
    local function f() Tool.execute('failing', {kind = 'timeout'}) end
    local _, handled = xpcall(f, function(e) return e.kind end)
    local co = coroutine.create(f)
    local _, resumed = coroutine.resume(co)
    local _, wrapped = pcall(coroutine.wrap(f))
    local closed
    pcall(function() local x <close> = setmetatable({}, {__close = function(_, e) closed = e.kind end}) f() end)
    return {handled, resumed.kind, wrapped.kind, closed}
    """
    assert value(source, failing) == ["timeout"] * 4


def test_an_uncaught_error_of_a_call_ends_the_run_with_its_kind_and_line() -> None:
    outcome = spell("local function f()\n  Tool.execute('failing', {kind = 'budget'})\nend\nf()", failing)
    assert outcome.verdict is Verdict.ERROR
    assert outcome.error is not None
    assert (outcome.error.kind, outcome.error.message, outcome.error.line) == ("budget", "no luck: budget", 2)
    assert outcome.error.traceback == ("spell.lua:2: in upvalue 'f'", "spell.lua:4: in main chunk") or (
        outcome.error.traceback[0].startswith("spell.lua:2: in function")
        and outcome.error.traceback[-1] == "spell.lua:4: in main chunk"
    )


def test_a_refused_call_that_nobody_caught_is_denied_and_a_caught_one_is_not() -> None:
    refused = "Tool.execute('file-operations', {operation = 'list', path = '/'})"
    assert spell(refused).verdict is Verdict.DENIED
    assert spell(f"pcall(function() {refused} end) return 1").verdict is Verdict.OK
    assert spell("error({kind = 'denied', message = 'a claim'})").verdict is Verdict.ERROR


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        ("error('boom')", "boom", 1),
        ("\n\nerror('boom', 0)", "boom", 3),
        ("local function f()\nerror('boom', 2) end\nf()", "boom", 3),
        ("\nlocal x = nil\nx.y = 1", "attempt to index a nil value (local 'x')", 3),
        ("error({code = 5, message = 'told'})", "told", 1),
        ("error(setmetatable({}, {__tostring = function() return 'by hand' end}))", "by hand", 1),
        ("error(setmetatable({}, {__tostring = function() error('x') end}))", "a table whose __tostring fails", 1),
        ("error(setmetatable({}, {__tostring = function() return {} end}))", "a table whose __tostring fails", 1),
        ("error(setmetatable({}, {__index = function() error('x') end}))", "the error could not be described", 1),
        ("error(nil)", "the script raised nil: error(nil) says nothing of what happened", 1),
        ("error()", "the script raised nil: error(nil) says nothing of what happened", 1),
        ("error({a = 1})", '{"a": 1}', 1),
        ("error({})", "{}", 1),
        ("error({1, 'two', {b = {3.5}}})", '[1, "two", {"b": [3.5]}]', 1),
        ("error({message = 42, code = 'x'})", '{"code": "x", "message": 42}', 1),
        (
            "local t = {f = print, [1] = 2, [true] = 3} t.t = t error(t)",
            '{"1": 2, "f": "a function", "t": "(itself)", "...": "..."}',
            1,
        ),
        ("error({a = {a = {a = {a = {a = {}}}}}})", '{"a": {"a": {"a": {"a": "..."}}}}', 1),
        ("error({'\\xff', 0/0, JSON.null})", '[{"$bytes":"/w=="}, "NaN", null]', 1),
        ("error(setmetatable({code = 7}, {__name = 'mine'}))", '{"code": 7}', 1),
        ("error(print)", "the script raised a function", 1),
        ("error(coroutine.create(print))", "the script raised a thread", 1),
        ("error(42)", "42", 1),
        ("error(true)", "true", 1),
        ("error('')", "the script raised an error without a message", 1),
        ("error('other.lua:77: mine', 0)", "other.lua:77: mine", 1),
        ("error('a\\nb')", "a\nb", 1),
        (r"error('\xff\0')", "\\xff\0", 1),
        ("\ncoroutine.wrap(function()\nerror('inner') end)()", "inner", 3),
        ("\nstring.rep()", "bad argument #1 to 'rep' (string expected, got no value)", 2),
        ("\nassert(false, 'claimed')", "claimed", 2),
        ("\nassert(nil)", "assertion failed!", 2),
        ("\nlocal t = setmetatable({}, {__index = function() error('deep') end})\nlocal _ = t.x", "deep", 2),
        ("\nlocal x <close> = setmetatable({}, {__close = function() error('closing') end})", "closing", 2),
        ("\nfor _ in 5 do end", "attempt to call a number value (for iterator 'for iterator')", 2),
        ("goto nowhere", "no visible label 'nowhere' for <goto> at line 1", 1),
        ("local x <const> = 1\nx = 2", "attempt to assign to const variable 'x'", 2),
        ("return 1 +", "unexpected symbol near <eof>", 1),
        ("x = = 1", "unexpected symbol near '='", 1),
        ("--[[ never closed", "unfinished long comment (starting at line 1) near <eof>", 1),
    ],
)
def test_a_failed_run_says_what_happened_and_on_which_line(source: str, message: str, line: int) -> None:
    assert error(source)[1:] == (message, line)


def test_a_line_that_does_not_parse_is_kind_syntax_and_the_run_has_not_started() -> None:
    outcome = spell("print('never')\nlocal = 5")
    assert outcome.error is not None
    assert (outcome.error.kind, outcome.error.line, outcome.started, outcome.stdout) == ("syntax", 2, False, b"")


def test_a_script_cannot_claim_kinds_that_are_not_its_own() -> None:
    for kind in ("memory", "syntax", "limit", "crash", "x" * 5000, ""):
        source = f"local _, e = pcall(Tool.execute, 'none') e.kind = '{kind}' e.message = 'hm' error(e)"
        assert error(source)[:2] == ("runtime", "hm")


def test_a_table_that_claims_to_equal_everything_is_not_taken_for_an_error_of_ours() -> None:
    source = """
    local meta = setmetatable({}, {__eq = function() return true end})
    error(setmetatable({kind = 'denied', message = 'x'}, meta))
    """
    assert error(source)[0] == "runtime"


def test_what_is_closed_on_the_way_out_is_given_the_error_itself() -> None:
    outcome = spell(
        "local x <close> = setmetatable({}, {__close = function(_, e) print(type(e), e) end})\nerror('boom')"
    )
    assert outcome.stdout == b"string\tspell.lua:2: boom\n"


def test_the_traceback_shows_the_frames_of_the_script_and_none_of_the_adapter() -> None:
    source = """local function one()
  error('deep')
end
function two() one() end
local ok = pcall(function() end)
table.sort({2, 1}, function() two() return true end)
"""
    outcome = spell(source)
    assert outcome.error is not None
    lines = [row.split(": in ")[0] for row in outcome.error.traceback]
    assert lines == ["spell.lua:2", "spell.lua:4", "spell.lua:6", "spell.lua:6"]
    assert "llmspell" not in str(outcome.error.traceback)


def test_a_table_that_is_raised_is_shown_within_bounds() -> None:
    many = error("local t = {} for i = 1, 10000 do t[i] = {('x'):rep(1000)} end error(t)")[1]
    assert 1000 < len(many) < 2100
    text = error("error({('é'):rep(1000)})")[1]
    assert text == '["' + "é" * 128 + '..."]'


@pytest.mark.parametrize(
    ("source", "line", "rows"),
    [
        ("\nreturn Tool.execute('none')", 2, ["spell.lua:2: in main chunk"]),
        ("\nif true then\n  return Tool.execute('none')\nend", 3, ["spell.lua:3: in main chunk"]),
        # Lua keeps nothing of a function that ended in a call: the line is that of whoever called it
        ("local function f()\n  return Tool.execute('none')\nend\nf()", 4, ["spell.lua:4: in main chunk"]),
        (
            "local function g() error('x') end\nlocal function f()\n  return g()\nend\nf()",
            1,
            ["spell.lua:1: in function <line 1>", "(...tail calls...)", "spell.lua:5: in main chunk"],
        ),
    ],
)
def test_an_error_in_a_tail_call_has_a_line(source: str, line: int, rows: list[str]) -> None:
    outcome = spell(source)
    assert outcome.error is not None
    assert (outcome.error.line, list(outcome.error.traceback)) == (line, rows)


def test_a_tail_call_of_a_module_has_its_line(tmp_path: Path) -> None:
    files(tmp_path, {"last.lua": "\n\nreturn Tool.execute('none')"})
    outcome = spell("require('last')", folder=tmp_path)
    assert outcome.error is not None
    assert outcome.error.traceback == ("last.lua:3: in main chunk", "spell.lua:1: in main chunk")


def test_a_file_may_have_all_the_locals_that_lua_admits() -> None:
    declared = "".join(f"local a{i} = {i}\n" for i in range(200))
    assert value(declared + "return a0 + a199") == 199
    assert error("local a200 = 1\n" + declared)[0] == "syntax"
    assert value("_ = 5 return _") == 5


def test_a_deep_traceback_is_cut() -> None:
    outcome = spell("local function f(n) if n == 0 then error('x') end return 1 + f(n - 1) end f(5000)")
    assert outcome.error is not None
    assert 20 <= len(outcome.error.traceback) <= 100
    assert outcome.error.line == 1


def test_an_error_inside_a_module_names_the_module_and_the_line_that_called_it(tmp_path: Path) -> None:
    files(tmp_path, {"lib/deep.lua": "local M = {}\nfunction M.go()\n  error('inside')\nend\nreturn M"})
    outcome = spell("local deep = require('lib.deep')\n\ndeep.go()", folder=tmp_path)
    assert outcome.error is not None
    assert (outcome.error.message, outcome.error.line) == ("lib/deep.lua:3: inside", 3)
    assert outcome.error.traceback[0].startswith("lib/deep.lua:3: in ")
    assert outcome.error.traceback[-1] == "spell.lua:3: in main chunk"


def test_a_module_that_fails_while_it_loads_keeps_its_traceback(tmp_path: Path) -> None:
    files(tmp_path, {"bad.lua": "local function f()\n  error('loading')\nend\nf()"})
    outcome = spell("\nrequire('bad')", folder=tmp_path)
    assert outcome.error is not None
    assert (outcome.error.message, outcome.error.line) == ("bad.lua:2: loading", 2)
    assert [row.split(": in ")[0] for row in outcome.error.traceback] == ["bad.lua:2", "bad.lua:4", "spell.lua:2"]


def test_debug_traceback_gives_text_with_the_scripts_lines() -> None:
    text = value("local function f() local text = debug.traceback('here') return text end\nreturn (f())")
    assert text.startswith("here\nstack traceback:\n")
    assert "spell.lua:1" in text


def test_deep_recursion_is_an_error_that_can_be_caught() -> None:
    source = "local function f(n) return 1 + f(n + 1) end local fine, why = pcall(f, 1) return {fine, why}"
    fine, why = value(source)
    assert fine is False
    assert "stack overflow" in why or why == "not enough memory"


def test_a_file_name_that_is_long_or_odd_does_not_hide_the_line() -> None:
    from tests.lua.spells import runtime

    for name in ("x" * 300 + ".lua", "a:1: b.lua", "é'\".lua", "=fake", "@at"):
        outcome = runtime().execute("\n\nerror('boom')", name=name)
        assert outcome.error is not None
        assert outcome.error.line == 3, name
        assert outcome.error.message.endswith("boom")


def test_endless_recursion_is_named_as_such_where_memory_runs_out_first() -> None:
    outcome = spell("local function f(n)\n  return 1 + f(n)\nend\nf(1)")
    assert outcome.verdict is Verdict.ERROR
    assert outcome.error is not None
    assert outcome.error.message == "stack overflow: over 20000 calls inside one another, until no memory was left"
    assert outcome.error.line == 2
    over = "local function f(n) return n == 0 and 0 or 1 + f(n - 1) end f(100000)"
    assert spell(over + " local t = {} while true do t[#t + 1] = {} end").verdict is Verdict.LIMIT


def test_a_traceback_shows_the_functions_of_the_script_and_none_of_the_adapter() -> None:
    source = """local function failing() local x = nil; x.y = 1 end
    local function called(e) return debug.traceback(e, 2) end
    local text = select(2, xpcall(failing, called))
    local inner = select(2, pcall(function() table.sort({2, 1}, function() error(debug.traceback('at', 1), 0) end) end))
    return {text, inner, debug.traceback('top', 1), debug.traceback({}), debug.traceback(nil, 1)}
    """
    text, inner, top, table, bare = value(source)
    assert text.splitlines() == [
        "spell.lua:1: attempt to index a nil value (local 'x')", "stack traceback:",
        "\tspell.lua:1: in function <spell.lua:1>", "\t[C]: in function 'xpcall'", "\tspell.lua:3: in main chunk",
        "\t[C]: in ?",
    ]  # fmt: skip
    assert "\n\t[C]: in function 'table.sort'\n" in inner
    assert "llmspell" not in text + inner
    assert top == "top\nstack traceback:\n\tspell.lua:5: in main chunk\n\t[C]: in ?"
    assert (table, bare) == ({}, "stack traceback:\n\tspell.lua:5: in main chunk\n\t[C]: in ?")


def test_getinfo_tells_of_the_script_and_shows_the_adapter_as_functions_of_c() -> None:
    source = """local function here() return debug.getinfo(1, 'nSl'), debug.getinfo(2, 'l').currentline end
    local info, line = here()
    local ours = debug.getinfo(Tool.execute)
    local own = debug.getinfo(here, 'f').func == here
    local inner = debug.getinfo(coroutine.create(here), 0, 'S')
    return {info.name, info.short_src, info.currentline, line, ours.what, ours.func == nil, own,
      debug.getinfo(99) == nil, inner == nil, pcall(debug.getinfo, 'x')}
    """
    assert value(source)[:9] == ["here", "spell.lua", 1, 2, "C", True, True, True, True]
