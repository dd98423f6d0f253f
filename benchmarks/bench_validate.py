"""Many scripts on one machine: how long, at what cost of the host, in how much memory."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from typing import Any

from conftest import Ratios, alternate, median
from scale import MIB, check, local, peak, spells

from llmspell.validate.local import LocalExecutor
from llmspell.validate.settings import Settings

ROUNDS = 5
_SHARE = 30
"""Scripts of one process, or of one job."""
_MANY = 1000
"""Scripts of the larger measure of memory; each is checked in earnest."""
_PROCESS = """
import sys
from scale import Settings, LocalExecutor, check, spells
for line in sys.stdin:
    with LocalExecutor(Settings(), jobs=1) as executor:
        check(executor.results(spells(int(line))), int(line))
    print("done", flush=True)
"""


def test_a_thousand_small_spells_on_two_cores(benchmark: Any, cores: list[int], ratios: Ratios) -> None:
    with LocalExecutor(Settings(), jobs=len(cores)) as executor:
        benchmark.pedantic(lambda: check(executor.results(spells(1000)), 1000), rounds=1)
    seconds = benchmark.stats.stats.min
    ratios.add("1,000 small spells, two jobs, seconds", f"{seconds:.1f} ms each", seconds, 30)


def test_a_script_costs_less_with_more_jobs(benchmark: Any, cores: list[int], ratios: Ratios) -> None:
    points = local(_SHARE, ROUNDS, (1, len(cores)))
    one, two = points[1], points[len(cores)]
    benchmark.pedantic(lambda: None, rounds=1)
    shown = f"{1e3 * two.wall:.1f} ms against {1e3 * one.wall:.1f} ms"
    ratios.add("a script with two jobs, against one", shown, two.wall / one.wall, 0.75)
    shown = f"{1e3 * two.host:.2f} ms against {1e3 * two.workers:.1f} ms of its worker"
    ratios.add("what the host computes for a script", shown, two.host / two.workers, 0.15)


def test_threads_are_as_good_as_processes(benchmark: Any, cores: list[int], ratios: Ratios) -> None:
    command = [sys.executable, "-W", "ignore::ResourceWarning", "-c", _PROCESS]
    piped: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": os.path.dirname(__file__)}
    with ExitStack() as held:
        processes = [held.enter_context(subprocess.Popen(command, **piped)) for _ in cores]

        def by_processes() -> None:
            for process in processes:
                process.stdin.write(f"{_SHARE}\n")
                process.stdin.flush()
            assert {process.stdout.readline() for process in processes} == {"done\n"}

        def by_threads() -> None:
            number = len(cores) * _SHARE
            with LocalExecutor(Settings(), jobs=len(cores)) as executor:
                check(executor.results(spells(number)), number)

        by_processes()
        benchmark.pedantic(lambda: None, rounds=1)
        threads, others = alternate(by_threads, by_processes, ROUNDS)
        for process in processes:
            process.stdin.close()
    shown = f"{1e3 * median(threads):.0f} ms against {1e3 * median(others):.0f} ms"
    ratios.add("two jobs on threads, against two processes", shown, median(threads) / median(others), 1.25)


def test_memory_of_the_command_grows_little(benchmark: Any, ratios: Ratios) -> None:
    """`llmspell validate` with reports in HTML and JSON, without its workers."""
    benchmark.pedantic(lambda: None, rounds=1)
    small, large = peak(100), peak(_MANY)
    shown = f"{small / MIB:.1f} MiB and {large / MIB:.1f} MiB"
    ratios.add(f"validate {_MANY:,} scripts against 100: more memory in MiB", shown, (large - small) / MIB, 4)
