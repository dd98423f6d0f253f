"""The dialects of Lua: chosen by name or by a setting, each with the whole script API and none of the ways out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmspell import EngineFactory, EngineSpec, FunctionTool, Limits, ScriptRuntime, UsageError, default_policy
from llmspell.capabilities.surface import SURFACE
from llmspell.engines.builtin import DIALECTS
from llmspell.engines.worker import WorkerBridge
from tests.engines.api.languages import LANGUAGES, Language, as_it_comes_back
from tests.lua.spells import files
from tests.lua.test_parallel import meeting
from tests.lua.test_values import VALUES, Session, same

NAMES = [f"lua@{dialect}" for dialect in DIALECTS["lua"][1:]]
every_dialect = pytest.mark.parametrize("name", NAMES)
LIMITS = Limits(cpu=20, wall=100)


def value(name: str, source: str, *tools: FunctionTool, folder: Path | None = None) -> Any:
    granted = default_policy().with_tools([tool.name for tool in tools])
    runtime = ScriptRuntime.with_engine(name, tools=tools, policy=granted, limits=LIMITS)
    outcome = runtime.execute(source, name="spell.lua", folder=str(folder) if folder else None)
    assert outcome.verdict == "ok", outcome.error
    return outcome.value


def within(item: Any, greatest: int) -> Any:
    """A value with the integers that a language has."""
    match item:
        case dict():
            return {key: within(inner, greatest) for key, inner in item.items()}
        case list():
            return [within(inner, greatest) for inner in item]
        case int() if not isinstance(item, bool) and abs(item) > greatest:
            return item % greatest
    return item


@pytest.fixture(scope="module", params=NAMES)
def session(request: pytest.FixtureRequest) -> Iterator[tuple[Session, Language]]:
    language = next(one for one in LANGUAGES if one.name == request.param)
    with WorkerBridge(language.spec(), Limits(wall=60), surface=SURFACE) as bridge:
        yield Session(bridge), language


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(given_value=VALUES)
def test_every_value_that_the_dialect_has_comes_back(session: tuple[Session, Language], given_value: Any) -> None:
    run, language = session
    given_value = within(given_value, language.integers)
    returned, handed = run.run(
        "local v = Tool.execute('give') Tool.execute('take', {v = v}) return {v = v}", given_value
    )
    wanted = as_it_comes_back({"v": given_value}, language)
    assert same(returned, wanted)
    assert same(handed, wanted)


@settings(max_examples=60, deadline=None)
@given(number=st.one_of(st.integers(1 - 2**53, 2**53 - 1), st.floats(allow_nan=False)))
def test_numbers_are_packed_and_unpacked_without_loss(session: tuple[Session, Language], number: float) -> None:
    run, _ = session
    returned, _ = run.run("return Tool.execute('give')", number)
    assert returned == number


@pytest.mark.parametrize(
    ("name", "version"),
    [("lua@5.1", "Lua 5.1"), ("lua@5.3", "Lua 5.3"), ("lua@5.5", "Lua 5.5"), ("lua@luajit", "LuaJIT 2.1")],
)
def test_a_dialect_says_what_it_is(name: str, version: str) -> None:
    outcome = ScriptRuntime.with_engine(name).execute("return _VERSION")
    assert (outcome.engine_name, outcome.value) == (name, version if name != "lua@luajit" else "Lua 5.1")
    assert (outcome.engine_version or "").startswith(version)


def test_a_dialect_is_chosen_by_name_or_by_a_setting() -> None:
    assert EngineFactory().get("lua@5.4") == EngineFactory().get("lua")
    chosen = EngineFactory([EngineSpec("lua", (), settings={"dialect": "5.1"})])
    assert chosen.get("lua").name == "lua@5.1"
    assert chosen.for_script("x.lua", b"").name == "lua@5.1"
    assert chosen.get("lua@5.3").name == "lua@5.3"
    assert chosen.get("lua@5.4").name == "lua"
    assert ScriptRuntime(chosen.get("lua")).execute("return _VERSION").value == "Lua 5.1"


@pytest.mark.parametrize("name", ["lua@5.2", "lua@", "lua@5.4.8"])
def test_a_dialect_that_there_is_not_is_named_with_those_that_there_are(name: str) -> None:
    with pytest.raises(UsageError, match=r"engine 'lua' has no dialect '.*'; known are: 5.4, 5.1, 5.3, 5.5, luajit"):
        EngineFactory().get(name)
    with pytest.raises(UsageError, match="engine 'lua' has no dialect '7'"):
        EngineFactory([EngineSpec("lua", (), settings={"dialect": 7})]).get("lua")


def test_an_engine_without_dialects_says_so() -> None:
    other = EngineSpec("other", (), command=("/bin/true",), settings={"dialect": "its own business"})
    assert EngineFactory([other]).get("other") == other
    with pytest.raises(UsageError, match="engine 'other' has no dialects, and was asked for 'x'"):
        EngineFactory([other]).get("other@x")


WAYS_OUT = """
local forbidden, found, seen = {}, {}, {}
for name in ([[setfenv getfenv newproxy dump jit ffi python loadlib loaders searchers searchpath module getregistry
  getupvalue setupvalue upvalueid upvaluejoin
  sethook gethook getlocal setlocal getuservalue setuservalue]]):gmatch("%S+") do
  forbidden[name] = true
end
local function walk(value, path)
  if type(value) ~= "table" or seen[value] then return end
  seen[value] = true
  for k, v in next, value do
    if forbidden[k] then found[#found + 1] = path .. "." .. tostring(k) end
    walk(v, path .. "." .. tostring(k))
  end
  walk(getmetatable(value), path .. "<meta>")
end
walk(_G, "_G")
walk(getmetatable(""), "string")
walk(package, "package")
return #found == 0 and "none" or found
"""


@every_dialect
def test_no_way_out_can_be_reached(name: str) -> None:
    assert value(name, WAYS_OUT) == "none"
    assert value(name, "return debug.setmetatable == nil and debug.traceback ~= nil") is True
    assert value(name, "return {io.open('x') == nil, os.remove('x') == nil, pcall(io.popen, 'id')}")[:3] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("case", ["recursion_in_a_pattern", "recursion_by_callbacks", "recursion_by_metamethods"])
@every_dialect
def test_deep_recursion_inside_c_ends_the_worker_at_most(name: str, case: str) -> None:
    source = (Path(__file__).parents[1] / "hostile" / "language" / f"{case}.lua").read_text()
    assert ScriptRuntime.with_engine(name, limits=LIMITS).execute(source).verdict in ("ok", "limit", "crash", "error")


UNBOUND = {
    "5.1": 'local parts = ("(x?)"):rep(30) .. (".-"):rep(200000) return pcall(string.find, ("x"):rep(500000), parts)',
    "luajit": 'local function again() return (("a"):gsub("a", again)) end return pcall(again)',
}


@pytest.mark.parametrize("name", UNBOUND)
def test_recursion_that_one_dialect_does_not_bound_is_a_crash_there_and_an_error_elsewhere(name: str) -> None:
    engines = (f"lua@{name}", "lua")
    outcomes = {one: ScriptRuntime.with_engine(one, limits=LIMITS).execute(UNBOUND[name]) for one in engines}
    assert outcomes[f"lua@{name}"].verdict == "crash"
    assert outcomes["lua"].verdict == "ok"
    assert outcomes["lua"].value is False


@every_dialect
def test_compiled_code_is_not_loaded(name: str) -> None:
    source = r"""
    local function tried(load, ...)
      local fine, chunk = pcall(load, ...)
      return fine and chunk ~= nil
    end
    local heads = {"\27Lua", "\27LJ\2", "\27"}
    local loaded = {}
    for i, head in ipairs(heads) do
      local given = false
      local function piece()
        if given then return nil end
        given = true
        return head
      end
      loaded[#loaded + 1] = tried(load, head) or tried(load, piece) or tried(load, head, "x", "b")
        or (loadstring and tried(loadstring, head)) or false
    end
    return loaded
    """
    assert value(name, source) == [False, False, False]


@every_dialect
def test_code_that_is_loaded_sees_the_scripts_globals_or_those_that_it_is_given(name: str) -> None:
    source = """
    x = 1
    local own = load("return x, print ~= nil")
    local given = load("x = 5 return x, print", "given", "t", {x = 2})
    local a, b = own()
    local c, d = given()
    return {a, b, c, d == nil, x, (select(2, load("return +", "=it")))}
    """
    first, second, third, fourth, kept, why = value(name, source)
    assert (first, second, third, fourth, kept) == (1, True, 5, True, 1)
    assert why.startswith("it:1: ")


@every_dialect
def test_calls_in_branches_are_open_together_also_inside_pcall(name: str) -> None:
    source = """
    local function meet(n) return function() return Tool.execute("meet", {n = n}) end end
    return parallel{
      meet(1),
      function() local _, v = pcall(meet(2)) return v end,
      function() local _, v = xpcall(meet(3), print) return v end,
      function() local _, v = pcall(pcall, meet(4)) return select(2, pcall(function() return 4 end)) end,
    }
    """
    assert value(name, source, FunctionTool(meeting(4), blocking=True)) == [1, 2, 3, 4]


@every_dialect
def test_streams_are_read_in_branches(name: str) -> None:
    source = """
    local function tell(text)
      return function()
        local texts = {}
        for chunk in Agent.create{model = "echo/echo"}:stream(text) do texts[#texts + 1] = chunk.text end
        return table.concat(texts)
      end
    end
    return parallel{tell("one two"), tell("three four")}
    """
    assert value(name, source) == ["one two", "three four"]


@every_dialect
def test_modules_are_loaded_and_their_errors_have_a_place(name: str, tmp_path: Path) -> None:
    files(tmp_path, {"good.lua": "return {name = ...}", "bad.lua": "local x = 1\nerror('it broke')"})
    source = "local _, why = pcall(require, 'bad') return {require('good').name, tostring(why)}"
    assert value(name, source, folder=tmp_path) == ["good", "bad.lua:2: it broke"]


@every_dialect
def test_json_keeps_what_the_dialect_can(name: str) -> None:
    source = r"""return {JSON.stringify(JSON.parse([[{"a": [1, 0.5, "\u00e9\ud83d\ude00", null, [], {}]}]])),
      JSON.stringify("\255\254"),
      JSON.stringify(JSON.parse('{"$bytes": "/wAB"}')), #JSON.parse('{"$bytes": "/wAB"}')}"""
    assert value(name, source) == [
        '{"a":[1,0.5,"é\U0001f600",null,[],{}]}', '{"$bytes":"//4="}', '{"$bytes":"/wAB"}', 3,
    ]  # fmt: skip


def test_lua_5_1_has_its_own_names_and_not_those_of_5_4() -> None:
    source = (
        "return {unpack ~= nil, loadstring ~= nil, table.unpack == nil, math.type == nil, utf8 == nil, rawlen == nil}"
    )
    assert value("lua@5.1", source) == [True] * 6
    assert value("lua@luajit", "return {unpack ~= nil, bit.bor(1, 2), utf8 == nil, jit == nil}") == [
        True,
        3,
        True,
        True,
    ]


@every_dialect
def test_answers_for_which_there_is_no_room_are_refused_and_hang_nothing(name: str) -> None:
    def text(size: int) -> str:
        return "x" * size

    source = """
    local taken = {}
    for i, size in ipairs{20000, 65536, 100000, 200000, 400000, 10} do
      local got, last = 0
      for _ = 1, 20 do
        last = select(2, pcall(Tool.execute, "text", {size = size}))
        if #last == size then got = got + 1 end
      end
      taken[i] = got
    end
    return taken
    """
    made = FunctionTool(text, blocking=False)
    runtime = ScriptRuntime.with_engine(
        name,
        tools=[made],
        policy=default_policy().with_tools([made.name]),
        limits=Limits(memory=EngineFactory().get(name).least_memory + (2 << 20), wall=20),
    )
    outcome = runtime.execute(source, name="spell.lua")
    assert outcome.verdict == "ok", outcome.error
    assert outcome.value[-2] < outcome.value[-1] == 20
    assert outcome.usage.memory_refusals > 0


def test_what_is_held_in_reserve_is_little_of_little_memory() -> None:
    held = {}
    for mebibytes in (20, 50):
        runtime = ScriptRuntime.with_lua(limits=Limits(memory=mebibytes * 1024 * 1024))
        held[mebibytes] = runtime.execute("collectgarbage() return collectgarbage('count') // 1 | 0").value
    assert held[20] + 400 < held[50] < held[20] + 512
