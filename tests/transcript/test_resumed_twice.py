"""Two that go on with one record: the second one is refused, and what the first one writes is not touched."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from llmspell import Limits, ScriptRuntime
from llmspell.transcript import Cassette, TranscriptError
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


def test_what_was_read_is_looked_for_under_the_lock_under_which_is_written(place: Path) -> None:
    class Looks(Cassette):
        def is_in(self, descriptor: int) -> bool:
            assert is_locked(place)
            looked_at.append(os.fstat(descriptor).st_ino)
            return super().is_in(descriptor)

    looked_at: list[int] = []
    resumable = Resumable(place)
    resumable.cassette = Looks.load(resumable.taken_from)
    file = resumable.taken_up()
    assert is_locked(place)
    assert looked_at == [place.with_name("t.jsonl.part").stat().st_ino]
    file.close()
    assert not is_locked(place)


def is_locked(place: Path) -> bool:
    with place.with_name("t.jsonl.part").open() as part:
        try:
            fcntl.flock(part, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@pytest.mark.parametrize("left", [0, 1, 500], ids=["nothing", "one-byte", "a-begin"])
def test_a_copy_that_was_cut_is_made_anew(tmp_path: Path, record: bytes, left: int) -> None:
    place, part = tmp_path / "t.jsonl", tmp_path / "t.jsonl.part"
    place.write_bytes(record)
    part.write_bytes(b"\0" * min(left, 1) + record[1:left])
    assert ScriptRuntime.with_lua().resume(place).ok
    assert place.read_bytes().startswith(record)
    assert not part.exists()


def test_a_copy_is_whole_when_it_begins_like_a_record(tmp_path: Path, record: bytes) -> None:
    place, part = tmp_path / "t.jsonl", tmp_path / "t.jsonl.part"
    place.write_bytes(record)
    file = Resumable(place).taken_up()
    assert part.read_bytes() == record
    file.close()
    assert part.read_bytes() == record  # nothing was added, and nothing is lost


def test_a_record_that_was_ended_gets_its_name_unless_somebody_has_it(tmp_path: Path) -> None:
    place, part = tmp_path / "t.jsonl", tmp_path / "t.jsonl.part"
    ScriptRuntime.with_lua().execute("return 1", record=place)
    place.rename(part)
    with part.open() as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        with pytest.raises(TranscriptError, match="another run is writing"):
            Resumable(place)
        assert not place.exists()
    with pytest.raises(TranscriptError, match="nothing is left to go on with"):
        Resumable(place)
    assert place.exists()
    assert not part.exists()


def test_no_record_is_copied_over_a_link(tmp_path: Path, record: bytes) -> None:
    place, victim = tmp_path / "t.jsonl", tmp_path / "victim"
    place.write_bytes(record)
    victim.write_text("somebody's")
    resumable = Resumable(place)
    place.with_name("t.jsonl.part").symlink_to(victim)
    with pytest.raises(TranscriptError, match="another run has gone on with"):
        resumable.taken_up()
    assert victim.read_text() == "somebody's"
