"""Two that go on with one record: the second one is refused, and what the first one writes is not touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from llmspell import Limits, ScriptRuntime
from llmspell.transcript import TranscriptError
from llmspell.transcript.resumable import Resumable

SOURCE = 'for i = 1, 5 do Tool.execute("calculator", {input = tostring(i)}) end'
LINE = '{"event":"resumed","at":9.0}'


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    place = tmp_path_factory.mktemp("record") / "t.jsonl"
    assert ScriptRuntime.with_lua(limits=Limits(calls=3)).execute(SOURCE, record=place).verdict == "limit"
    return place.read_bytes()


@pytest.fixture(params=["ended", "cut"])
def place(tmp_path: Path, record: bytes, request: pytest.FixtureRequest) -> Path:
    """A record that was ended by a limit, or that was cut in its last line."""
    if request.param == "ended":
        (tmp_path / "t.jsonl").write_bytes(record)
    else:
        (tmp_path / "t.jsonl.part").write_bytes(record[:-5])
    return tmp_path / "t.jsonl"


def test_the_second_one_is_refused_while_the_first_one_writes(place: Path) -> None:
    first, second = Resumable(place), Resumable(place)
    file = first.taken_up()
    file.line(LINE)
    with pytest.raises(TranscriptError, match=r"another run (is writing|has gone on with)"):
        second.taken_up()
    with pytest.raises(TranscriptError, match="another run is writing"):
        Resumable(place).taken_up()
    file.line(LINE)
    file.close()
    written = place.with_name("t.jsonl.part").read_text()
    assert written.endswith(f"{LINE}\n{LINE}\n")
    assert not any(name.endswith(".tmp") for name in os.listdir(place.parent))


@pytest.mark.parametrize("finished", [False, True], ids=["cut", "finished"])
def test_the_second_one_is_refused_after_the_first_one_has_written(place: Path, finished: bool) -> None:
    first, second = Resumable(place), Resumable(place)
    file = first.taken_up()
    file.line(LINE)
    if finished:
        file.finish()
    file.close()
    left = place if finished else place.with_name("t.jsonl.part")
    before = left.read_bytes()
    with pytest.raises(TranscriptError, match=r"another run has gone on with .* since it was read"):
        second.taken_up()
    assert left.read_bytes() == before
    assert os.listdir(place.parent).count(left.name) == 1
    assert not any(name.endswith(".tmp") for name in os.listdir(place.parent))


def test_no_record_is_copied_over_a_link(tmp_path: Path, record: bytes) -> None:
    place, victim = tmp_path / "t.jsonl", tmp_path / "victim"
    place.write_bytes(record)
    victim.write_text("somebody's")
    resumable = Resumable(place)
    place.with_name("t.jsonl.part").symlink_to(victim)
    with pytest.raises(TranscriptError, match="another run has gone on with"):
        resumable.taken_up()
    assert victim.read_text() == "somebody's"
