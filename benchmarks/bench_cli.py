"""`llmspell run examples/hello.lua` as a whole process."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from conftest import ROOT, Ratios, alternate, median

ROUNDS = 40
HELLO = os.path.join(ROOT, "examples", "hello.lua")


# bytecode is kept between starts, as it is for a user: without that, compiling is what is measured
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def run_hello() -> None:
    command = [sys.executable, "-m", "llmspell", "run", HELLO]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)


def import_click() -> None:
    subprocess.run([sys.executable, "-c", "import click"], check=True, env=ENVIRONMENT)


def _measure(ratios: Ratios, name: str, target: float) -> None:
    run_hello()
    import_click()
    ours, floor = alternate(run_hello, import_click, ROUNDS)
    shown = f"{median(ours) * 1e3:.0f} ms over {median(floor) * 1e3:.0f} ms"
    ratios.add(name, shown, median(ours) / median(floor), target)


def test_hello_on_two_cores(benchmark: Any, ratios: Ratios, cores: list[int]) -> None:
    os.sched_setaffinity(0, cores)
    _measure(ratios, "run hello on two cores, over import click", 1.6)
    benchmark.pedantic(run_hello, rounds=5)


def test_hello_on_one_core(benchmark: Any, ratios: Ratios, cores: list[int]) -> None:
    os.sched_setaffinity(0, cores[:1])
    _measure(ratios, "run hello on one core, over import click", 2.2)
    benchmark.pedantic(run_hello, rounds=5)


def test_hello_in_milliseconds(benchmark: Any, ratios: Ratios) -> None:
    ours, _ = alternate(run_hello, lambda: None, ROUNDS)
    benchmark.pedantic(run_hello, rounds=5)
    ratios.add("run hello, ms", "wall, unpinned", median(ours) * 1e3, 100)
