"""Figures beside their floors, and a summary of the ratios at the end."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from llmspell.engines.factory import EngineSpec
from llmspell.engines.worker import WorkerBridge
from llmspell.limits import MIB, Limits
from llmspell.runtime import ScriptRuntime

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_ratios: list[tuple[str, str, float, float]] = []


class Ratios:
    """Where a benchmark says what it measured: a figure, what it may be at most, and how to read it."""

    def add(self, name: str, shown: str, figure: float, target: float) -> None:
        """`figure` must be under `target`; `shown` tells a person the parts."""
        _ratios.append((name, shown, figure, target))


@pytest.fixture
def ratios() -> Ratios:
    return Ratios()


@pytest.fixture
def cores() -> list[int]:
    """Two cores to pin to; skipped where there are fewer."""
    available = sorted(os.sched_getaffinity(0))
    if len(available) < 2:
        pytest.skip("this figure needs two cores")
    return available[:2]


@pytest.fixture(autouse=True)
def unpinned() -> Any:
    """Whatever a benchmark pins is given back."""
    before = os.sched_getaffinity(0)
    yield
    os.sched_setaffinity(0, before)


def alternate(
    first: Callable[[], object], second: Callable[[], object], rounds: int
) -> tuple[list[float], list[float]]:
    """Times two functions in turn, so that both see the same machine; seconds."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for index, function in enumerate((first, second)):
            begun = time.perf_counter()
            function()
            times[index].append(time.perf_counter() - begun)
    return times


def median(values: list[float]) -> float:
    return statistics.median(values)


def cold_start(benchmark: Any, ratios: Ratios, runtime: ScriptRuntime, title: str, *, rounds: int = 20) -> None:
    """A script's first result, over a Python that does nothing."""

    def first() -> None:
        assert runtime.execute("6 * 7").value == 42

    def bare() -> None:
        subprocess.run([sys.executable, "-I", "-c", "pass"], check=True)

    first()
    ours, floor = alternate(first, bare, rounds)
    benchmark.pedantic(first, rounds=3)
    shown = f"{median(ours) * 1e3:.1f} ms over {median(floor) * 1e3:.1f} ms"
    ratios.add(f"{title}: cold start to the first result, over bare python", shown, median(ours) / median(floor), 3)


def rest(benchmark: Any, ratios: Ratios, engine: EngineSpec, title: str, target: int) -> None:
    """What a worker takes that has said hello, and no more."""
    with WorkerBridge(engine, Limits()) as bridge:
        process = bridge._worker.process
        with open(f"/proc/{process.pid}/statm") as file:
            resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        benchmark.pedantic(process.peak_memory, rounds=3)
    ratios.add(f"{title} at rest, MiB resident", f"{resident} bytes", resident / MIB, target)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.section("figures and their targets")
    for name, shown, figure, target in _ratios:
        mark = "ok    " if figure < target else "MISSED"
        terminalreporter.write_line(f"{mark} {name}: {figure:.2f} (target under {target:g}); {shown}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    missed = any(figure >= target for _, _, figure, target in _ratios)
    if missed and not os.environ.get("BENCH_REPORT_ONLY"):
        session.exitstatus = 1
