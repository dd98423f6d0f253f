"""A way through the whole worker, on a worker whose lines are counted when coverage is measured.

Without `LLMSPELL_COUNT_WORKERS` (a folder) the same scripts run on the plain worker.
"""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from llmspell import EngineFactory, EngineSpec, FunctionTool, Limits, ScriptRuntime, default_policy
from llmspell.engines.bridge import Script
from llmspell.engines.factory import worker_command
from llmspell.engines.worker import WorkerBridge

COUNTED = Path(__file__).with_name("counted_worker.py")
MEMORY = 300 * 1024 * 1024

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


def spec() -> EngineSpec:
    plain = EngineFactory().get("lua")
    folder = os.environ.get("LLMSPELL_COUNT_WORKERS")
    if not folder:
        return plain
    python, _, _, program, *folders = worker_command(plain)
    counts = Path(folder) / f"worker-{uuid.uuid4().hex}"
    counts.touch()
    return plain._replace(library=None, command=(python, "-I", str(COUNTED), str(counts), program, *folders))


@pytest.fixture
def runtime() -> ScriptRuntime:
    tools = [FunctionTool(slow, name="slow"), FunctionTool(large, name="large")]
    policy = default_policy().with_tools(["slow", "large"])
    return ScriptRuntime(spec(), limits=Limits(memory=MEMORY, cpu=20, wall=60), tools=tools, policy=policy)


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


def test_a_confined_worker_leaves_its_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMSPELL_COUNT_WORKERS", str(tmp_path))
    assert ScriptRuntime(spec(), limits=Limits(memory=MEMORY, cpu=20, wall=60)).execute("return 1").value == 1
    (counts,) = tmp_path.iterdir()
    assert int.from_bytes(counts.read_bytes()[:4], "big") > 0
