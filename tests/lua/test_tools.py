"""`Tool`, tool objects, `Provider`, `Log`, `Config`, `sleep`: every spelling of `script-api.md`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from llmspell import CallError, ErrorKind, Limits, Policy, ToolGrant, Verdict, default_policy
from tests.lua.spells import error, runtime, spell, value


def add(a: int, b: int) -> dict[str, Any]:
    """Adds two numbers."""
    return {"success": True, "text": str(a + b), "result": {"sum": a + b}}


def my_tool(text: str = "x") -> str:
    return text * 2


def give(v: Any = None) -> Any:
    return v


@pytest.mark.parametrize("function", ["execute", "invoke"])
@pytest.mark.parametrize("name", ["my_tool", "my-tool"])
def test_a_tool_is_called_by_both_names_and_both_spellings(function: str, name: str) -> None:
    assert value(f"return Tool.{function}('{name}', {{text = 'ab'}})", my_tool) == "abab"
    assert value(f"return Tool.{function}('{name}')", my_tool) == "xx"


def test_a_tool_object_is_called_with_a_dot_and_with_a_colon() -> None:
    source = """
    local tool = Tool.get('add')
    local p = {a = 1, b = 2}
    local execute = tool.execute
    return {tool:execute(p), tool.execute(p), tool:invoke(p), tool.invoke(p), execute(p), execute(tool, p),
      tool.name, tostring(tool), 'tool ' .. tool, tool.description, tool.category, tool.granted, tool.version,
      tool:getSchema().required, tool.getSchema().type, tool:get_schema().type, tool.nothing == nil}
    """
    answer = {"success": True, "text": "3", "result": {"sum": 3}}
    assert value(source, add) == [
        *[answer] * 6, "add", "add", "tool add", (
"Adds "
"two numbers."
), "function", True, "1.0.0", ["a", "b"], "object", "object",
        True,
    ]  # fmt: skip


def test_parameters_that_claim_to_equal_the_tool_are_parameters() -> None:
    source = "return Tool.get('my-tool').execute(setmetatable({text = 'q'}, {__eq = function() return true end}))"
    assert value(source, my_tool) == "qq"


def test_a_tool_object_travels_as_its_name() -> None:
    source = (
        "local t = Tool.get('my_tool') return {t, Tool.execute('give', {v = {t}}), "
        "JSON.stringify(t), Tool.exists(t), Tool.execute(t)}"
    )
    assert value(source, my_tool, give) == ["my-tool", ["my-tool"], '"my-tool"', True, "xx"]


def test_tools_are_listed_found_and_discovered() -> None:
    source = """
    local byname = {}
    for _, tool in ipairs(Tool.list()) do byname[tool.name] = tool.granted end
    local found = Tool.discover{category = 'function'}
    return {byname, #Tool.list() == #Tool.discover(), #found, tostring(found[1]), Tool.exists('my_tool'),
      Tool.exists('none'),
      Tool.get('none') == nil, Tool.categories()}
    """
    byname, every, count, first, there, absent, no_tool, categories = value(source, my_tool)
    assert byname["my-tool"] is True
    assert byname["calculator"] is True
    assert byname["file-operations"] is False
    assert (every, count, first, there, absent, no_tool) == (True, 1, "my-tool", True, False, True)
    assert "function" in categories


def test_an_unknown_a_refused_and_a_misused_tool_raise_their_kinds() -> None:
    source = """
    local function kind(...) local _, e = pcall(Tool.execute, ...) return {e.kind, e.message} end
    return {kind('calculater', {}), kind('file-operations', {operation = 'list', path = '/'}), kind('add', {a
      = 'x', b = 1}),
      kind('add', {a = 1, b = 1, c = 1}), kind('add'), kind(), kind('fails')}
    """

    def fails() -> None:
        raise RuntimeError("broken inside")

    unknown, refused, wrong, extra, missing, nothing, failed = value(source, add, fails)
    assert unknown[0] == "not_found"
    assert "calculator" in unknown[1]
    assert refused[0] == "denied"
    assert "--allow-tool file-operations" in refused[1]
    assert {wrong[0], extra[0], missing[0], nothing[0]} == {"validation"}
    assert failed == ["tool", "tool fails failed: RuntimeError: broken inside"]


def test_execute_async_never_raises() -> None:
    source = """
    return {Tool.executeAsync('my-tool', {text = 'z'}), Tool.executeAsync('none', {}),
      Tool.executeAsync('file-operations', {operation = 'list', path = '/'})}
    """
    fine, unknown, refused = value(source, my_tool)
    assert fine == {"success": True, "output": "zz"}
    assert (unknown["success"], unknown["kind"]) == (False, "not_found")
    assert (refused["success"], refused["kind"]) == (False, "denied")


@pytest.mark.parametrize("waits", [False, True])
def test_a_tool_that_returns_what_cannot_travel_is_an_error_and_the_run_goes_on(waits: bool) -> None:
    def odd() -> Any:
        return {"x": object()}

    source = "local fine, e = pcall(Tool.execute, 'odd') return {fine, e.kind ~= nil, Tool.execute('my-tool')}"
    assert value(source, odd, my_tool, waits=waits) == [False, True, "xx"]


def test_a_bound_on_one_tool_is_an_error_that_can_be_caught() -> None:
    policy = Policy(tools={"calculator": ToolGrant(max_calls=2)})
    source = """
    local t = {}
    for i = 1, 3 do local fine, e = pcall(Tool.execute, 'calculator', {input = '1+1'}) t[i] = fine or e.kind end
    return t
    """
    assert value(source, policy=policy) == [True, True, "budget"]


def test_the_limit_on_calls_cannot_be_caught() -> None:
    outcome = spell("while true do pcall(Tool.execute, 'give') end", give, limits=Limits(calls=25))
    assert outcome.verdict is Verdict.LIMIT
    assert outcome.limit is not None
    assert (outcome.limit.name, outcome.usage.calls) == ("calls", 25)


def test_providers_are_listed_and_asked_in_both_spellings() -> None:
    source = """
    local echo = Provider.get('echo')
    return {Provider.list()[1].name, echo.name, echo.enabled, echo.default_model, echo.capabilities.supports_streaming,
      Provider.isAvailable('echo'), Provider.is_available('none'), Provider.get('none') == nil,
      Provider.getCapabilities('echo').supports_multimodal, Provider.get_capabilities('none') == nil}
    """
    assert value(source) == ["echo", "echo", True, "echo", True, True, False, True, False, True]


def test_log_goes_to_the_hosts_log_and_never_to_the_output() -> None:
    lines: list[tuple[str, str, dict[str, Any]]] = []

    def log(level: str, message: str, fields: Mapping[str, Any]) -> None:
        lines.append((level, message, dict(fields)))

    source = """
    Log.debug('one') Log.info('two', {n = 1}) Log.warn('three') Log.error('four', {list = {1, 2}})
    Logger.info('five') Logger.error('six')
    """
    outcome = spell(source, log=log)
    assert (outcome.verdict, outcome.stdout, outcome.stderr) == (Verdict.OK, b"", b"")
    assert lines == [
        ("debug", "one", {}), ("info", "two", {"n": 1}), ("warn", "three", {}), ("error", "four", {"list": [1, 2]}),
        ("info", "five", {}), ("error", "six", {}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("message", "logged"),
    {
        "5": "5", "0.1": "0.1", "true": "true", "nil": "nil", "'\\xffé'": "\\xffé",
        "{a = {1, 'é'}}": '{"a":[1,"é"]}', "{('x'):rep(9999):byte(1, -1)}": "a list",
    }.items(),
    ids=["integer", "float", "boolean", "nil", "bytes", "table", "too much"],
)  # fmt: skip
def test_a_message_that_is_no_text_is_logged_as_the_value_that_it_is(message: str, logged: str) -> None:
    lines: list[str] = []
    assert spell(f"Log.info({message})", log=lambda _level, line, _fields: lines.append(line)).verdict is Verdict.OK
    assert lines == [logged]


def test_config_shows_what_it_is_given_and_takes_a_default() -> None:
    policy = default_policy()._replace(config={"a": {"b": {"c": 5, "list": [1]}}, "on": False})
    source = """
    return {Config.get('a.b.c'), Config.get('a.b').list, Config.get('a.x') == nil, Config.get('a.x', 'else'),
      Config.get('on', 1),
      Config.get('a.b.c.d', 2)}
    """
    assert value(source, policy=policy) == [5, [1], True, "else", False, 2]


def test_sleep_waits_as_long_as_it_is_told() -> None:
    begun = time.monotonic()
    outcome = spell("sleep(0.15)")
    assert time.monotonic() - begun >= 0.15
    assert outcome.usage.wall_seconds >= 0.15
    for wrong in ("sleep()", "sleep(-1)", "sleep('x')", "sleep(0/0)", "sleep(1e10)"):
        assert error(wrong)[0] == "validation"


def test_a_tool_that_overruns_its_time_is_a_timeout_that_can_be_caught() -> None:
    import threading

    gate = threading.Event()

    def hangs() -> None:
        gate.wait(60)

    source = "local fine, e = pcall(Tool.execute, 'hangs') return {fine, e.kind}"
    try:
        limits = Limits(tool_seconds=0.1, wall=100)
        assert value(source, hangs, waits=True, limits=limits) == [False, "timeout"]
    finally:
        gate.set()


def test_a_call_error_with_odd_details_reaches_the_script() -> None:
    def odd() -> None:
        raise CallError(ErrorKind.TOOL, "x" * 5000, {"list": [], "nested": {"a": [1, None]}})

    source = (
        "local _, e = pcall(Tool.execute, 'odd') return {#e.message, e.details.list, "
        "e.details.nested.a[2] == JSON.null}"
    )
    assert value(source, odd) == [5000, [], True]


def test_a_function_that_is_added_to_the_table_appears_without_a_change_to_the_engine() -> None:
    from llmspell.capabilities.surface import SURFACE
    from llmspell.engines.bridge import Script
    from llmspell.engines.worker import WorkerBridge
    from llmspell.sandbox.broker import Broker, Handler
    from llmspell.sandbox.threads import Threads

    surface = {
        **SURFACE,
        "globals": {
            "New": {
                "wide": {
                    "calls": "new.wide",
                    "takes": ["a", "b", "c", "d", "e"],
                    "with": {"fixed": [1]},
                    "also": ["broad"],
                },
                "three": {"calls": "new.wide", "takes": ["a", "b", "c"], "with": {"x": 1, "y": "z"}},
            }
        },
        "functions": {"shout": {"calls": "new.wide", "takes": ["word"]}},
        "same": {"Alias": "New"},
    }
    source = b"return {New.wide(1, nil, 3, {4}), Alias.broad(), New.three(1, 2, 3, 4), shout('hey', 'ignored')}"
    broker = Broker({"new.wide": Handler(dict)}, Limits(), threads=Threads)
    with WorkerBridge(runtime().engine, Limits(), surface=surface) as bridge:
        end = bridge.execute(Script(source, "spell.lua"), broker=broker, emit=lambda _stream, _data: None)
    assert end.value == [
        {"fixed": [1], "a": 1, "c": 3, "d": [4]}, {"fixed": [1]},
        {"x": 1, "y": "z", "a": 1, "b": 2, "c": 3}, {"word": "hey"},
    ]  # fmt: skip
