"""A thousand runs of all kinds in one host leave nothing behind."""

from __future__ import annotations

import threading
from typing import Any

import psutil
from conftest import Ratios

from llmspell import Cancellation, Limits, ScriptRuntime

RUNS = 1000
MIB = 1024 * 1024
CALLS = "for i = 1, 20 do Tool.execute('calculator', {input = '6*7'}) end return 1"
STREAM = "local a = Agent.create{} for c in a:stream('one two three') do io.write(c.text) end"


def _mix(runtime: ScriptRuntime, small: ScriptRuntime, number: int) -> None:
    match number % 6:
        case 0:
            assert runtime.execute(CALLS).verdict == "ok"
        case 1:
            assert runtime.execute(STREAM).stdout == b"one two three"
        case 2:
            assert runtime.execute("error('x')").verdict == "error"
        case 3:
            assert small.execute("while true do Tool.exists('x') end").verdict == "limit"
        case 4:
            assert runtime.execute("local s = 'x' while true do s = s .. s end").verdict == "limit"
        case 5:
            cancellation = Cancellation()
            timer = threading.Thread(target=cancellation.cancel)
            emit = lambda _stream, _data: timer.start()  # noqa: E731
            outcome = runtime.execute("print(1) while true do end", cancellation=cancellation, emit=emit)
            timer.join()
            assert outcome.verdict == "cancelled"


def test_a_thousand_runs_stay_flat(benchmark: Any, ratios: Ratios) -> None:
    runtime = ScriptRuntime.with_lua()
    small = ScriptRuntime.with_lua(limits=Limits(calls=50))
    process = psutil.Process()
    for number in range(100):
        _mix(runtime, small, number)

    def state() -> tuple[int, int, int, int]:
        return (
            process.memory_info().rss,
            process.num_fds(),
            threading.active_count(),
            len(process.children(recursive=True)),
        )

    before = state()
    for number in range(RUNS):
        _mix(runtime, small, number)
    after = state()
    benchmark.pedantic(lambda: runtime.execute("return 1"), rounds=5)
    ratios.add(
        "1,000 runs: growth in MiB", f"{before[0]} to {after[0]} bytes resident", (after[0] - before[0]) / MIB, 4
    )
    ratios.add(
        "1,000 runs: more descriptors, threads, processes",
        f"{before[1:]} to {after[1:]}",
        float(after[1:] != before[1:]),
        1,
    )
