"""JavaScript: its worker's start and rest, its own speed beside the engine called directly, and the way of a call."""

from __future__ import annotations

import os
from typing import Any

import pytest
from bench_call import CALLS, ping_pong
from conftest import Ratios, alternate, cold_start, median, rest

from llmspell.engines.bridge import Script
from llmspell.engines.factory import EngineFactory
from llmspell.engines.worker import WorkerBridge
from llmspell.limits import Limits
from llmspell.runtime import ScriptRuntime
from llmspell_workers.javascript.callbacks import Callbacks
from llmspell_workers.javascript.library import EVAL_INDIRECT, EVAL_STRICT, Interrupt, Library
from llmspell_workers.javascript.machine import Machine

ROUNDS = 20
UNBOUND = Limits(calls=10**9, cpu=600, wall=600)
CALLING = b"""
const n = Number(ARGS[1]);
for (let i = 0; i < n; i++)
  await Tool.execute("calculator", {operation: "evaluate", input: "2*x+1", variables: {x: 3}});
"""
COMPUTING = {
    "fib": b"const fib = (n) => n < 2 ? n : fib(n - 1) + fib(n - 2); fib(27)",
    "strings": b"let s = ''; for (let i = 0; i < 600000; i++) s += i; s.length",
    "objects": b"let o = {n: 0}; for (let i = 0; i < 200000; i++) o = {n: o.n + i, of: [i, {i}]}; o.n",
}


def execute(runtime: ScriptRuntime, bridge: WorkerBridge, source: bytes, *arguments: str) -> None:
    script = Script(source, "bench.js", arguments)
    end = bridge.execute(script, broker=runtime.new_broker(), emit=lambda _stream, _data: None)
    assert end.verdict == "ok", end


def test_cold_start_to_the_first_result(benchmark: Any, ratios: Ratios) -> None:
    cold_start(benchmark, ratios, ScriptRuntime.with_engine("javascript"), "JavaScript", rounds=ROUNDS)


def test_at_rest(benchmark: Any, ratios: Ratios) -> None:
    rest(benchmark, ratios, EngineFactory().get("javascript"), "JavaScript: worker", 20)


@pytest.mark.parametrize("name", COMPUTING)
def test_compute_beside_the_engine_called_directly(benchmark: Any, ratios: Ratios, name: str, cores: list[int]) -> None:
    source = COMPUTING[name]
    machine = Machine(Library(), Callbacks(), 1 << 20)
    machine.js.SetInterruptHandler(machine.runtime, Interrupt(), None)  # the engine alone: nothing of ours is asked
    runtime = ScriptRuntime.with_engine("javascript", limits=UNBOUND)

    def direct() -> None:
        os.sched_setaffinity(0, {cores[1]})  # on the worker's core, while the worker sleeps
        machine.free(machine.evaluate(source, b"bench.js", EVAL_INDIRECT | EVAL_STRICT))
        os.sched_setaffinity(0, {cores[0]})

    with WorkerBridge(runtime.engine, runtime.limits) as bridge:
        os.sched_setaffinity(bridge._worker.process.pid, {cores[1]})
        execute(runtime, bridge, source)
        direct()
        ours, floor = alternate(lambda: execute(runtime, bridge, source), direct, ROUNDS)
        benchmark.pedantic(direct, rounds=3)
    shown = f"{median(ours) * 1e3:.1f} ms over {median(floor) * 1e3:.1f} ms"
    ratios.add(f"JavaScript {name}, over the engine called directly", shown, median(ours) / median(floor), 1.05)


@pytest.mark.parametrize("count", [2, 1])
def test_call(benchmark: Any, ratios: Ratios, cores: list[int], count: int) -> None:
    host, worker = cores[0], cores[count - 1]
    runtime = ScriptRuntime.with_engine("javascript", limits=UNBOUND)
    lua = ScriptRuntime.with_lua(limits=UNBOUND)
    lua_source = (
        b"for i = 1, tonumber(ARGS[1]) do"
        b" Tool.execute('calculator', {operation = 'evaluate', input = '2*x+1', variables = {x = 3}}) end"
    )
    with (
        WorkerBridge(runtime.engine, runtime.limits) as ours,
        WorkerBridge(lua.engine, lua.limits) as theirs,
        ping_pong(host, worker) as floor,
    ):
        for bridge in (ours, theirs):
            os.sched_setaffinity(bridge._worker.process.pid, {worker})
        os.sched_setaffinity(0, {host})
        calls = str(CALLS)
        first, second = alternate(
            lambda: execute(runtime, ours, CALLING, calls), lambda: execute(lua, theirs, lua_source, calls), 7
        )
        ping = floor()
        benchmark.pedantic(lambda: execute(runtime, ours, CALLING, "10"), rounds=3)
    call, beside = median(first) / CALLS, median(second) / CALLS
    shown = f"{call * 1e6:.1f} us over {beside * 1e6:.1f} us"
    ratios.add(f"JavaScript call on {count} core(s), over Lua's", shown, call / beside, 2.5)
    shown = f"{call * 1e6:.1f} us; ping-pong {ping * 1e6:.1f} us"
    if count == 2:
        ratios.add("JavaScript call on two cores, over a ping-pong", shown, call / ping, 0.5)
    else:
        ratios.add("JavaScript call on one core, us", shown, call * 1e6, 50)
