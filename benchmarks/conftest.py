"""Figures beside their floors, and a summary of the ratios at the end."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest

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


def pytest_terminal_summary(terminalreporter: Any) -> None:
    terminalreporter.section("figures and their targets")
    for name, shown, figure, target in _ratios:
        mark = "ok    " if figure < target else "MISSED"
        terminalreporter.write_line(f"{mark} {name}: {figure:.2f} (target under {target:g}); {shown}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    missed = any(figure >= target for _, _, figure, target in _ratios)
    if missed and not os.environ.get("BENCH_REPORT_ONLY"):
        session.exitstatus = 1
