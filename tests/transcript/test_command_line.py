"""Every example, recorded at the command line and replayed where nothing but the transcript is: the same bytes, the
same exit code.
"""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from llmspell import Limits
from llmspell.outcome import as_json
from llmspell.transcript import Cassette
from tests.examples.commands import Ran, run, workplace
from tests.examples.test_examples import RUNS
from tests.transcript.recorded import offline

FIRST = {suffix: next(each for each in RUNS if f".{suffix}" in each["command"]) for suffix in ("lua", "js", "py")}


@pytest.mark.parametrize("expected", RUNS, ids=lambda each: each["command"].removeprefix("llmspell run examples/"))
def test_an_example_is_replayed_byte_for_byte(tmp_path: Path, expected: dict[str, Any]) -> None:
    first, empty = recorded(tmp_path, expected)
    cassette = Cassette.load(empty / "t.jsonl")
    outcome = offline(cassette.header.engine, Limits()).execute(cassette.source(), replay=cassette)
    value = "" if outcome.value is None or outcome.stdout else json.dumps(as_json(outcome.value)) + "\n"
    assert (outcome.stdout.decode() + value, outcome.exit_code(pass_on=True)) == (first.stdout, first.code), (
        outcome.error
    )
    assert outcome.verdict == expected["verdict"]


@pytest.mark.parametrize("expected", FIRST.values(), ids=FIRST)
def test_an_example_of_each_engine_is_replayed_at_the_command_line(tmp_path: Path, expected: dict[str, Any]) -> None:
    first, empty = recorded(tmp_path, expected)
    again = run(["replay", "t.jsonl", "--report", "again.json"], folder=empty)
    assert (again.stdout, again.code) == (first.stdout, first.code), again.stderr
    assert json.loads((empty / "again.json").read_text())["verdict"] == expected["verdict"]


def recorded(folder: Path, expected: dict[str, Any]) -> tuple[Ran, Path]:
    """What an example said when it was recorded, and a folder with its transcript and nothing else."""
    place, empty = folder / "place", folder / "empty"
    place.mkdir()
    (empty / "home").mkdir(parents=True)
    workplace(place)
    for name in expected.get("folders", []):
        (place / name).mkdir()
    words = shlex.split(expected["command"])[1:]
    first = run([words[0], "--record", "t.jsonl", *words[1:]], folder=place, stdin=expected.get("stdin", ""))
    assert first.code == expected["code"], first.stderr
    for found in place.glob("t.*"):
        shutil.move(found, empty / found.name)
    return first, empty


def test_exec_and_sandbox_are_replayed_as_what_they_were(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    first = run(["exec", "--record", "t.jsonl", "print(1) return {a = math.random()}"], folder=place)
    assert run(["replay", "t.jsonl"], folder=place) == first
    (place / "s.lua").write_text("print(pcall(Tool.list)) os.exit(7)")
    first = run(["sandbox", "--record", "s.jsonl", "s.lua"], folder=place)
    again = run(["replay", "s.jsonl"], folder=place)
    assert (again.code, again.stdout) == (first.code, first.stdout) == (1, first.stdout)
    assert "error" in again.stderr


def test_a_divergence_and_what_is_no_transcript_end_with_their_codes(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    run(["exec", "--record", "t.jsonl", 'return Tool.execute("calculator", {input = "1"}).text'], folder=place)
    other = 'return Tool.execute("calculator", {input = "2"}).text'
    refused = run(["exec", "--replay", "t.jsonl", other], folder=place)
    assert (refused.code, refused.stdout) == (2, "")
    assert "exec is not the script that was recorded" in refused.stderr
    diverged = run(["exec", "--replay", "t.jsonl", "--replay-mode", "loose", other], folder=place)
    assert (diverged.code, diverged.stdout) == (1, "")
    assert '-    "input": "1"' in diverged.stderr
    missing = run(["replay", "nothing.jsonl"], folder=place)
    assert (missing.code, missing.stdout) == (2, "")
    both = run(["exec", "--replay", "t.jsonl", "--record", "u.jsonl", other], folder=place)
    assert both.code == 2
    over = run(["resume", "t.jsonl"], folder=place)
    assert (over.code, over.stdout) == (2, "")
    assert "nothing is left to go on with" in over.stderr


def test_the_script_itself_is_not_replaced_by_its_transcript(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    (place / "s.lua").write_text("print(1)")
    refused = run(["run", "--record", "s.lua", "s.lua"], folder=place)
    assert (refused.code, refused.stdout) == (2, "")
    assert "what is there is no transcript" in refused.stderr
    assert (place / "s.lua").read_text() == "print(1)"


def test_the_help_of_replay_says_which_mode_makes_calls_and_writes(tmp_path: Path) -> None:
    said = " ".join(run(["replay", "--help"], folder=workplace(tmp_path)).stdout.split())
    assert "offline, but in the mode once" in said
    assert "In the mode once the calls that FILE lacks are made, for real, and FILE is rewritten with them" in said


TWICE = 'for i = 1, 2 do print(Tool.execute("calculator", {input = "1"}).text) end'


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The transcripts of runs that were cut after the first of their two calls, by the commands that made them."""
    place = tmp_path_factory.mktemp("cut")
    (place / "s.lua").write_text(TWICE)
    made = {}
    for command, *words in (("run",), ("sandbox", "--allow-tool", "calculator")):
        done = run([command, "--record", f"{command}.jsonl", *words, "s.lua"], folder=place)
        assert done.code == 0, done.stderr
        lines = (place / f"{command}.jsonl").read_bytes().splitlines(keepends=True)
        answered = next(at for at, line in enumerate(lines) if b'"event":"reply"' in line)
        made[command] = b"".join(lines[: answered + 1])
    return made


@pytest.mark.parametrize(
    ("made_by", "words", "goes_on"),
    [
        ("run", [], True),
        ("run", ["s.lua"], True),
        ("sandbox", [], False),
        ("sandbox", ["s.lua"], False),
        ("sandbox", ["s.lua", "--allow-tool", "calculator"], True),
    ],
    ids=lambda each: each if type(each) is str else "-".join(each) if type(each) is list else "",
)
def test_a_record_is_gone_on_with_as_it_was_made_and_grants_nothing(
    tmp_path: Path, cut: dict[str, bytes], made_by: str, words: list[str], goes_on: bool
) -> None:
    (tmp_path / "s.lua").write_text(TWICE)
    (tmp_path / "t.jsonl.part").write_bytes(cut[made_by])
    resumed = run(["resume", "t.jsonl", *words], folder=tmp_path)
    assert (resumed.code, resumed.stdout) == ((0, "1\n1\n") if goes_on else (4, "1\n")), resumed.stderr


def test_what_is_missing_is_made_as_the_record_was(tmp_path: Path, cut: dict[str, bytes]) -> None:
    for made_by, code in (("run", 0), ("sandbox", 4)):
        (tmp_path / "t.jsonl").write_bytes(cut[made_by])
        once = run(["replay", "t.jsonl", "--replay-mode", "once"], folder=tmp_path)
        assert once.code == code, once.stderr


def test_a_record_that_grows_is_named_in_the_same_words_each_time(tmp_path: Path) -> None:
    call = 'Tool.execute("calculator", {input = "1"})'
    for code, steps in ((f"return {call}.text", 1), (f"return {call}.text, {call}", 2)):
        ran = run(["exec", "--replay", "t.jsonl", "--replay-mode", "once", code], folder=tmp_path)
        assert (ran.code, ran.stdout) == (0, '"1"\n'), ran.stderr
        assert Cassette.load(tmp_path / "t.jsonl").steps == steps


def test_a_cut_run_is_resumed_with_the_modules_beside_its_script(tmp_path: Path) -> None:
    place = workplace(tmp_path)
    (place / "m.lua").write_text("return {word = 'module'}")
    (place / "s.lua").write_text('print(Tool.execute("calculator", {input = "1"}).text) print(require("m").word)')
    run(["run", "--record", "t.jsonl", "s.lua"], folder=place)
    lines = (place / "t.jsonl").read_bytes().splitlines(keepends=True)
    answered = next(at for at, line in enumerate(lines) if b'"event":"reply"' in line)
    (place / "t.jsonl").unlink()
    (place / "t.jsonl.part").write_bytes(b"".join(lines[: answered + 1]))
    resumed = run(["resume", "t.jsonl", "s.lua"], folder=place)
    assert (resumed.code, resumed.stdout) == (0, "1\nmodule\n"), resumed.stderr
    assert run(["replay", "t.jsonl"], folder=place).stdout == "1\nmodule\n"
