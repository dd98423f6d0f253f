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
import sys
from llmspell.sandbox.wake import Cancellation
from llmspell.source import sha256
from llmspell.validate.local import LocalExecutor
from llmspell.validate.result import Result, Status
from llmspell.validate.settings import Settings
from llmspell.validate.spell import Spell
class Trivial:
    def __init__(self, settings, cancellation): pass
    def check(self, spell):
        return Result(spell.path, Status.PASSED, spell.engine, sha256(spell.source), source="x" * 4096)
    def close(self): pass
spells = (Spell(f"{n}.lua", "lua", b"return 1\\n" * 500) for n in range(int(sys.argv[1])))
with LocalExecutor(Settings(), jobs=2, new_checks=Trivial) as executor:
    assert sum(1 for _ in executor.results(spells)) == int(sys.argv[1])
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def peak(number: int) -> int:
    """The most memory of a process, in bytes, that has so many spells checked by next to nothing."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'workers'}"}
    command = [sys.executable, "-W", "ignore::ResourceWarning", "-c", _PEAK, str(number)]
    return int(subprocess.run(command, capture_output=True, check=True, env=environment).stdout) * 1024


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
    small, large = peak(100) / MIB, peak(10_000) / MIB
    yield f"The host's memory peaked at {small:.1f} MiB with 100 scripts, and at {large:.1f} MiB with 10,000."
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
