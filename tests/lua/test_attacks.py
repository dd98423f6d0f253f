"""Scripts that try to get out, or to break what runs them. Each is answered, and the worker ends in order."""

from __future__ import annotations

from typing import Any

import pytest

from llmspell import Limits, Verdict
from tests.lua.spells import spell, value

# Every function of the libraries is replaced by one that lies, then the whole adapter is used.
VANDAL = """
local real = {}
for _, lib in ipairs{string, table, math, utf8, coroutine, debug, os, io} do
  for name, f in next, lib do
    if type(f) == 'function' and lib ~= os and lib ~= io then
      real[#real + 1] = f
      lib[name] = function() return nil end
    end
  end
end
local meta = getmetatable('')
for name in next, meta do meta[name] = function() return 'lie' end end
meta.__index = function() return nil end
for _, name in ipairs{'__add', '__idiv', '__concat', '__len', '__eq', '__lt', '__call', '__unm', '__name'} do
  meta[name] = function() return 'lie' end
end
local say = print
for _, name in ipairs{'tostring', 'type', 'pairs', 'ipairs', 'next', 'select', 'rawget', 'rawset', 'rawlen', 'rawequal',
  'setmetatable', 'getmetatable', 'error', 'assert', 'tonumber', 'load', 'collectgarbage', 'xpcall'} do
  _G[name] = function() return nil end
end
"""


def test_a_script_that_replaces_every_library_function_breaks_only_itself() -> None:
    source = (
        VANDAL
        + r"""
    local agent = Agent.create{model = 'echo/echo'}
    local chunks = {}
    for chunk in agent:stream('a b') do chunks[#chunks + 1] = chunk.text end
    local fine, e = pcall(Tool.execute, 'none')
    say('printed', 1, nil, 2.5)
    io.write('written', 1)
    return {
      Tool.execute('calculator', {input = '6*7'}).result.result, agent:execute('hi').text, chunks, fine,
        e.kind, e.message,
      JSON.stringify(JSON.parse('{"a":[1,2.5,"x\\n\\u00e9",null]}')),
      parallel{function() return Tool.execute('calculator', {input = '1+1'}).result.result end, function()
        sleep(0.01) return 5 end},
      Streaming.create(function() Streaming.yield(1) Streaming.yield(2) end).collect(),
      Agent.builder():name('b'):model('echo/echo'):build().name, '\xff', -1, 1 << 40, 0.5,
    }
    """
    )
    outcome = spell(source)
    assert outcome.verdict is Verdict.OK, outcome.error
    assert outcome.stdout == b"printed\t1\tnil\t2.5\nwritten1"
    assert outcome.value == [
        42, "hi", ["a ", "b"], False, "not_found", outcome.value[5], '{"a":[1,2.5,"x\\né",null]}', [2, 5], [1, 2], "b",
        b"\xff", -1, 1 << 40, 0.5,
    ]  # fmt: skip
    assert "there is no tool 'none'" in outcome.value[5]


def test_an_error_after_the_libraries_were_replaced_is_still_told_with_its_line() -> None:
    outcome = spell(VANDAL + "\nlocal x = nil\nx.y = 1")
    assert outcome.error is not None
    assert "attempt to index a nil value" in outcome.error.message
    assert outcome.error.line == VANDAL.count("\n") + 3
    assert outcome.error.traceback


def test_a_run_that_spoils_the_globals_of_its_session_leaves_the_next_run_its_arguments() -> None:
    from llmspell.engines.bridge import Script
    from llmspell.engines.factory import EngineFactory
    from llmspell.engines.worker import WorkerBridge
    from llmspell.sandbox.broker import Broker
    from llmspell.sandbox.threads import Threads

    def fails(name: str) -> str:
        return f"__{name} = function() error('spoiled') end"

    spoil = f"ARGS, arg, print = nil, nil, nil setmetatable(_G, {{{fails('index')}, {fails('newindex')}}})"
    ends = []
    with WorkerBridge(EngineFactory().get("lua"), Limits()) as bridge:
        for source in (spoil, "return {ARGS[0], arg[1]}", "error('x')", "os.exit(3)", "return 'too late'"):
            broker = Broker({}, Limits(), threads=Threads)
            script = Script(source.encode(), "s.lua", ("one",))
            ends.append(bridge.execute(script, broker=broker, emit=lambda _stream, _data: None))
    assert [end.verdict for end in ends] == [Verdict.OK, Verdict.OK, *[Verdict.ERROR] * 3]
    assert ends[1].value == ["s.lua", "one"]
    assert ends[3].exit_status == 3
    assert ends[4].error is not None
    assert ends[4].error.message == "an earlier run of this session ended it"


@pytest.mark.parametrize(
    "source",
    [
        # objects of the API
        "return pcall(setmetatable, Tool.get('calculator'), {})",
        "return pcall(setmetatable, Tool, {})",
        "return pcall(setmetatable, JSON.null, {})",
        "return pcall(setmetatable, select(2, pcall(Tool.execute, 'none')), {})",
        "return pcall(setmetatable, Agent.create{model = 'echo/echo'}:stream('x'), {})",
        # the main coroutine
        "return coroutine.resume(coroutine.running())",
        "return pcall(coroutine.close, coroutine.running())",
        "return pcall(coroutine.yield)",
        "return pcall(coroutine.wrap, coroutine.running())",
        # across boundaries of C
        "return pcall(string.gsub, 'a', 'a', coroutine.yield)",
        "return pcall(coroutine.wrap(function() table.sort({2, 1}, function() coroutine.yield() end) end))",
        "return coroutine.wrap(function() return load(function() coroutine.yield() end) ~= nil end)()",
        # large requests
        "return pcall(string.rep, 'x', math.maxinteger)",
        "return pcall(string.rep, 'x', 1 << 40, 'y')",
        "return pcall(table.unpack, {}, 1, 1e8)",
        "return pcall(table.unpack, {}, math.mininteger, math.maxinteger)",
        "return pcall(select, math.mininteger, 1)",
        "return pcall(utf8.char, 1 << 40)",
        "return pcall(utf8.codepoint, 'x', 1, 1 << 60)",
        "return pcall(string.format, '%99999999d', 1)",
        "return pcall(string.format, '%s', setmetatable({}, {__tostring = function() return {} end}))",
        "return pcall(string.pack, 's' .. string.rep('i16', 1e5), 'x')",
        "return pcall(string.unpack, 's8', string.rep('\\xff', 8))",
        "return pcall(table.concat, {}, 'x', 1, 1 << 60)",
        "return pcall(table.insert, {}, 1 << 60, 1)",
        "return pcall(table.move, {}, 1, math.maxinteger, 2)",
        "return pcall(string.byte, string.rep('x', 2e6), 1, -1)",
        "return pcall(load, string.rep('x', 100), 5)",
        "return pcall(os.date, '%Ez%Q')",
        "return pcall(os.date, '*t', 1 << 60)",
        "return pcall(os.time, {year = 1 << 60, month = 1, day = 1})",
        "return pcall(math.random, 0, -1)",
        "return pcall(collectgarbage, 'nonsense')",
        "return pcall(rawset, setmetatable({}, {__newindex = error}), nil, 1)",
        "return pcall(next, {}, 'no such key')",
        "return pcall(setmetatable, {}, {__metatable = 1, __gc = 5, __mode = 5}) and false",
        "for i = math.maxinteger - 1, math.maxinteger do end return false",
        "for i = math.mininteger, math.mininteger + 1, 1 do end return false",
        "return pcall(function() for i = 1, 10, 0 do end end)",
        "return pcall(string.find, string.rep('a', 1000), string.rep('(', 40))",
        "return pcall(string.find, 'a', 'a%f')",
        "return pcall(string.gsub, 'x', 'x', '%9')",
        "return pcall(string.rep)",
        "goto over do error('x') end ::over:: return false",
    ],
)
def test_what_cannot_be_done_is_an_error_of_the_script_and_no_end_of_the_worker(source: str) -> None:
    result = value(
        f"local function probe() {source} end local fine = probe() return "
        f"{{fine, Tool.execute('calculator', {{input = '1+1'}}).text}}"
    )
    assert result[0] is False
    assert result[1] == "2"


def test_chunk_names_can_only_mislead_about_the_script_itself() -> None:
    outcome = spell("load('error(\"faked\")', '@/etc/passwd')()")
    assert outcome.error is not None
    assert outcome.error.message == "/etc/passwd:1: faked"
    assert outcome.error.line == 1
    outcome = spell("\nload('\\n\\nerror(\"faked\")', '=llmspell/main')()")
    assert outcome.error is not None
    assert outcome.error.line == 2
    assert len(str(spell("load('error(\"x\")', '@' .. string.rep('n', 1e6))()").error)) < 10_000


@pytest.mark.usefixtures("plain_worker")
@pytest.mark.parametrize(
    "mode", ["'stop'", "'incremental', 1000, 1, 1", "'generational', 100, 100", "'setpause', 1000", "'step', 1 << 30"]
)
def test_the_collector_can_be_misused_and_memory_still_has_its_limit(mode: str) -> None:
    source = (
        f"collectgarbage({mode}) local t = {{}} for i = 1, 2e5 do t[i % 100] = {{i, tostring(i)}} end "
        f"return Tool.execute('calculator', {{input = '1+1'}}).text"
    )
    outcome = spell(source)
    assert outcome.verdict in (Verdict.OK, Verdict.LIMIT)
    assert (outcome.usage.peak_memory_bytes or 0) <= 50 << 20


def test_finalizers_that_call_the_host_while_values_are_handed_over_do_not_spoil_them() -> None:
    source = """
    local ran = 0
    local function plant()
      setmetatable({}, {__gc = function()
        ran = ran + 1
        Tool.execute('same', {v = {ran, {x = string.rep('g', ran % 50)}}})
        pcall(Tool.execute, 'same', {v = print})
        print(JSON.stringify{ran})
        if ran < 300 then plant() end
      end})
    end
    collectgarbage('setpause', 100)
    for i = 1, 5 do plant() end
    local big = {}
    for i = 1, 2000 do big[i] = {id = i, name = 'n' .. i, list = {i, i + 1}} end
    for i = 1, 20 do
      local back = Tool.execute('same', {v = big})
      for j = 1, 2000 do
        local one = back[j]
        if one.id ~= j or one.name ~= 'n' .. j or one.list[2] ~= j + 1 then error('spoiled at ' .. j) end
      end
      local fine, e = pcall(Tool.execute, 'same', {v = {{}, {deep = {1, 2, print}}}})
      if e.message ~= 'parameters.v[2].deep[3] is a function' then error(e.message) end
      local both = parallel{function() return Tool.execute('same', {v = i}) end, function() return
        Tool.execute('same', {v = -i}) end}
      if both[1] ~= i or both[2] ~= -i then error('mixed') end
    end
    return ran
    """

    def same(v: Any = None) -> Any:
        return v

    assert value(source, same, limits=Limits(cpu=20, wall=60, calls=50_000)) >= 100


def test_finalizers_that_change_what_is_being_packed_do_not_break_the_protocol() -> None:
    source = """
    local shared = {}
    for i = 1, 500 do shared['k' .. i] = {i, string.rep('x', 40) .. i} end
    local function plant()
      setmetatable({}, {__gc = function()
        RUNS = (RUNS or 0) + 1
        for i = 1, 500, 7 do shared['k' .. i] = nil end
        for i = 1, 50 do shared['new' .. math.random(1000)] = {i} end
        plant()
      end})
    end
    plant()
    for i = 1, 150 do pcall(Tool.execute, 'size', {v = shared}) end
    return RUNS
    """

    def size(v: dict[str, Any]) -> int:
        return len(v)

    assert value(source, size) > 10


def test_coroutines_by_the_thousand_that_hold_calls_are_let_go() -> None:
    source = """
    for i = 1, 2000 do
      local co = coroutine.wrap(function() coroutine.yield(Tool.execute('calculator', {input = '1+1'}).text) end)
      co()
    end
    return collectgarbage('count') < 20000
    """
    assert value(source) is True


def test_values_that_yield_while_they_are_shown_do_not_mix_up_output() -> None:
    source = """
    local odd = setmetatable({}, {__tostring = function() coroutine.yield() return 'odd' end})
    local co = coroutine.wrap(function() print('a', odd) end)
    return {pcall(co)}
    """
    assert value(source)[0] is False  # tostring is a C function: nothing yields across it


def test_a_pattern_that_never_ends_is_ended_by_the_cpu_limit() -> None:
    source = "string.find(string.rep('a', 1e5), string.rep('a-', 150) .. 'b')"
    outcome = spell(source, limits=Limits(cpu=0.3, wall=100))
    assert outcome.limit is not None
    assert outcome.limit.name == "cpu"


@pytest.mark.parametrize(
    "source",
    ["while true do end", "pcall(function() while true do end end)", "repeat until false", "::a:: goto a",
     "while true do pcall(error) end", "local function f() return f() end f()", "string.rep('', 1 << 50)",
     "table.move({}, 1, math.maxinteger - 1, 2, {})", (
"setmetatable({}, {__gc = function() "
"while true do end end}) collectgarbage()"
),
     "error(setmetatable({}, {__tostring = function() while true do end end}))",
     "xpcall(error, function() while true do end end)", (
"local x <close> = setmetatable({}, "
"{__close = function() while true do end end})"
),
     "coroutine.wrap(function() while true do end end)()", (
"while true do "
"pcall(coroutine.wrap(function() error() end)) end"
)],
)  # fmt: skip
def test_an_endless_loop_cannot_be_caught(source: str) -> None:
    outcome = spell(source, limits=Limits(cpu=0.2, wall=100))
    assert outcome.limit is not None, outcome.error
    assert outcome.limit.name == "cpu"
