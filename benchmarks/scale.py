"""What validating many scripts costs: measured here, and simulated beyond. It prints the tables of `docs/scale.md`.

    python benchmarks/scale.py --write docs/scale.md

Processor times are medians of rounds that take turns, so that all see the same machine; times of the clock are the
least of the rounds, because on a shared machine others only ever add to them. The model takes processor times alone:
those of one job, and what a cluster adds to scripts that are empty. Its error is told for times of the clock, none of
which it was fitted to.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "workers")]

import psutil  # noqa: E402
from scale_model import Costs, Shape, simulate  # noqa: E402

from llmspell.validate.cluster import ClusterExecutor  # noqa: E402
from llmspell.validate.local import LocalExecutor  # noqa: E402
from llmspell.validate.result import Result, Status  # noqa: E402
from llmspell.validate.settings import Settings  # noqa: E402
from llmspell.validate.spell import Spell  # noqa: E402
from tests.validate.dask_cluster import DaskCluster  # noqa: E402

SOURCES = {
    "lua": "local n = {n}\nlocal t = Tool.execute('calculator', {{input = '6*7'}})\nprint('hello', n)\nreturn n\n",
    "javascript": "const n = {n};\nconst t = Tool.execute('calculator', {{input: '6*7'}});\nprint('hello', n);\n",
    "python": "n = {n}\nt = Tool.execute('calculator', input='6*7')\nprint('hello', n)\n",
}
MIB = 1024 * 1024
BEGIN, END = "<!-- measured: benchmarks/scale.py -->", "<!-- end of what was measured -->"
EMPTY = 1000
"""Scripts of a round that start no worker: so many, that what a cluster computes while it waits is little of it."""
SIMULATED = (1_000, 10_000, 100_000, 1_000_000)
SHAPES = (
    ("one machine, 2 cores", Shape(1, 2, 2)),
    ("one machine, 8 cores", Shape(1, 8, 8)),
    ("one machine, 32 cores", Shape(1, 32, 32)),
    ("cluster, 4 nodes of 4 cores", Shape(4, 4, 4, cluster=True)),
    ("cluster, 16 nodes of 4 cores", Shape(16, 4, 4, cluster=True)),
    ("cluster, 64 nodes of 4 cores", Shape(64, 4, 4, cluster=True)),
)


class Point(NamedTuple):
    """What one script took: seconds of the clock, and of processors by who they were of."""

    wall: float
    host: float
    workers: float
    scheduler: float = 0.0
    node: float = 0.0


def spells(number: int) -> Iterator[Spell]:
    """Small scripts, in turn in every language."""
    engines = list(SOURCES)
    for n in range(number):
        engine = engines[n % len(engines)]
        yield Spell(f"{n}.{engine}", engine, SOURCES[engine].format(n=n).encode())


def empty(number: int) -> Iterator[Spell]:
    """Scripts for which no worker is started."""
    return (Spell(f"{n}.lua", "lua", b"") for n in range(number))


def check(results: Iterable[Result], number: int) -> None:
    """Takes them all; all passed."""
    told = [result.status for result in results]
    assert len(told) == number, (len(told), number)
    assert set(told) == {Status.PASSED}, told


def measured(work: Callable[[], object], number: int, others: Callable[[], tuple[float, float]]) -> Point:
    own, children = _cpu(resource.RUSAGE_SELF), _cpu(resource.RUSAGE_CHILDREN)
    scheduler, nodes = others()
    begun = time.perf_counter()
    work()
    wall = time.perf_counter() - begun
    scheduler, nodes = others()[0] - scheduler, others()[1] - nodes
    cpu = (_cpu(resource.RUSAGE_SELF) - own, _cpu(resource.RUSAGE_CHILDREN) - children)
    return Point(wall / number, cpu[0] / number, cpu[1] / number, scheduler / number, nodes / number)


def _cpu(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def local(number: int, rounds: int, jobs: tuple[int, ...]) -> dict[int, Point]:
    """Points by number of jobs."""
    points: dict[int, list[Point]] = {one: [] for one in jobs}
    for _ in range(rounds):
        for one in jobs:
            with LocalExecutor(Settings(), jobs=one) as executor:

                def work(executor: LocalExecutor = executor) -> None:
                    check(executor.results(spells(number)), number)

                points[one].append(measured(work, number, lambda: (0.0, 0.0)))
    return {one: _of_rounds(points[one]) for one in jobs}


def on_cluster(number: int, rounds: int, nodes: tuple[int, ...]) -> tuple[dict[int, Point], Point]:
    """Points by number of nodes of one thread each, all on this machine; and one of scripts that are empty."""
    points: dict[int, list[Point]] = {one: [] for one in nodes}
    bare: list[Point] = []
    for one in nodes:
        with tempfile.TemporaryDirectory() as folder, DaskCluster(Path(folder), one) as cluster:

            def others(cluster: DaskCluster = cluster) -> tuple[float, float]:
                return _cpu_of(cluster.scheduler), sum(map(_cpu_of, cluster.nodes))

            with ClusterExecutor(Settings(), cluster.address) as executor:
                check(executor.results(spells(3 * one)), 3 * one)
                for _ in range(rounds):

                    def work(executor: ClusterExecutor = executor) -> None:
                        check(executor.results(spells(number)), number)

                    def nothing(executor: ClusterExecutor = executor) -> None:
                        check(executor.results(empty(EMPTY)), EMPTY)

                    points[one].append(measured(work, number, others))
                    if one == nodes[-1]:
                        bare.append(measured(nothing, EMPTY, others))
    return {one: _of_rounds(points[one]) for one in nodes}, _of_rounds(bare)


def _cpu_of(process: subprocess.Popen[bytes]) -> float:
    times = psutil.Process(process.pid).cpu_times()
    return float(times.user + times.system)


def _of_rounds(points: list[Point]) -> Point:
    medians = Point(*(statistics.median(column) for column in zip(*points, strict=True)))
    return medians._replace(wall=min(point.wall for point in points))


_PEAK = """
import os, runpy, sys
told, end = sys.argv.pop(1), os._exit
def tell(code):
    with open("/proc/self/status") as status, open(told, "w") as file:
        file.write(next(line.split()[1] for line in status if line.startswith("VmHWM")))
    end(code)
os._exit = tell
runpy.run_module("llmspell", run_name="__main__", alter_sys=True)
"""
"""The command, which ends by `os._exit`, and says before what the most memory of its own was. What the kernel tells of
a process that has ended is the most of it and of its workers."""


def peak(number: int) -> int:
    """The most memory, in bytes, of the process of `llmspell validate` that checks so many scripts and writes reports
    in HTML and JSON; its workers are not in it.
    """
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'workers'}"}
    suffixes = {"lua": "lua", "javascript": "js", "python": "py"}
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "spells")
        tree.mkdir()
        for n, spell in enumerate(spells(number)):
            (tree / f"{n}.{suffixes[spell.engine]}").write_bytes(spell.source)
        told, html, report = Path(folder, "peak"), Path(folder, "report.html"), Path(folder, "report.json")
        options = [str(tree), "--html", str(html), "--json", str(report), "--no-cache"]
        command = [sys.executable, "-c", _PEAK, str(told), "validate", *options]
        done = subprocess.run(command, capture_output=True, env=environment, cwd=folder)
        assert done.returncode == 0, (done.returncode, done.stdout[-500:], done.stderr[-500:])
        assert html.stat().st_size
        assert report.stat().st_size
        return int(told.read_text()) * 1024


def table(title: str, header: str, rows: Iterable[str]) -> str:
    line = "|" + " --- |" * (header.count("|") - 1)
    return "\n".join([title, "", header, line, *rows])


def tables(chosen: argparse.Namespace) -> Iterator[str]:
    """What is measured, and what is made of it."""
    load = os.getloadavg()[0]
    points = local(chosen.spells, chosen.rounds, (1, 2, 3))
    alone = points[1]
    yield table(
        f"One machine of {os.cpu_count()} cores (load by others when this began: {load:.1f}), {chosen.rounds} rounds of"
        f" {chosen.spells} scripts; milliseconds for each script:",
        "| jobs | clock | host computes | workers compute | 1,000 scripts |",
        (
            f"| {jobs} | {_ms(one.wall)} | {_ms(one.host)} | {_ms(one.workers)} | {1e3 * one.wall:.1f} s |"
            for jobs, one in points.items()
        ),
    )
    nodes, bare = on_cluster(chosen.spells, chosen.rounds, (1, 2))
    yield table(
        "A cluster on the same machine, its nodes of one thread each; milliseconds for each script:",
        "| nodes | clock | client computes | scheduler computes | nodes compute, without workers |",
        (
            f"| {name} | {_ms(one.wall)} | {_ms(one.host)} | {_ms(one.scheduler)} | {_ms(one.node)} |"
            for name, one in (*nodes.items(), ("2, empty scripts", bare))
        ),
    )
    few = min(100, chosen.peak)
    small, large = peak(few) / MIB, peak(chosen.peak) / MIB
    yield (
        f"The memory of the process of `llmspell validate --html X --json Y --no-cache` itself, without its workers,"
        f" peaked at {small:.1f} MiB with {few:,} scripts, and at {large:.1f} MiB with {chosen.peak:,}."
    )
    costs = Costs(alone.host, (alone.workers,), bare.host, bare.scheduler, bare.node)
    told = (
        ("1 job", Shape(1, 2, 1), points[1]),
        ("2 jobs", Shape(1, 2, 2), points[2]),
        ("3 jobs", Shape(1, 2, 3), points[3]),
        ("cluster of 1 node", Shape(1, 2, 1, cluster=True, together=True), nodes[1]),
        ("cluster of 2 nodes", Shape(2, 2, 1, cluster=True, together=True), nodes[2]),
    )
    rows = []
    for name, shape, one in told:
        each = simulate(chosen.spells, shape, costs).seconds / chosen.spells
        rows.append(f"| {name} | {_ms(one.wall)} | {_ms(each)} | {100 * (each / one.wall - 1):+.0f} % |")
    title = "The model, and the clock, to which it was not fitted; milliseconds for each script:"
    yield table(title, "| on this machine | measured | simulated | error |", rows)
    share = 100 * alone.host / (alone.host + alone.workers)
    yield (
        f"With one job the host computed {_ms(alone.host)} ms for each script, {share:.0f} % of what was computed."
        f"\nSo one process is bounded to {1 / alone.host:.0f} scripts a second on processors like these, which is what"
        f" {alone.workers / alone.host:.0f} cores of workers make."
    )
    yield simulated(costs, [size for size in SIMULATED if size <= chosen.simulate])


def simulated(costs: Costs, sizes: list[int]) -> str:
    rows = []
    for name, shape in SHAPES:
        runs = [simulate(size, shape, costs) for size in sizes]
        last = runs[-1]
        times = " | ".join(_duration(run.seconds) for run in runs)
        rows.append(f"| {name} | {times} | {_ms(last.seconds / sizes[-1])} ms | {last.busiest}, {last.share:.0%} |")
    header = " | ".join(f"{size:,}" for size in sizes)
    return table("Simulated from these costs:", f"| scripts, on | {header} | each | busiest |", rows)


def write(page: Path, text: str) -> None:
    """Puts the tables where the page has the last ones."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    assert end, f"{page} has no place for them"
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spells", type=int, default=100, help="scripts of a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--simulate", type=int, default=SIMULATED[-1], help="scripts of the largest simulation")
    parser.add_argument("--peak", type=int, default=1000, help="real scripts of the larger measure of memory")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables into this page, too")
    chosen = parser.parse_args()
    told = []
    for one in tables(chosen):
        print(one, end="\n\n", flush=True)
        told.append(one)
    if chosen.write:
        write(chosen.write, "\n\n".join(told))


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:.2f}" if seconds < 0.01 else f"{1e3 * seconds:.1f}"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


if __name__ == "__main__":
    main()
