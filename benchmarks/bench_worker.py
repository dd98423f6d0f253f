"""A worker's start, and what it takes at rest."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from conftest import Ratios, alternate, median

from llmspell.engines.factory import EngineFactory
from llmspell.engines.worker import WorkerBridge
from llmspell.limits import MIB, Limits

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


def test_worker_at_rest(benchmark: Any, ratios: Ratios) -> None:
    spec = EngineFactory().get("lua")
    with WorkerBridge(spec, Limits()) as bridge:
        process = bridge._worker.process
        with open(f"/proc/{process.pid}/statm") as file:
            resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        benchmark.pedantic(process.peak_memory, rounds=5)
    ratios.add("worker at rest, MiB resident", f"{resident} bytes", resident / MIB, 16)
