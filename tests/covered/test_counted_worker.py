"""A way through the whole worker, on a worker whose lines are counted when coverage is measured.

Without `COUNT_WORKERS` (a folder) the same scripts run on the plain worker; see `counting.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from coverage import CoverageData

from llmspell import EngineFactory, FunctionTool, Limits, ScriptRuntime, default_policy
from llmspell.engines.bridge import Script
from llmspell.engines.worker import WorkerBridge
from tests.covered.counted_worker import EVERY
from tests.covered.counting import SWITCH, counted
from tests.covered.gather import drop_unreadable, gather

SCRIPTS = {
    "hello": "print('hello', 1, 2.5, nil, true) return {1, {a = 'b'}, 'x', '\\xff'}",
    "arguments": "return ARGS[0] .. ARGS[1] .. ARGS.depth .. #arg",
    "call": "return Tool.execute('calculator', {input = '6*7'}).result.result",
    "refused call": "return pcall(Tool.execute, 'file-operations', {operation = 'read', path = '/x'})",
    "unknown call": "return select(2, pcall(Tool.execute, 'nothing', {})).kind",
    "cannot travel": "return select(2, pcall(Tool.execute, 'calculator', {input = print})).message",
    "too large to send": "return select(2, pcall(Tool.execute, 'calculator', {input = ('x'):rep(5 << 20)})).kind",
    "too large to begin": """
        local t = parallel{function()
          return select(2, pcall(Tool.execute, 'calculator', {input = ('x'):rep(5 << 20)})).kind
        end}
        return t[1]""",
    "parallel": """
        return parallel{
          function() return Tool.execute('slow', {n = 1}) end,
          function() return Tool.execute('slow', {n = 2}) end,
          function() local co = coroutine.wrap(function() return Tool.execute('slow', {n = 3}) end) return co() end,
        }""",
    "stream": "local t = {} for c in Agent.create{}:stream('one two') do t[#t + 1] = c.text end return t",
    "output": "io.write('a', 1) io.stderr:write('b') print(('x'):rep(3 << 20):len()) io.write(('y'):rep(2 << 20))",
    "syntax": "x = = 1",
    "error": "local function f() error('boom') end f()",
    "error table": "error({message = 'm'})",
    "error nil": "error(nil)",
    "result is a function": "return {a = {b = print}}",
    "result is too large": "return ('x'):rep(5 << 20)",
    "memory": "local t = {} while true do t[#t + 1] = ('x'):rep(100000) end",
    "memory at a reply": "local t = {} while true do t[#t + 1] = Tool.execute('large', {}) end",
    "exit": "os.exit(3)",
    "exit in vain caught": "pcall(os.exit, true) return 1",
    "check": "return 1",
}


def slow(n: int) -> int:
    return n


def large() -> bytes:
    return b"x" * (3 << 20)


@pytest.fixture
def runtime() -> ScriptRuntime:
    tools = [FunctionTool(slow, name="slow"), FunctionTool(large, name="large")]
    policy = default_policy().with_tools(["slow", "large"])
    engine, limits = counted(EngineFactory().get("lua"), Limits(cpu=20, wall=60))
    return ScriptRuntime(engine, limits=limits, tools=tools, policy=policy)


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_way_through_the_worker_ends_with_a_last_word(name: str, runtime: ScriptRuntime) -> None:
    with WorkerBridge(runtime.engine, runtime.limits) as bridge:
        script = Script(
            SCRIPTS[name].encode(), "way.lua", ("a",), {"depth": "3"}, "check" if name == "check" else "run"
        )
        end = bridge.execute(script, broker=runtime.new_broker(), emit=lambda _stream, _data: None)
        assert end.verdict in ("ok", "error", "limit"), end
        if bridge.alive and end.exit_status is None:  # a session: the next run of the same worker
            again = bridge.execute(
                Script(b"return 1", "again.lua"), broker=runtime.new_broker(), emit=lambda _stream, _data: None
            )
            assert again.value == 1


@pytest.mark.parametrize(
    ("name", "bomb"),
    [
        ("javascript", "const t = []; for (;;) t.push('x'.repeat(1e6) + t.length)"),
        ("javascript", "const t = []; for (;;) t.push(Tool.execute('large', {}))"),
        ("python", "t = []\nwhile True: t.append('x' * 1_000_000)"),
        ("python", "t = []\nwhile True: t.append(Tool.execute('large', {}))"),
    ],
    ids=["javascript", "javascript, at a reply", "python", "python, at a reply"],
)
def test_a_bomb_ends_by_the_memory_limit(name: str, bomb: str) -> None:
    engine, limits = counted(EngineFactory().get(name), Limits(cpu=20, wall=100))
    policy = default_policy().with_tools(["large"])
    runtime = ScriptRuntime(engine, limits=limits, tools=[FunctionTool(large, name="large")], policy=policy)
    outcome = runtime.execute(bomb)
    assert outcome.verdict == "limit", outcome.error
    assert outcome.limit is not None
    assert outcome.limit.name == "memory"


@pytest.mark.parametrize("name", ["lua", "javascript", "python"])
def test_a_confined_worker_leaves_its_counts(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, str(tmp_path))
    engine, limits = counted(EngineFactory().get(name), Limits(cpu=20, wall=60))
    script = f"{'await ' * (name == 'javascript')}sleep({EVERY + 0.1})"  # then they are saved before its last word
    assert ScriptRuntime(engine, limits=limits).execute(script).verdict == "ok"
    assert gather(tmp_path, tmp_path) == 1
    counts = CoverageData(str(tmp_path / ".coverage.workers"))
    counts.read()
    files = {Path(file).name: file for file in counts.measured_files()}
    assert {"serve.py", "channel.py", "engine.py", "steps.py"} <= set(files)
    assert len(counts.lines(files["serve.py"]) or ()) > 40


def test_files_of_processes_that_were_killed_as_they_began_one_are_dropped(tmp_path: Path) -> None:
    good, empty, torn = (tmp_path / f".coverage.{name}" for name in ("good", "empty", "torn"))
    data = CoverageData(str(good))
    data.add_lines({"/a.py": {1}})
    data.close()
    empty.touch()
    torn.write_bytes(good.read_bytes()[:1000])
    assert drop_unreadable(tmp_path) == 2
    assert list(tmp_path.iterdir()) == [good]
