"""The fuzzers find what is planted, the seeds are whole, and nothing is wrong with what was found before."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from fuzz import seeding
from fuzz.__main__ import best_fuzzer, hunt, main
from fuzz.plain import Hung, Mutator
from fuzz.plain import hunt as hunt_plainly
from fuzz.planted import planted
from fuzz.target import Defect
from fuzz.targets import TARGETS

PLANTED = [(target.name, defect) for target in TARGETS.values() for defect in target.defects]


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_on_disk_are_those_that_are_made(name: str) -> None:
    on_disk = {file: data for file, data in seeding.read(name).items() if not file.startswith("found-")}
    assert on_disk == TARGETS[name].seeds()
    assert 10 <= len(on_disk) <= 40
    assert sum(map(len, on_disk.values())) < 16 * 1024


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_wrong_with_the_seeds_nor_with_what_was_found_before(name: str) -> None:
    check = TARGETS[name].make()
    for data in (*seeding.read(name).values(), b"", b"\x00", b"\xff" * 8):
        check(data)


@pytest.mark.parametrize("name", TARGETS)
def test_a_short_hunt_finds_nothing(name: str) -> None:
    target = TARGETS[name]
    seeds = list(seeding.read(name).values())
    ended = hunt_plainly(target.make(), seeds, target.words, random=Random(3), seconds=20, executions=400)
    assert (ended.found, ended.error, ended.executions) == (None, None, 400)


@pytest.mark.parametrize(("target", "defect"), PLANTED, ids=[f"{target}: {defect}" for target, defect in PLANTED])
def test_a_planted_defect_is_found(target: str, defect: str, tmp_path: Path) -> None:
    ran = hunt(target, seconds=90, findings=tmp_path, defect=defect)
    assert ran.went_well, ran.said
    assert ran.found is not None
    TARGETS[target].make()(ran.found.read_bytes())  # there is nothing wrong with it where nothing was planted


@pytest.mark.skipif(best_fuzzer() != "atheris", reason="atheris is not installed (the group fuzz)")
@pytest.mark.parametrize("target", TARGETS)
def test_atheris_finds_the_first_of_them(target: str, tmp_path: Path) -> None:
    defect = next(iter(TARGETS[target].defects))
    ran = hunt(target, seconds=90, findings=tmp_path, fuzzer="atheris", defect=defect)
    assert ran.went_well, ran.said
    assert ran.found is not None
    assert ran.found.parent == tmp_path


def test_a_defect_that_has_no_place_is_an_error() -> None:
    with pytest.raises(ValueError, match="0 times"), planted(Defect("llmspell/limits.py", "no such line", "")):
        pass


def test_an_execution_that_does_not_end_is_a_finding() -> None:
    def loop(data: bytes) -> None:
        while data:
            pass

    ended = hunt_plainly(loop, [b"x"], (), random=Random(1), seconds=20)
    assert ended.found == b"x"
    assert isinstance(ended.error, Hung)


def test_the_same_random_numbers_make_the_same_inputs() -> None:
    first, second = (Mutator([b"seed", b"other"], (b"word",), Random(5)) for _ in range(2))
    made = [first.next() for _ in range(200)]
    assert made == [second.next() for _ in range(200)]
    assert len(set(made)) > 150


def test_the_command_prints_what_was_run_and_how_fast(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["run", "values", "calculator", "--fuzzer", "plain", "--seconds", "0.3", "--findings", str(tmp_path)]
    assert main(asked) == 0
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.split() == ["target", "fuzzer", "seeds", "executions", "per", "second", "found"]
    assert [row.split()[0] for row in rows] == ["values", "calculator"]
    assert all(int(row.split()[4].replace(",", "")) > 0 and row.endswith("nothing") for row in rows)


def test_an_input_can_be_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "input"
    file.write_bytes(b"2 + 3")
    assert main(["replay", "calculator", str(file)]) == 0
    assert "nothing is wrong" in capsys.readouterr().out
