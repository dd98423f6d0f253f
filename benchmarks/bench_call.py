"""The round trip of one call: Lua, pipe, policy, count, record, tool, and back."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from conftest import Ratios, median

from llmspell.engines.bridge import Script
from llmspell.engines.worker import WorkerBridge
from llmspell.limits import Limits
from llmspell.runtime import ScriptRuntime
from llmspell_workers.wire import Pace

CALLS = 3000  # long enough for the cores to be at their speed
ROUNDS = 11
SCRIPT = b"""
local n = tonumber(ARGS[1])
for i = 1, n do
  Tool.execute("calculator", {operation = "evaluate", input = "2*x+1", variables = {x = 3}})
end
"""
PING = "import os\nwhile (b := os.read(0, 200)): os.write(1, b)"


class Caller:
    """One session that makes calls; `seconds()` is the time of one of them."""

    def __init__(self, runtime: ScriptRuntime, bridge: WorkerBridge) -> None:
        self._runtime, self._bridge = runtime, bridge

    def pin(self, host: int, worker: int) -> None:
        os.sched_setaffinity(0, {host})
        os.sched_setaffinity(self._bridge._worker.process.pid, {worker})

    def seconds(self) -> float:
        return (self._run(CALLS) - self._run(0)) / CALLS

    def _run(self, calls: int) -> float:
        broker = self._runtime.new_broker()
        script = Script(SCRIPT, "bench", (str(calls),))
        begun = time.perf_counter()
        end = self._bridge.execute(script, broker=broker, emit=lambda _stream, _data: None)
        taken = time.perf_counter() - begun
        assert end.verdict == "ok", end
        assert broker.calls == calls == len(broker.records)
        return taken


@contextmanager
def caller() -> Iterator[Caller]:
    runtime = ScriptRuntime.with_lua(limits=Limits(calls=10**9, cpu=600, wall=600))
    with WorkerBridge(runtime.engine, runtime.limits) as bridge:
        yield Caller(runtime, bridge)


@contextmanager
def ping_pong(host: int, worker: int) -> Iterator[Any]:
    """A bare blocking pipe ping-pong of 120 bytes between two Python processes."""
    child = subprocess.Popen(
        [sys.executable, "-I", "-c", PING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    assert child.stdin is not None
    assert child.stdout is not None
    os.sched_setaffinity(0, {host})
    os.sched_setaffinity(child.pid, {worker})
    writer, reader = child.stdin.fileno(), child.stdout.fileno()
    data = b"x" * 120

    def seconds() -> float:
        begun = time.perf_counter()
        for _ in range(CALLS):
            os.write(writer, data)
            os.read(reader, 200)
        return (time.perf_counter() - begun) / CALLS

    try:
        yield seconds
    finally:
        child.stdin.close()
        child.wait()
        child.stdout.close()


def test_call_on_two_cores(benchmark: Any, ratios: Ratios, cores: list[int]) -> None:
    with caller() as ours, ping_pong(*cores) as floor:
        ours.pin(*cores)
        ours.seconds()
        pairs = [(ours.seconds(), floor()) for _ in range(ROUNDS)]
        benchmark.pedantic(ours.seconds, rounds=3)
    call, ping = median([a for a, _ in pairs]), median([b for _, b in pairs])
    ratios.add("call on two cores, over a ping-pong", f"{call * 1e6:.1f} us over {ping * 1e6:.1f} us", call / ping, 0.5)


def test_call_on_one_core(benchmark: Any, ratios: Ratios, cores: list[int]) -> None:
    core = cores[0]
    with caller() as ours, ping_pong(core, core) as floor:
        ours.pin(core, core)
        ours.seconds()
        pairs = [(ours.seconds(), floor()) for _ in range(ROUNDS)]
        benchmark.pedantic(ours.seconds, rounds=3)
    call, ping = median([a for a, _ in pairs]), median([b for _, b in pairs])
    ratios.add("call on one core, us", f"ping-pong {ping * 1e6:.1f} us", call * 1e6, 50)


def test_call_on_a_busy_machine(benchmark: Any, ratios: Ratios, monkeypatch: pytest.MonkeyPatch) -> None:
    count = len(os.sched_getaffinity(0))
    busy = [subprocess.Popen([sys.executable, "-I", "-c", "while True: pass"]) for _ in range(count)]
    try:
        with caller() as ours:
            ours.seconds()
            pairs = [(ours.seconds(), _asleep(ours, monkeypatch)) for _ in range(ROUNDS)]
            benchmark.pedantic(ours.seconds, rounds=3)
    finally:
        for process in busy:
            process.kill()
            process.wait()
    call, without = median([a for a, _ in pairs]), median([b for _, b in pairs])
    ratios.add(
        "call beside busy loops, over the same without the spin",
        f"{call * 1e6:.0f} us over {without * 1e6:.0f} us",
        call / without,
        1.5,
    )


def _asleep(ours: Caller, monkeypatch: pytest.MonkeyPatch) -> float:
    """The time of a call with the host's spin off: what remains is the worker's, which rests by the same rule."""
    with monkeypatch.context() as changed:
        changed.setattr(Pace, "may_spin", lambda _self: False)
        return ours.seconds()
