"""The Python engine beside plain Python: its start, what it takes at rest, computing, and the round trip of a call."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import pytest
from bench_call import ping_pong
from conftest import Ratios, cold_start, median, rest

from llmspell.engines.bridge import Script
from llmspell.engines.worker import WorkerBridge
from llmspell.limits import Limits
from llmspell.runtime import ScriptRuntime

ROUNDS = 20
CALLS = 3000
CALLING = b"""
for _ in range(int(ARGS[1])):
    Tool.execute("calculator", {"operation": "evaluate", "input": "2*x+1", "variables": {"x": 3}})
"""
WORK = {
    "fib": "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nfib(24)",
    "text": "parts = []\nfor i in range(100_000):\n    parts.append(f'{i}:')\nlen(''.join(parts))",
    "churn": "for i in range(60_000):\n    made = {'a': i, 'b': [i, i]}\n    made['a'] += 1",
}
PLAIN = """
import sys, time
source = sys.stdin.read()
begun = time.perf_counter()
exec(compile(source, "spell.py", "exec"), {})
print(time.perf_counter() - begun)
"""
TIMED = "import time\nbegun = time.perf_counter()\n{}\ntime.perf_counter() - begun"


def runtime() -> ScriptRuntime:
    return ScriptRuntime.with_engine("python", limits=Limits(calls=10**9, cpu=600, wall=600))


def test_cold_start_to_the_first_result(benchmark: Any, ratios: Ratios) -> None:
    cold_start(benchmark, ratios, runtime(), "Python", rounds=ROUNDS)


def test_at_rest(benchmark: Any, ratios: Ratios) -> None:
    rest(benchmark, ratios, runtime().engine, "Python: worker", 20)


ARMING = """
import sys
sys.path[:0] = sys.argv[1:]
import os
from time import process_time
import llmspell_workers.python.engine as engine
from llmspell_workers.confine import confine_worker
times = [process_time()]
engine.prepare()
confine_worker(50 << 20)
times.append(process_time())
os.write(1, " ".join(map(str, times)).encode())
"""


def test_confinement(benchmark: Any, ratios: Ratios) -> None:
    from llmspell.engines.factory import worker_command

    _, python, *options = worker_command(runtime().engine)
    folders = [word for word in options if not word.startswith("-")][1:]

    def armed() -> float:
        done = subprocess.run(
            [python, "-s", "-P", "-S", "-c", ARMING, *folders], env={}, capture_output=True, check=True
        )
        begun, ended = map(float, done.stdout.split())
        return (ended - begun) * 1e3

    taken = median([armed() for _ in range(ROUNDS)])
    benchmark.pedantic(armed, rounds=3)
    ratios.add("Python: confinement, ms", "of processor time, the mapping of extension modules included", taken, 10)


@pytest.mark.parametrize("name", WORK)
def test_computing(name: str, benchmark: Any, ratios: Ratios) -> None:
    with WorkerBridge(runtime().engine, Limits(cpu=600, wall=600)) as bridge:
        timed = TIMED.format(WORK[name]).encode()

        def confined() -> float:
            broker = runtime().new_broker()
            end = bridge.execute(Script(timed, "spell.py"), broker=broker, emit=lambda *_: None)
            return float(end.value)

        def plain() -> float:
            done = subprocess.run(
                [sys.executable, "-I", "-c", PLAIN], input=WORK[name], text=True, capture_output=True, check=True
            )
            return float(done.stdout)

        pairs = [(confined(), plain()) for _ in range(ROUNDS)]
        benchmark.pedantic(confined, rounds=3)
    mine, floor = median([pair[0] for pair in pairs]), median([pair[1] for pair in pairs])
    ratios.add(
        f"Python: {name}, over plain python", f"{mine * 1e3:.1f} ms over {floor * 1e3:.1f} ms", mine / floor, 1.05
    )


@pytest.mark.parametrize("where", ["one core", "two cores"])
def test_round_trip(where: str, cores: list[int], benchmark: Any, ratios: Ratios) -> None:
    ours = runtime()
    worker_core = cores[0 if where == "one core" else 1]
    with WorkerBridge(ours.engine, ours.limits) as bridge, ping_pong(cores[0], worker_core) as floor:
        os.sched_setaffinity(0, {cores[0]})
        os.sched_setaffinity(bridge._worker.process.pid, {worker_core})

        def run(calls: int) -> float:
            begun = time.perf_counter()
            end = bridge.execute(
                Script(CALLING, "spell.py", (str(calls),)), broker=ours.new_broker(), emit=lambda *_: None
            )
            assert end.verdict == "ok", end
            return time.perf_counter() - begun

        run(100)
        pairs = [((run(CALLS) - run(0)) / CALLS, floor()) for _ in range(7)]
        benchmark.pedantic(run, args=(100,), rounds=3)
    call, ping = (median([pair[at] for pair in pairs]) for at in (0, 1))
    shown = f"{call * 1e6:.1f} us; ping-pong {ping * 1e6:.1f} us"
    if where == "one core":
        ratios.add("Python call on one core, us", shown, call * 1e6, 50)
    else:
        ratios.add("Python call on two cores, over a ping-pong", shown, call / ping, 0.5)
