"""`python -m fuzz`: hunts, and a table of what was run. See `fuzz/README.md`."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from fuzz import seeding
from fuzz.hunter import FOUND
from fuzz.planted import planted
from fuzz.targets import TARGETS

ROOT = Path(__file__).resolve().parents[1]
_PLAIN = re.compile(r"^executions (\d+) in ([0-9.]+) s$", re.MULTILINE)
_GUIDED = re.compile(r"^stat::(number_of_executed_units|average_exec_per_sec): +(\d+)$", re.MULTILINE)


class Ran(NamedTuple):
    """One hunt. `found` is the file of the finding, and `said` all that the fuzzer printed."""

    target: str
    fuzzer: str
    defect: str | None
    status: int
    executions: int
    per_second: int
    found: Path | None
    said: str

    @property
    def went_well(self) -> bool:
        """Nothing was found, or the defect that was planted."""
        return self.status == (FOUND if self.defect else 0)


def hunt(
    target: str,
    *,
    seconds: float,
    findings: Path,
    fuzzer: str = "plain",
    random: int = 1,
    defect: str | None = None,
    corpus: Path | None = None,
) -> Ran:
    """One hunt in a process of its own, on the installed packages or on a copy with a defect."""
    findings.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        where = [str(ROOT)]
        if defect is not None:
            where.insert(0, str(stack.enter_context(planted(TARGETS[target].defects[defect]))))
        if corpus is None:
            corpus = Path(stack.enter_context(TemporaryDirectory(prefix="llmspell-fuzz-")))
        options = {
            "fuzzer": fuzzer, "seconds": seconds, "random": random, "findings": findings, "corpus": corpus / target,
            "seeds": seeding.SEEDS / target,
        }  # fmt: skip
        done = subprocess.run(
            [
                *(sys.executable, "-P", "-m", "fuzz.hunter", target),
                *(part for name, value in options.items() for part in (f"--{name}", str(value))),
            ],
            env={**_uncounted(os.environ), "PYTHONPATH": os.pathsep.join(where)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
            timeout=seconds + 120,
            check=False,
        )
    executions, per_second = _figures(done.stdout)
    written = re.search(rf"{re.escape(str(findings))}/\S+", done.stdout) if fuzzer == "atheris" else None
    found = Path(written[0]) if written else max(findings.glob("crash-*"), key=os.path.getmtime, default=None)
    status = done.returncode
    return Ran(target, fuzzer, defect, status, executions, per_second, found if status == FOUND else None, done.stdout)


def _uncounted(environment: Mapping[str, str]) -> dict[str, str]:
    """Without what has coverage count lines in child processes: those of a copy are soon gone, and it takes time."""
    return {name: value for name, value in environment.items() if not name.startswith("COVERAGE_PROCESS")}


def _figures(said: str) -> tuple[int, int]:
    if plain := _PLAIN.search(said):
        return int(plain[1]), round(int(plain[1]) / max(float(plain[2]), 1e-3))
    guided = dict(_GUIDED.findall(said))
    return int(guided.get("number_of_executed_units", 0)), int(guided.get("average_exec_per_sec", 0))


def best_fuzzer() -> str:
    """`atheris` where it is installed."""
    return "atheris" if find_spec("atheris") else "plain"


def main(arguments: Sequence[str]) -> int:
    """The command; gives its exit status: 0, or 1 after a finding (or without one where a defect is planted)."""
    asked = _parser().parse_args(arguments)
    match asked.command:
        case "seeds":
            for target in TARGETS.values():
                seeding.write(target.name, target.seeds())
            return 0
        case "list":
            for target in TARGETS.values():
                print(f"{target.name:<12}{target.what}; planted: {', '.join(target.defects)}")
            return 0
        case "replay":
            TARGETS[asked.target].make()(asked.file.read_bytes())
            print("nothing is wrong with it")
            return 0
    jobs = list(_jobs(asked))
    print(f"{'target':<12}{'fuzzer':<9}{'seeds':>6}{'executions':>12}{'per second':>12}  found", flush=True)
    went_well = True
    with ThreadPoolExecutor(asked.jobs) as pool:
        for ran in pool.map(lambda job: _hunt(asked, *job), jobs):
            print(_line(ran), flush=True)
            if not ran.went_well:
                went_well = False
                print(ran.said[-6000:], file=sys.stderr)
    return 0 if went_well else 1


def _jobs(asked: argparse.Namespace) -> Iterator[tuple[str, str | None]]:
    for name in asked.targets or TARGETS:
        if asked.command == "run":
            yield name, None
            continue
        for defect in [*TARGETS[name].defects][: 1 if asked.fuzzer == "atheris" else None]:
            yield name, defect


def _hunt(asked: argparse.Namespace, target: str, defect: str | None) -> Ran:
    with TemporaryDirectory(prefix="llmspell-fuzz-") as scratch:
        return hunt(
            target,
            seconds=asked.seconds,
            findings=asked.findings if defect is None else Path(scratch),
            fuzzer=asked.fuzzer,
            random=asked.random,
            defect=defect,
            corpus=asked.corpus,
        )


def _line(ran: Ran) -> str:
    seeds = len(seeding.read(ran.target))
    found = "nothing"
    if ran.status:
        found = str(ran.found) if ran.found and not ran.defect else f"status {ran.status}"
    if ran.defect:
        found = f"{ran.defect}: {'found' if ran.went_well else 'NOT FOUND'}"
    return f"{ran.target:<12}{ran.fuzzer:<9}{seeds:>6}{ran.executions:>12,}{ran.per_second:>12,}  {found}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description="Fuzzing of what reads hostile bytes.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="the targets, and the defects that can be planted")
    commands.add_parser("seeds", help="writes the seed corpus")
    replay = commands.add_parser("replay", help="runs one input, as a finding is one")
    replay.add_argument("target", choices=TARGETS)
    replay.add_argument("file", type=Path)
    planted_help = "hunts for planted defects (atheris: the first of each target); fails where one is not found"
    for name, what in (("run", "hunts"), ("planted", planted_help)):
        command = commands.add_parser(name, help=what)
        command.add_argument("targets", nargs="*", metavar="TARGET", help="all if none is named")
        command.add_argument("--seconds", type=float, default=5.0 if name == "run" else 60.0, help="for each hunt")
        command.add_argument("--fuzzer", choices=("plain", "atheris"), default=best_fuzzer())
        command.add_argument("--random", type=int, default=1, help="the seed of the random numbers")
        command.add_argument("--jobs", type=int, default=2, help="hunts at once")
        command.add_argument("--corpus", type=Path, help="keeps what reaches something new (atheris)")
        command.add_argument("--findings", type=Path, default=ROOT / "fuzz" / "findings")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
