"""What a script can see: an allow list, and nothing behind it."""

from __future__ import annotations

import pytest

from tests.lua.spells import error, spell, value

# Everything that is reachable from _G by keys, values and metatables, with its path and its type. Userdata would be a
# host object; a thread could only be one that the adapter left about.
WALK = """
local seen, found = {}, {}
local function walk(v, path)
  local kind = type(v)
  found[#found + 1] = path .. '=' .. kind
  if kind == 'userdata' or kind == 'thread' then error(path .. ' is ' .. kind) end
  local meta = getmetatable(v)
  if type(meta) == 'table' and not seen[meta] then walk(meta, path .. '<meta>') end
  if kind ~= 'table' or seen[v] then return end
  seen[v] = true
  for k, each in next, v do
    if type(k) ~= 'string' then walk(k, path .. '<key>') end
    walk(each, path .. '.' .. tostring(k))
  end
end
walk(_G, '_G')
local plain = ''
walk(plain, 'string')
walk(print, 'function')
walk(1, 'number')
walk(nil, 'nil')
return found
"""

BASE = [
    "_G", "_VERSION", "assert", "collectgarbage", "dofile", "error", "getmetatable", "ipairs", "load", "loadfile",
    "next", "pairs", "pcall", "print", "rawequal", "rawget", "rawlen", "rawset", "require", "select", "setmetatable",
    "tonumber",
    "tostring", "type", "warn", "xpcall",
]  # fmt: skip
LIBRARIES = {
    "coroutine": "close create isyieldable resume running status wrap yield",
    "debug": "getinfo traceback",
    "io": "input lines open output popen read stderr stdin stdout tmpfile type write",
    "math": "abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger min mininteger modf pi rad random"
    " randomseed sin sqrt tan tointeger type ult",
    "os": "clock date difftime execute exit getenv remove rename setlocale time tmpname",
    "package": "config cpath loaded path preload",
    "string": "byte char find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper",
    "table": "concat insert move pack remove sort unpack",
    "utf8": "char charpattern codepoint codes len offset",
}
API = {
    "Agent": "builder create createAsync get list new",
    "Tool": "categories discover execute executeAsync exists get invoke list",
    "Provider": "get getCapabilities get_capabilities isAvailable is_available list",
    "Streaming": "create yield",
    "Media": "audio binary image text video",
    "JSON": "null parse stringify",
    "Log": "debug error info warn",
    "Logger": "debug error info warn",
    "Config": "get",
}
MISSING = [
    "Workflow", "RAG", "Memory", "State", "Session", "Event", "Hook", "Replay", "Artifact", "Template", "Context",
    "Debug", "Graph", "LocalLLM",
]  # fmt: skip


def test_the_globals_are_those_of_the_list_and_no_others() -> None:
    names = value("local t = {} for k in next, _G do t[#t + 1] = k end return t")
    assert sorted(names) == sorted([*BASE, *LIBRARIES, *API, *MISSING, "ARGS", "arg", "parallel", "sleep"])


@pytest.mark.parametrize(("name", "wanted"), [*LIBRARIES.items(), *API.items()])
def test_a_global_table_holds_what_the_list_says(name: str, wanted: str) -> None:
    names = value(f"local t = {{}} for k in next, {name} do t[#t + 1] = k end return t")
    assert sorted(names) == wanted.split()


def test_whatever_is_reached_from_the_globals_is_plain_lua_with_an_expected_name() -> None:
    found = value(WALK)
    assert any(path.endswith(".rep=function") for path in found)
    # one metatable shows, that of strings; all others say a name instead
    assert sum(path.endswith("<meta>=table") for path in found) == 1
    assert sum("<meta>.__index=" in path for path in found) == 1
    expected = {*BASE, *LIBRARIES, *API, *MISSING, "ARGS", "arg", "parallel", "sleep"}
    for path in found:
        top = path.split("=")[0].removeprefix("_G").removeprefix(".").split(".")[0].split("<")[0]
        assert top in {"", "string", "function", "number", "nil", *expected}, path


def test_what_calls_return_holds_no_host_object_either() -> None:
    walk = WALK.replace("walk(_G, '_G')", "for i, v in ipairs(RESULTS) do walk(v, 'result' .. i) end")
    calls = """
    local agent = Agent.create{model = 'echo/echo'}
    local stream = agent:stream('a b')
    RESULTS = {
      agent, stream, stream.next(), agent:execute('hi'), Tool.list(), Tool.get('calculator'), Provider.list(),
      select(2, pcall(Tool.execute, 'none')), select(2, pcall(error)), Streaming.create(function() end), io.write(''),
      Agent.builder(), JSON.null, JSON.parse('[{}]'), parallel{function() return 1 end},
      select(2, pcall(Tool.execute, 'calculator', {input = string.rep('x', 5 << 20)})),
      select(2, pcall(Tool.execute, 'calculator', print)),
    }
    """
    assert "result1=table" in value(calls + walk)


@pytest.mark.parametrize(
    "name",
    [
        "debug.getlocal", "debug.getregistry", "debug.setmetatable", "debug.getupvalue", "debug.sethook", "string.dump",
        "debug.upvalueid", "io.close", "package.loadlib", "package.searchers", "package.searchpath", "loadstring",
        "python", "lupa", "newproxy", "module", "setfenv", "unpack", "ll",
    ],
)  # fmt: skip
def test_what_reaches_outside_is_not_there(name: str) -> None:
    assert value(f"return {name} == nil") is True


def test_binary_chunks_are_refused_whatever_the_mode_says() -> None:
    source = r"""
    local results = {}
    for i, mode in ipairs{'b', 'bt', 't', 'x', false} do
      local chunk, why = load('\27Lua' .. string.rep('\0', 100), 'x', mode or nil)
      results[i] = {chunk == nil, why}
    end
    local parts = {'\27Lua', '\x54\0'}
    local i = 0
    local chunk, why = load(function() i = i + 1 return parts[i] end)
    results[6] = {chunk == nil, why}
    return results
    """
    assert all(row[0] is True and "binary chunk" in row[1] for row in value(source))


def test_a_source_of_bytecode_is_a_syntax_error() -> None:
    kind, message, _ = error(b"\x1bLua" + bytes(100))
    assert kind == "syntax"
    assert "binary chunk" in message


def test_load_takes_text_pieces_and_environments_as_lua_does() -> None:
    source = """
    local i = 0
    local pieced = load(function() i = i + 1 return ({'return ', '1 ', '+ 1'})[i] end)
    local own = load('x = 1 return _ENV', 'own', 't', {})
    local bare = load('return _ENV', 'bare', 't', nil)
    local nothing, why = load('x x')
    return {pieced(), own().x, x == nil, bare() == nil, nothing == nil, why, load('return _G')() == _G,
      pcall(load), select(2, pcall(load, {})), select(2, pcall(load, 'x', 1 == 1))}
    """
    assert value(source) == [
        2, 1, True, True, True, """[string "x x"]:1: syntax error near 'x'""", True, False,
        "bad argument #1 to 'load' (function expected, got table)",
        "bad argument #2 to 'load' (string expected, got boolean)",
    ]  # fmt: skip


def test_an_error_of_the_parser_reaches_load_as_text_and_never_as_a_table() -> None:
    nested = {"(": "", "{": "}", "do ": "", "x=function() ": "", "not ": "x", "-": "1", "{{": ""}
    for opening, closing in nested.items():
        source = (
            f"local f, why = load('x = ' .. string.rep({opening!r}, 1e5) .. string.rep({closing!r}, 1e5)) "
            f"return {{f == nil, type(why)}}"
        )
        assert value(source) == [True, "string"], opening


def test_a_first_line_for_the_shell_and_a_mark_of_the_encoding_are_no_syntax_errors() -> None:
    assert value("#!/usr/bin/env llmspell\nreturn 1") == 1
    assert value(b"\xef\xbb\xbfreturn 2") == 2
    assert value(b"\xef\xbb\xbf#! x\nreturn 3") == 3
    assert error("#!/usr/bin/env llmspell\nerror('x')")[2] == 2  # the line is counted


def test_a_granted_name_is_in_the_environment_and_no_other() -> None:
    from llmspell import default_policy

    policy = default_policy()._replace(environment={"GRANTED": "yes"})
    source = (
        "return {os.getenv('GRANTED'), os.getenv('HOME') == nil, os.getenv('PATH') == nil, os.getenv('__index') == nil}"
    )
    assert value(source, policy=policy) == ["yes", True, True, True]


@pytest.mark.parametrize("name", MISSING)
def test_a_global_of_a_later_version_says_so_on_use(name: str) -> None:
    uses = [f"{name}.x()", f"{name}.y = 1", f"{name}()", f"for _ in pairs({name}) do end", f"{name}:z()"]
    source = (
        "local t = {} for i, use in ipairs{...} do t[i] = select(2, pcall(load(use))).kind .. ': '"
        " .. tostring(select(2, pcall(load(use)))) end return t"
    )
    found = value(source, arguments=tuple(uses))
    assert found == [f"not_found: {name} is not part of this version of llmspell"] * 5


def test_an_unknown_function_of_the_script_api_is_named() -> None:
    kind, message, line = error("\nTool.exekute('x')")
    assert (kind, message, line) == ("not_found", "Tool.exekute is not a function of the script API", 2)


def test_arguments_are_data_in_both_names() -> None:
    source = "return {ARGS[0], ARGS[1], ARGS[2], ARGS.depth, ARGS.fast, arg == ARGS, #arg, ...}"
    outcome = spell(source, arguments=("one", "os.exit(9)", "--depth", "3", "--fast"))
    assert outcome.value == ["spell.lua", "one", "os.exit(9)", "3", "true", True, 2, "one", "os.exit(9)"]
