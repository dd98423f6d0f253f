"""A worker's start, and what it takes at rest."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from conftest import Ratios, alternate, median, rest

from llmspell.engines.factory import EngineFactory, worker_command
from llmspell.engines.worker import WorkerBridge
from llmspell.limits import Limits

ROUNDS = 40


def test_spawn_to_hello(benchmark: Any, ratios: Ratios) -> None:
    spec = EngineFactory().get("lua")

    def start() -> None:
        with WorkerBridge(spec, Limits()) as bridge:
            assert bridge.version

    def bare() -> None:
        subprocess.run([sys.executable, "-I", "-c", "pass"], check=True)

    start()
    bare()
    ours, floor = alternate(start, bare, ROUNDS)
    benchmark.pedantic(start, rounds=5)
    ratios.add(
        "spawn to Hello, over bare python",
        f"{median(ours) * 1e3:.1f} ms over {median(floor) * 1e3:.1f} ms, start and end of the worker included",
        median(ours) / median(floor),
        2.5,
    )


ARMING = """
import gc, sys
gc.disable()
sys.path[:0] = sys.argv[1:]
import os, select, llmspell_workers.lua.engine
from time import perf_counter
times = [perf_counter()]
from llmspell_workers.confine import confine_worker
times.append(perf_counter())
confine_worker(50 << 20, namespaces=sys.argv[-1] == "namespaces")
times.append(perf_counter())
os.write(1, " ".join(map(str, times)).encode())
"""
"""What a worker does between its last import and its Hello, with the clock read in between."""


def test_confinement(benchmark: Any, ratios: Ratios) -> None:
    python, isolated, no_site, _, *folders = worker_command(EngineFactory().get("lua"))
    command = [python, isolated, no_site, "-c", ARMING, *folders]

    def armed(*options: str) -> list[float]:
        done = subprocess.run([*command, *options], env={}, capture_output=True, check=True)
        times = [float(word) for word in done.stdout.split()]
        return [times[1] - times[0], times[2] - times[1]]

    rounds = [(armed(), armed("namespaces")) for _ in range(ROUNDS)]
    benchmark.pedantic(armed, rounds=5)
    loading, arming = (median([plain[at] for plain, _ in rounds]) * 1e3 for at in (0, 1))
    more = median([layered[1] - plain[1] for plain, layered in rounds]) * 1e3
    ratios.add(
        "confining a worker, ms",
        f"{loading:.2f} ms to load the code for it, {arming:.2f} ms to arm; {more:.2f} ms more with namespaces",
        median([sum(plain) for plain, _ in rounds]) * 1e3,
        1,
    )


def test_worker_at_rest(benchmark: Any, ratios: Ratios) -> None:
    rest(benchmark, ratios, EngineFactory().get("lua"), "worker", 16)
