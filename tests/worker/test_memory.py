"""A worker that runs out of memory: inside the engine, at a hand-over, at its last frame: always a verdict."""

from __future__ import annotations

from typing import Any

import pytest

from llmspell import FunctionTool, Limits, Outcome, ScriptRuntime, Verdict, default_policy

MIB = 1 << 20
LIMITS = Limits(cpu=20, wall=100)


def big(size: int, text: bool = False) -> Any:
    return "x" * size if text else b"\xff" * size


def nested(n: int) -> dict[str, Any]:
    return {"items": [{"a": i, "b": [str(i)] * 3} for i in range(n)]}


def run(source: str, limits: Limits = LIMITS) -> Outcome:
    tools = [FunctionTool(big, blocking=False), FunctionTool(nested, blocking=False)]
    policy = default_policy().with_tools(["big", "nested"])
    outcome = ScriptRuntime.with_lua(tools=tools, limits=limits, policy=policy).execute(source, name="spell.lua")
    assert outcome.usage.wall_seconds < LIMITS.wall, outcome
    assert outcome.usage.peak_memory_bytes is not None
    assert outcome.usage.peak_memory_bytes <= limits.memory
    return outcome


BOMBS = {
    "strings": "local t = {} while true do t[#t + 1] = string.rep('x', 100000) .. #t end",
    "tables": "local t = {} while true do t[#t + 1] = {} end",
    "one table": "local t = {} for i = 1, math.maxinteger do t[i] = i end",
    "keys": "local t = {} for i = 1, math.maxinteger do t['k' .. i] = true end",
    "closures": "local t = {} while true do t[#t + 1] = function() return t end end",
    "coroutines": "local t = {} while true do t[#t + 1] = coroutine.create(function() end) end",
    "suspended": (
        "local t = {} while true do local co = coroutine.wrap(function() coroutine.yield() end) co() t[#t + 1] = co end"
    ),
    "doubling": "local s = 'x' while true do s = s .. s end",
    "rep": "local s = 'x' while true do s = string.rep(s, 2) end",
    "concat": "local s = string.rep('x', 1e6) while true do s = table.concat({s, s}) end",
    "format": "local s = 'x' while true do s = string.format('%s%s', s, s) end",
    "gsub": "local s = string.rep('a', 1000) while true do s = string.gsub(s, 'a', 'aa') end",
    "recursion with data": "local function f(s) return s .. f(s .. s) end return f(string.rep('x', 1000))",
    "source": (
        "local k, s = {}, 'return {' .. string.rep('1,', 4e5) .. '}' while true do k[#k + 1] = assert(load(s)) end"
    ),
    "generated source": "assert(load(function() return 'x = 1 ' end))() error('it ended')",
    "nested source": "local s = '(' while true do load('return ' .. s) s = s .. s end",
    "json": "local s = '[1,2]' while true do s = '[' .. s .. ',' .. s .. ']' JSON.parse(s) end",
    "stringify": "local t = {} for i = 1, 24 do t = {t, t} end return JSON.stringify(t)",
    "global keys": "while true do _G[#_G + 1] = {} end",
    "parallel": (
        "local f = {} for i = 1, 2e5 do f[i] = function() local t = {} while true do t[#t + 1] = {} "
        "end end end parallel(f)"
    ),
    "replies": "local t = {} while true do t[#t + 1] = Tool.execute('big', {size = 1048576}) end",
    "replies of text": "local t = {} while true do t[#t + 1] = Tool.execute('big', {size = 3000000, text = true}) end",
    "largest replies": "local t = {} while true do t[#t + 1] = Tool.execute('big', {size = 12 * 1048576}) end",
    "structured replies": "local t = {} while true do t[#t + 1] = Tool.execute('nested', {n = 5000}) end",
    "replies in parallel": """
        local t = {}
        while true do
          local f = {}
          for i = 1, 8 do f[i] = function() return Tool.execute('big', {size = 1048576}) end end
          t[#t + 1] = parallel(f)
        end""",
    "finalizers": (
        "local t = {} while true do t[#t + 1] = setmetatable({}, {__gc = function() t[#t + 1] = "
        "string.rep('x', 10000) end}) end"
    ),
    "closing": (
        "local x <close> = setmetatable({}, {__close = function() local s = 'x' while true do s = s .. s end end})"
    ),
    "indexing": "local t = setmetatable({}, {__index = function(t, k) return t[k .. k] end}) return t.x",
    "generational": "collectgarbage('generational') local t = {} while true do t[#t + 1] = {{}} end",
    "no collection": "collectgarbage('stop') local t = {} while true do t[#t + 1] = {} end",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_ends_by_the_memory_limit(bomb: str) -> None:
    outcome = run(BOMBS[bomb])
    assert outcome.verdict is Verdict.LIMIT, outcome.error
    assert outcome.limit is not None
    assert (outcome.limit.name, outcome.limit.allowed) == ("memory", 50 * MIB)
    assert outcome.usage.memory_refusals >= 1
    assert outcome.evidence in ("kernel", "worker")


FILL = """
KEEP = {}
for _, size in ipairs{1048576, 65536, 500} do
  pcall(function() while true do KEEP[#KEEP + 1] = string.rep('y', size) .. #KEEP end end)
end
pcall(function() while true do KEEP[#KEEP + 1] = {} end end)
"""


@pytest.mark.parametrize(
    ("source", "verdicts"),
    [
        # what is returned
        ("return string.rep('x', 3900 * 1024)", {"ok"}),
        ("return string.rep('x', 5 << 20)", {"error"}),
        ((
"local t = {} KEEP = t for i = 1, 10 do t[i] = string.rep('z', 3900 * 1024 - i) end return "
"t[3]"
), {"ok", "limit"}),
        (FILL + "return KEEP[1]", {"limit"}),
        (FILL + "return 'small'", {"ok", "limit"}),
        (FILL + "KEEP = nil return 'small'", {"ok"}),
        (FILL + "return {}", {"ok", "limit"}),
        # what is raised
        ("error(string.rep('e', 10 << 20))", {"error"}),
        ("error({message = string.rep('e', 10 << 20)})", {"error"}),
        ("error(setmetatable({}, {__tostring = function() return string.rep('e', 10 << 20) end}))", {"error"}),
        ((
"error(setmetatable({}, {__tostring = function() local s = 'x' while true do s = s .. s end "
"end}))"
), {"error", "limit"}),
        (FILL + "error('full')", {"error", "limit"}),
        (FILL + "error(KEEP)", {"error", "limit"}),
        (FILL + "local x = nil + 1", {"error", "limit"}),
        ("xpcall(error, function() local s = 'x' while true do s = s .. s end end) return 'small'", {"ok"}),
        # what is sent
        (FILL + "for i = 1, 200 do pcall(print, string.rep('x', 1000)) end return 'small'", {"ok", "limit"}),
        (FILL + "for i = 1, 200 do pcall(Tool.execute, 'big', {size = 10}) end return 'small'", {"ok", "limit"}),
        (FILL + "for i = 1, 200 do pcall(Tool.execute, 'big', {size = i * 1000}) end return 'small'", {"ok", "limit"}),
        (FILL + (
"for i = 1, 20 do pcall(Tool.execute, 'big', "
"{size = 10, text = KEEP[i]}) end return 'small'"
), {"ok", "limit"}),
        (FILL + (
"for i = 1, 50 do pcall(parallel, {function() return Tool.execute('big', {size = 100000}) "
"end}) end return 'small'"
),
         {"ok", "limit"}),
        ("local s = 'x' while true do s = s .. s pcall(Tool.execute, 'big', {size = 1, text = s}) end", {"limit"}),
        (FILL + (
"for i = 1, 50 do pcall(sleep, 0) end for i "
"= 1, 50 do pcall(JSON.parse, '[[[1]]]') end"
), {"ok", "limit"}),
        (FILL + (
"setmetatable({}, {__gc = function() "
"print(KEEP) error('x') end}) collectgarbage() return 1"
), {"ok", "limit"}),
    ],
)  # fmt: skip
def test_a_full_worker_has_a_last_word(source: str, verdicts: set[str]) -> None:
    outcome = run(source)
    assert outcome.verdict.value in verdicts, outcome
    if outcome.verdict is Verdict.LIMIT:
        assert outcome.limit is not None
        assert outcome.limit.name == "memory"


def test_exit_works_when_all_memory_is_gone() -> None:
    outcome = run(FILL + "os.exit(3)")
    assert (outcome.verdict, outcome.exit_status) == (Verdict.ERROR, 3)


def test_replies_of_growing_size_on_the_brim_are_errors_that_can_be_caught() -> None:
    source = """
    local t, refused = {}, 0
    local function take() -- made once: a function that is made on the brim may be refused too, outside of pcall
      t[#t + 1] = Tool.execute('big', {size = 100000 + refused * 17000, text = refused % 2 == 0})
    end
    while refused < 150 do
      local fine, why = pcall(take)
      if not fine then
        if why ~= 'not enough memory' then error(why) end
        refused = refused + 1
      end
    end
    t = nil
    return Tool.execute('big', {size = 5, text = true})
    """
    outcome = run(source)
    assert (outcome.verdict, outcome.value) == (Verdict.OK, "xxxxx"), outcome
    assert outcome.usage.memory_refusals >= 150


def test_a_reply_that_does_not_fit_is_read_past_and_the_next_one_is_right() -> None:
    source = """
    local t = {}
    for i = 1, 22 do t[i] = string.rep('x', 1048576 - 100) .. i end
    local results = {}
    for i = 1, 5 do
      local fine, why = pcall(Tool.execute, 'big', {size = 11 * 1048576, text = true})
      results[#results + 1] = fine or why
      results[#results + 1] = Tool.execute('big', {size = i, text = true})
    end
    return results
    """
    outcome = run(source)
    refused = "not enough memory"
    assert outcome.value == [refused, "x", refused, "xx", refused, "xxx", refused, "xxxx", refused, "xxxxx"], outcome


def test_a_branch_whose_reply_does_not_fit_fails_alone() -> None:
    source = """
    local t = {}
    for i = 1, 22 do t[i] = string.rep('x', 1048576 - 100) .. i end
    return parallel{
      function() local fine, why = pcall(Tool.execute, 'big', {size = 11 * 1048576}) return why end,
      function() return Tool.execute('big', {size = 2, text = true}) end,
      function() local fine, why = pcall(Tool.execute, 'big', {size = 11 * 1048576}) return why end,
    }
    """
    assert run(source).value == ["not enough memory", "xx", "not enough memory"]


def test_a_script_that_catches_the_refusal_and_finishes_is_ok_and_the_refusals_are_counted() -> None:
    caught = "pcall(function() local s = 'x' while true do s = s .. s end end)"
    outcome = run(f"for i = 1, 3 do {caught} end return 'went on'")
    assert (outcome.verdict, outcome.value, outcome.usage.memory_refusals) == (Verdict.OK, "went on", 3)
    resumed = "coroutine.resume(coroutine.create(function() return string.rep('x', 1 << 30) end))"
    assert run(f"{resumed} return 1").usage.memory_refusals == 1


def test_one_refused_giant_leaves_no_trace_outside_and_is_still_told() -> None:
    outcome = run("local s = string.rep('x', 1 << 30)")
    assert outcome.limit is not None
    assert (outcome.limit.name, outcome.evidence) == ("memory", "worker")


def test_where_memory_ran_out_is_said_when_it_is_known() -> None:
    outcome = run("local t = {}\nlocal function grow()\n  while true do\n    t[#t + 1] = {}\n  end\nend\ngrow()")
    assert outcome.error is not None
    assert outcome.error.line == 4
    assert "last seen at spell.lua:4" in outcome.error.message


def test_a_script_that_never_stops_trying_is_ended_by_the_cpu_limit() -> None:
    outcome = run("while true do pcall(string.rep, 'x', 1 << 30) end", Limits(cpu=0.5, wall=20))
    assert outcome.limit is not None
    assert outcome.limit.name == "cpu"


@pytest.mark.parametrize("memory", [20, 24, 32, 64])
def test_other_limits_hold_as_well(memory: int) -> None:
    limits = Limits(cpu=5, wall=20, memory=memory * MIB)
    assert run("return Tool.execute('big', {size = 1000, text = true})", limits).value == "x" * 1000
    outcome = run("local t = {} while true do t[#t + 1] = Tool.execute('big', {size = 100000}) end", limits)
    assert outcome.limit is not None
    assert (outcome.limit.name, outcome.limit.allowed) == ("memory", memory * MIB)


def test_a_source_as_large_as_is_allowed_ends_with_a_verdict() -> None:
    size = LIMITS.source_allowed
    assert run("--" + "x" * (size - 2)).verdict is Verdict.OK
    table = "return {" + "1," * ((size - 9) // 2) + "}"
    outcome = run(table)
    assert outcome.verdict in (Verdict.LIMIT, Verdict.ERROR)
    deep = "return " + "(" * (size - 7)
    assert run(deep).verdict is Verdict.ERROR
    assert run(table + "x").verdict is not Verdict.OK
