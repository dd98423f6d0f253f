"""A run whose host or worker was killed goes on where it was cut: what was answered is not done twice."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from llmspell import Limits, Outcome, ScriptRuntime, UsageError
from llmspell.transcript import Cassette, TranscriptError, TranscriptInMemory
from llmspell.transcript.continuing import CUT_STREAM
from tests.transcript.notes import run, runtime
from tests.transcript.recorded import replay, seen

NOTES = ["plain 1", "plain 2", "plain 3", "model first", "model second", "last"]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def uncut(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """What the script prints when nobody ends it, without the numbers that hang on the seed."""
    outcome = run(tmp_path_factory.mktemp("uncut") / "notes", TranscriptInMemory())
    assert outcome.ok, outcome.error
    return outcome.stdout.splitlines()[1:]


def killed(folder: Path, kill: str, at: str) -> Path:
    """The transcript of a host that was killed, or whose worker was."""
    place = folder / "t.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "tests.transcript.notes", str(folder / "notes"), str(place), kill, at],
        cwd=ROOT, check=False, timeout=250,
    )  # fmt: skip
    assert done.returncode == (0 if kill == "worker" else -signal.SIGKILL)
    assert place.exists() is (kill == "worker")
    return place


def noted(folder: Path) -> list[str]:
    notes = folder / "notes"
    return [line for line in notes.read_text().splitlines() if line != "asked"] if notes.exists() else []


def resumed(folder: Path, place: Path, unanswered: str = "refuse") -> Outcome:
    outcome = runtime(folder / "notes").resume(place, unanswered=unanswered)
    assert not place.with_name("t.jsonl.part").exists()
    return outcome


@pytest.mark.parametrize("at", NOTES)
def test_a_run_whose_host_was_killed_in_a_call_goes_on_and_does_nothing_twice(
    tmp_path: Path, at: str, uncut: list[bytes]
) -> None:
    place = killed(tmp_path, "host", at)
    assert noted(tmp_path) == NOTES[: NOTES.index(at)]
    with pytest.raises(TranscriptError, match=r"nobody knows whether these calls .* step \d+: \S+ note; say"):
        runtime(tmp_path / "notes").resume(place)
    outcome = resumed(tmp_path, place, unanswered="again")
    if at == "model second":
        assert outcome.error is not None
        assert outcome.error.message == CUT_STREAM
        assert noted(tmp_path) == NOTES[:4]
        return
    assert outcome.ok, outcome.error
    assert noted(tmp_path) == NOTES
    assert outcome.stdout.splitlines()[1:] == uncut
    assert (tmp_path / "notes").read_text().count("asked") == 4
    assert seen(replay(place.read_bytes(), limits=Limits())) == seen(outcome)


def test_a_call_that_was_done_and_has_no_answer_may_fail_instead_of_being_made_again(tmp_path: Path) -> None:
    place = killed(tmp_path, "host after", "plain 2")
    outcome = resumed(tmp_path, place, unanswered="fail")
    assert noted(tmp_path) == ["plain 1", "plain 2"]
    assert outcome.error is not None
    assert outcome.error.kind == "tool"
    assert "nobody knows whether it was made, and it is not made again" in outcome.error.message


def test_it_is_made_again_where_that_is_asked_for(tmp_path: Path) -> None:
    resumed(tmp_path, killed(tmp_path, "host after", "plain 2"), unanswered="again")
    assert noted(tmp_path)[:4] == ["plain 1", "plain 2", "plain 2", "plain 3"]


def test_a_run_whose_worker_was_killed_goes_on(tmp_path: Path, uncut: list[bytes]) -> None:
    place = killed(tmp_path, "worker", "plain 3")
    cassette = Cassette.load(place)
    assert cassette.end is not None
    assert cassette.end.value("outcome")["verdict"] == "crash"
    outcome = resumed(tmp_path, place, unanswered="again")
    assert outcome.ok, outcome.error
    assert outcome.stdout.splitlines()[1:] == uncut


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, list[bytes]]:
    sink = TranscriptInMemory()
    return run(tmp_path_factory.mktemp("whole") / "notes", sink), sink.data.splitlines(keepends=True)


@pytest.mark.parametrize("lines", range(2, 40, 5))
def test_a_transcript_that_was_cut_anywhere_is_gone_on_with(
    tmp_path: Path, lines: int, whole: tuple[Outcome, list[bytes]]
) -> None:
    uncut, parts = whole
    place = tmp_path / "t.jsonl"
    place.with_name("t.jsonl.part").write_bytes(b"".join(parts[:lines]) + parts[lines][:-5])
    outcome = resumed(tmp_path, place, unanswered="again")
    if outcome.error is not None:
        assert outcome.error.message == CUT_STREAM
    else:
        assert (outcome.stdout, outcome.value) == (uncut.stdout, uncut.value)
    assert place.read_bytes().startswith(b"".join(parts[:lines]))
    events = [json.loads(part) for part in parts[:lines]]
    asked = [each for each in events if each["event"] in ("call", "nested") and each["name"] == "note"]
    answered = [each for each in events if each["event"] in ("reply", "nested_reply") and "noted" in str(each["value"])]
    assert noted(tmp_path) == NOTES[min(len(asked), len(answered)) : None if outcome.ok else 4]


def test_a_run_that_a_limit_ended_goes_on_under_a_higher_one(tmp_path: Path) -> None:
    place = tmp_path / "t.jsonl"
    source = 'for i = 1, 5 do print(Tool.execute("calculator", {input = tostring(i)}).text) end'
    assert ScriptRuntime.with_lua(limits=Limits(calls=3)).execute(source, record=place).verdict == "limit"
    outcome = ScriptRuntime.with_lua().resume(place)
    assert (outcome.stdout, outcome.usage.calls) == (b"1\n2\n3\n4\n5\n", 5)
    assert seen(replay(place.read_bytes())) == seen(outcome)
    with pytest.raises(TranscriptError, match="is over, with the verdict ok: nothing is left to go on with"):
        ScriptRuntime.with_lua().resume(place)


def test_a_stream_that_was_cut_fails_and_is_not_begun_anew(tmp_path: Path) -> None:
    place = tmp_path / "t.jsonl"
    source = 'for chunk in Agent.create{name = "b"}:stream("one two three four") do io.write(chunk.text) end'
    ScriptRuntime.with_lua().execute(source, record=place)
    lines = place.read_bytes().splitlines(keepends=True)
    second = [at for at, line in enumerate(lines) if b'"is_final":false' in line][1]
    place.rename(tmp_path / "whole")
    place.with_name("t.jsonl.part").write_bytes(b"".join(lines[: second + 1]))
    outcome = ScriptRuntime.with_lua().resume(place)
    assert outcome.error is not None
    assert "this stream was cut when the recorded run ended; ask again" in outcome.error.message


def test_what_is_no_way_to_go_on_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TranscriptError, match="cannot be read: no such file"):
        ScriptRuntime.with_lua().resume(tmp_path / "t.jsonl")
    place = tmp_path / "t.jsonl"
    ScriptRuntime.with_lua(limits=Limits(calls=0)).execute('Tool.exists("x")', record=place)
    with pytest.raises(UsageError, match="'never' is nothing to do with unanswered calls: refuse, again, fail are"):
        ScriptRuntime.with_lua().resume(place, unanswered="never")
    with pytest.raises(TranscriptError, match="is not the script that was recorded"):
        ScriptRuntime.with_lua().resume(place, "another script")
