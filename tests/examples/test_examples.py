"""Every example, run as its own comment block says, with the output, verdict and exit code of `expected.toml`."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.examples.commands import EXAMPLES, ROOT, run, workplace

EXPECTED: dict[str, Any] = tomllib.loads(Path(__file__).with_name("expected.toml").read_text())
RUNS: list[dict[str, Any]] = EXPECTED["run"]
SPELLS = sorted(
    path for suffix in ("lua", "js", "py") for path in EXAMPLES.rglob(f"*.{suffix}") if "engines" not in path.parts
)
OTHERS = {"hello.js", "streaming.js", "parallel.js", "hello.py", "gather.py", "words.py"}
WANTED = "hello arguments tools agent streaming parallel errors modules structured pipeline guarded_files memory_hog"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return workplace(tmp_path)


def commands_of(spell: Path) -> list[str]:
    """The commands in a spell's comment block, each on one line, without the remark in brackets behind it."""
    block = re.match(r"((?:--|//|#).*\n)+", spell.read_text())
    assert block is not None, f"{spell} begins with a comment block that says what it shows"
    lines = (line.lstrip("-/#").rstrip() for line in block[0].splitlines())
    text = "\n".join(lines).replace("\\\n", " ")
    found = re.findall(r"^   +(llmspell .*?)(?:  +\(.*\))?$", text, re.MULTILINE)
    return [" ".join(command.split()) for command in found]


@pytest.mark.parametrize("expected", RUNS, ids=lambda each: each["command"].removeprefix("llmspell run examples/"))
def test_an_example_prints_and_ends_as_it_says(place: Path, expected: dict[str, Any]) -> None:
    words = shlex.split(expected["command"])
    for folder in expected.get("folders", []):
        (place / folder).mkdir()
    ran = run([words[1], "--report", "report.json", *words[2:]], folder=place, stdin=expected.get("stdin", ""))
    outcome = json.loads((place / "report.json").read_text())
    assert ran.stdout == expected["stdout"]
    assert (outcome["verdict"], ran.code) == (expected["verdict"], expected["code"]), ran.stderr
    for part in expected.get("stderr", []):
        assert part in ran.stderr
    assert (outcome["exit_status"], outcome["stdout"]) == (ran.code, expected["stdout"])
    for key, value in expected.get("outcome", {}).items():
        assert {name: outcome[key][name] for name in value} == value
    for name, content in expected.get("files", {}).items():
        assert (place / name).read_text() == content


@pytest.mark.parametrize("name", ["hello.lua", "tour.lua", "memory_hog.lua", "guarded_files.lua"])
def test_the_outcome_document_holds_the_output_and_the_verdict(place: Path, name: str) -> None:
    command = f"llmspell run examples/{name}"
    expected = next(each for each in RUNS if each["command"] == command)
    ran = run([*shlex.split(command)[1:], "--output", "json"], folder=place)
    outcome = json.loads(ran.stdout)
    assert (outcome["schema"], outcome["verdict"]) == ("llmspell.outcome/1", expected["verdict"])
    assert (outcome["script"]["name"], outcome["exit_status"], ran.code) == (name, expected["code"], expected["code"])
    assert outcome["stdout"] == expected["stdout"]
    assert len(outcome["calls"]) == outcome["usage"]["calls"]


def test_the_structured_example_returns_its_value(place: Path) -> None:
    value = {
        "orders": 3, "total": 117.5, "by_item": {"wand": 3, "cloak": 1}, "largest": ["cloak", 80.0], "discount": None,
        "paid": False,
    }  # fmt: skip
    printed = run(["run", "examples/structured.lua"], folder=place)
    assert (printed.code, json.loads(printed.stdout), printed.stderr) == (0, value, "")
    documented = run(["run", "examples/structured.lua", "--output", "json"], folder=place)
    assert json.loads(documented.stdout)["value"] == value


@pytest.mark.parametrize("spell", SPELLS, ids=lambda spell: str(spell.relative_to(EXAMPLES)))
def test_a_spell_says_how_to_run_it_and_each_command_is_run_here(spell: Path) -> None:
    commands = commands_of(spell)
    assert commands, f"{spell} shows a command"
    if spell.parent == EXAMPLES:
        assert commands[0].startswith(f"llmspell run examples/{spell.name}")
    known = {each["command"] for each in RUNS} | EXPECTED["run_elsewhere"].keys() | EXPECTED["not_run"].keys()
    assert set(commands) <= known


def test_there_is_an_example_of_each_thing_and_no_other_file() -> None:
    found = {str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*") if path.is_file()}
    found = {name for name in found if not name.startswith("engines/") and "__pycache__" not in name}
    spells = {f"{name}.lua" for name in f"{WANTED} tour".split()}
    assert found == spells | OTHERS | {"lib/wizard.lua", "lib/text/init.lua", "data/notes.txt", "data/plans.txt"}


def test_no_expectation_is_left_over() -> None:
    shown = {command for spell in SPELLS for command in commands_of(spell)}
    elsewhere = EXPECTED["run_elsewhere"].keys() | EXPECTED["not_run"].keys()
    assert elsewhere <= shown
    for each in RUNS:
        assert (ROOT / shlex.split(each["command"])[2]).is_file()
