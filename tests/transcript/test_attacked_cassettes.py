"""Cassettes and folders that were made to hang, fill or leave their host are refused, soon, by errors of ours."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from llmspell import ScriptRuntime
from llmspell.transcript import Cassette, TranscriptError
from llmspell.transcript.beside import ValuesFolder

SOON = 20.0
"""Seconds on a busy machine; what is guarded against takes hours."""


@pytest.mark.parametrize(
    "tail",
    [b'"' + b'\\"' * 60_000, b'"' + b'\\"' * 60_000 + b"\\", b'"' + b"\\" * 120_001],
    ids=["escaped quotes", "escaped quotes and a backslash", "backslashes"],
)
def test_text_that_nothing_closes_is_looked_at_once(tail: bytes) -> None:
    begun = time.monotonic()
    with pytest.raises(TranscriptError, match="it is no JSON"):
        Cassette.from_bytes(b'{"a":"' + b"," * 4_000_001 + b'",' + tail + b"\n")
    assert time.monotonic() - begun < SOON


def test_values_within_text_are_not_counted_and_those_outside_are() -> None:
    with pytest.raises(TranscriptError, match="of an unknown kind"):
        Cassette.from_bytes(b'{"a":"' + b'\\",' * 4_000_001 + b'"}\n')
    with pytest.raises(TranscriptError, match="it holds over 4,000,000 values"):
        Cassette.from_bytes(b'{"a":[' + b"1," * 4_000_001 + b'1],"b":"\n')


@pytest.mark.parametrize("kind", ["link", "dangling link", "file"])
def test_no_value_is_written_or_removed_through_what_is_no_folder(tmp_path: Path, kind: str) -> None:
    victim, values = tmp_path / "victim", tmp_path / "t.jsonl.values"
    if kind != "dangling link":
        victim.mkdir()
        (victim / ("0" * 64)).write_text("somebody's")
    if kind == "file":
        values.write_text("no folder")
    else:
        values.symlink_to(victim)
    outcome = ScriptRuntime.with_lua().execute('print(("x"):rep(70000))', record=tmp_path / "t.jsonl")
    assert outcome.error is not None
    assert "what stands for its folder of values is a link, or no folder" in outcome.error.message
    ValuesFolder(str(values)).forget_others(set())
    assert victim.exists() is (kind != "dangling link")
    assert kind == "dangling link" or [found.name for found in victim.iterdir()] == ["0" * 64]


def test_a_file_where_a_value_should_lie_is_replaced_and_those_that_nobody_names_are_removed(tmp_path: Path) -> None:
    values = ValuesFolder(str(tmp_path / "values"))
    name = values.write(b"a")
    assert values.write(b"a") == name
    (tmp_path / "values" / name).write_bytes(b"b")
    (tmp_path / "values" / "notes").write_bytes(b"somebody's")
    values.write(b"a")
    assert values.read(name) == b"a"
    other = values.write(b"c")
    values.forget_others({other})
    assert {found.name for found in (tmp_path / "values").iterdir()} == {other, "notes"}
    (tmp_path / "values" / name).mkdir()
    with pytest.raises(OSError, match="directory"):
        values.write(b"a")
    assert {found.name for found in (tmp_path / "values").iterdir()} == {other, "notes", name}
