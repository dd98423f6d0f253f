"""The line at which a script was when a limit ended it: for each limit, and wherever the script was."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from llmspell import FunctionTool, Limits, Outcome, ScriptRuntime, Verdict, default_policy
from llmspell.engines.bridge import Script
from llmspell.engines.worker import WorkerBridge
from tests.patience import growing

MIB = 1 << 20

PLACES = {
    "a loop": ("local x = 0\nwhile true do\n  x = x + 1\nend", {2, 3}),
    "an empty loop": ("\nwhile true do end", {2}),
    "a function": ("local function f()\n  while true do end\nend\npcall(f)", {2}),
    "endless tail calls": ("local function f()\n  return f()\nend\nf()", {2}),
    "allocations": ("local t\nwhile true do\n  t = {{}, tostring(t)}\nend", {2, 3}),
    "caught errors": ("\nwhile true do\n  pcall(error, 'x')\nend", {2, 3}),
    "a coroutine": ("local co = coroutine.wrap(function()\n  while true do end\nend)\nco()", {2}),
    "coroutines inside one another": (
        (
            "local function f()\n\n  while true do end\nend\n"
            "coroutine.resume(coroutine.create(function() coroutine.wrap(function() f() end)() end))"
        ),
        {3},
    ),
    "a coroutine that names others": (
        (
            "local co, me\nme = coroutine.running()\nco = coroutine.wrap(function()\n"
            "  while true do coroutine.status(me) end\nend)\nco()"
        ),
        {4},
    ),
    "a branch of parallel": ("parallel{\nfunction()\n  while true do end\nend}", {3}),
    "something that is closed": (
        (
            "local co = coroutine.create(function()\n  local x <close> = setmetatable({}, {__close = function()\n"
            "    while true do end end})\n  coroutine.yield()\nend)\ncoroutine.resume(co)\ncoroutine.close(co)"
        ),
        {3},
    ),
    "a callback of a C function": ("\ntable.sort({1, 2, 3}, function()\n  while true do end\nend)", {3}),
    "deep in callbacks": (
        (
            "local function f(n)\n  if n > 100 then while true do end end\n"
            "  string.gsub('a', 'a', function() f(n + 1) end)\nend\nf(1)"
        ),
        {2},
    ),
    "a pattern": ("local s = string.rep('a', 100000)\n\nstring.find(s, '.-.-.-.-b')", {3}),
    "a loaded function": ("local f = load('while true do end')\n\nf()", {3}),
    "printing": ("\nwhile true do\n  print('again')\nend", {2, 3}),
    "calls": ("\nwhile true do\n  Tool.exists('none')\nend", {2, 3}),
    "no memory left": (
        (
            "local t = {}\npcall(function() while true do t[#t + 1] = ('x'):rep(1000) .. #t end end)\n"
            "while true do\n  pcall(string.rep, 'x', 1 << 30)\nend"
        ),
        {2, 3, 4},
    ),
}


def run(source: str, **limits: float) -> Outcome:
    runtime = ScriptRuntime.with_lua(
        limits=Limits()._replace(output=1 << 40, calls=1 << 40)._replace(**limits),  # type: ignore[arg-type]
        tools=[FunctionTool(big, blocking=False)],
        policy=default_policy().with_tools(["big"]),
    )
    return runtime.execute(source, name="spell.lua")


def big(size: int) -> str:
    return "x" * size


@pytest.mark.parametrize("limit", ["cpu", "wall"])
@pytest.mark.parametrize(("source", "lines"), PLACES.values(), ids=PLACES)
def test_a_limit_of_time_says_where_the_script_was(source: str, lines: set[int], limit: str) -> None:
    for seconds in growing(0.2):  # where the machine is busy a script may not have come to its first line yet
        outcome = run(source, **{limit: seconds})
        if outcome.error is not None and outcome.error.line is not None:
            break
    assert outcome.limit is not None, outcome
    assert outcome.error is not None
    assert (outcome.limit.name, outcome.limit.allowed, outcome.evidence) == (limit, seconds, "host")
    assert outcome.error.line in lines
    assert f"({limit} limit), last seen at spell.lua:{outcome.error.line}; raise it with" in outcome.error.message


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("\n\nsleep(20)", 3),
        ("local function f()\n  sleep(20)\nend\nf()", 2),
        ("coroutine.wrap(function()\n  sleep(20)\nend)()", 2),
        ("parallel{function() sleep(20) end,\nfunction() sleep(20) end}", 1),
        ("\nwhile true do sleep(0.001) end", 2),
    ],
)
def test_a_script_that_waits_when_its_time_is_over_is_seen_at_its_call(source: str, line: int) -> None:
    assert line_of(source) == line


def line_of(source: str) -> int | None:
    """The line that the wall limit ends a source at; a machine that is busy may take the first few from it."""
    for wall in growing(0.3):
        outcome = run(source, wall=wall)
        assert outcome.limit is not None
        assert outcome.error is not None
        assert outcome.limit.name == "wall"
        if outcome.error.line is not None:
            return outcome.error.line
    return None


def test_other_limits_that_the_host_finds_say_where_as_well() -> None:
    printing, calling = "\nwhile true do\n  print('again')\nend", "\nfor i = 1, 9 do\n  Tool.list()\nend"
    assert said_at(lambda: run(printing, output=1000)) == ("output", 3)
    assert said_at(lambda: run(calling, calls=3)) == ("calls", 3)


def said_at(ran: Callable[[], Outcome]) -> tuple[str, int | None]:
    """The limit and the line; one run in some thirty is met in the middle of an allocation, and then breaks."""
    for outcome in (ran() for _ in range(4)):
        assert outcome.limit is not None
        assert outcome.error is not None
        found = outcome.limit.name, outcome.error.line
        if outcome.error.line is not None:
            break
    return found


def test_a_finalizer_is_ended_without_a_line() -> None:
    outcome = run("setmetatable({}, {__gc = function() while true do end end})\ncollectgarbage()", wall=0.2)
    assert outcome.limit is not None
    assert outcome.error is not None
    assert (outcome.limit.name, outcome.error.line) == ("wall", None)
    assert "last seen" not in outcome.error.message


def test_a_script_cannot_choose_the_verdict_that_its_line_comes_with() -> None:
    source = """
    local t = setmetatable({}, {__close = function() os.exit(0) end, __gc = function() os.exit(0) end})
    local x <close> = t
    while true do pcall(error) end
    """
    outcome = run(source, wall=0.2)
    assert outcome.limit is not None
    assert (outcome.verdict, outcome.limit.name) == (Verdict.LIMIT, "wall")


def test_what_was_printed_before_the_end_is_kept_and_nothing_of_it_twice() -> None:
    outcome = run("local n = 0\nwhile true do\n  n = n + 1\n  print(n)\nend", wall=0.2)
    numbers = [int(word) for word in outcome.stdout.split()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_each_run_of_a_session_is_told_by_its_own_name_and_lines() -> None:
    for cpu in growing(0.3):
        runtime = ScriptRuntime.with_lua(limits=Limits(cpu=cpu))
        with WorkerBridge(runtime.engine, runtime.limits) as bridge:
            for name in ("first.lua", "second.lua"):
                assert bridge.execute(Script(b"return 1", name), broker=runtime.new_broker(), emit=_drop).value == 1
            end = bridge.execute(Script(b"\n\nwhile true do end", "third"), broker=runtime.new_broker(), emit=_drop)
        if end.error is not None and end.error.line is not None:
            break
    assert end.error is not None
    assert (end.error.file, end.error.line) == ("third", 3)


def _drop(_stream: str, _data: bytes) -> None:
    pass


def test_a_tool_that_is_still_at_work_does_not_hide_the_line() -> None:
    assert line_of("\nlocal t = {}\nwhile true do\n  t[1] = Tool.execute('big', {size = 1000000})\nend") in (3, 4)


@pytest.mark.parametrize("engine", ["lua", "lua@5.1"])
def test_what_watches_for_the_line_of_a_run_is_gone_after_it(engine: str) -> None:
    with ScriptRuntime.with_engine(engine).session() as session:

        def held_after(runs: int) -> float:
            for _ in range(runs):
                session.execute("return 1")
            kibibytes: float = session.execute("collectgarbage() collectgarbage() return collectgarbage('count')").value
            return kibibytes

        before = held_after(100)
        assert held_after(250) < before + 60
