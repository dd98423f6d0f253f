"""Cassettes are hostile files: whatever they hold, there is a usable prefix or an error of ours."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmspell.transcript import Cassette, TranscriptError, timeline
from llmspell.transcript import beside as beside_module
from llmspell.transcript.form import canonical, decode, encode, same
from llmspell.transcript.live import doubtful
from tests.transcript.recorded import record, replay

SOURCE = """
local agent = Agent.create{name = "bee"}
print(agent:execute("hum").text)
print(Tool.execute("calculator", {input = "6*7"}).text, pcall(Tool.execute, "secret", {}))
return {a = {1, 2.5, "\\255", 1/0}, b = "x"}
"""
KEYS = st.text(max_size=5) | st.sampled_from(["$bytes", "$float", "$", "$value"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5) | st.just("$bytes"), inner, max_size=4)
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def data() -> bytes:
    outcome, found = record(SOURCE)
    assert outcome.ok, outcome.error
    return found


@settings(max_examples=60)
@given(VALUES)
def test_a_value_is_read_back_to_the_type(value: Any) -> None:
    text = encode(value)
    assert text.isascii()
    assert "\n" not in text
    back = decode(json.loads(text))
    assert same(back, value)
    assert encode(back) == text
    assert canonical(back) == canonical(value)


@given(VALUES, VALUES)
def test_values_are_the_same_when_their_canonical_texts_are(left: Any, right: Any) -> None:
    assert same(left, right) == (canonical(left) == canonical(right))


def look_at(data: bytes) -> Cassette | None:
    """Reads all that there is to read. Raises nothing but TranscriptError."""
    try:
        cassette = Cassette.from_bytes(data)
        for event in (cassette.header_event, *cassette.events):
            for field in event.fields:
                event.value(field)
        timeline(cassette)
        doubtful(cassette)
        assert Cassette.from_bytes(cassette.inlined()).steps == cassette.steps
    except TranscriptError:
        return None
    return cassette


def test_cut_at_each_byte_it_is_a_prefix_or_an_error() -> None:
    data = EXAMPLE
    whole = [event.fields for event in Cassette.from_bytes(data).events]
    first = data.index(b"\n") + 1
    for length in range(len(data)):
        cassette = look_at(data[:length])
        if length < first:
            assert cassette is None
            continue
        assert cassette is not None
        lines = data[:length].count(b"\n") - 1
        assert [event.fields for event in cassette.events] == whole[:lines]
        assert cassette.end is None or data[:length].endswith(b"\n") or lines == len(whole)


CHANGES = st.lists(
    st.tuples(st.integers(0, 10**6), st.binary(min_size=1, max_size=6), st.booleans()), min_size=1, max_size=4
)


@settings(max_examples=200)
@given(changes=CHANGES)
def test_corrupted_bytes_are_an_error_of_ours_or_another_transcript(changes: list[tuple[int, bytes, bool]]) -> None:
    corrupted = bytearray(EXAMPLE)
    for at, new, inserted in changes:
        at %= len(corrupted)
        corrupted[at : at if inserted else at + len(new)] = new
    look_at(bytes(corrupted))


EXAMPLE = b"".join(
    json.dumps(event).encode() + b"\n"
    for event in (
        {
            "event": "transcript", "schema": "llmspell.transcript/1", "llmspell": "0", "arguments": ["a"], "seed": 1,
            "script": {"name": "s", "sha256": "0" * 64}, "engine": {"name": "lua", "version": "5"}, "clock": 1.5,
            "limits": {"output": 5}, "environment": {"A": "b"}, "sleeps": True, "labels": {}, "source": "return 1",
        },
        {"event": "call", "step": 1, "at": 0.1, "capability": "tool.invoke", "name": "x", "counted": True,
         "arguments": {"name": "x", "parameters": {"b": {"$bytes": "eA=="}}}},
        {"event": "nested", "number": 1, "at": 0.2, "agent": "a", "capability": "t", "name": "y", "arguments": {}},
        {"event": "nested_reply", "number": 1, "at": 0.3, "ok": False, "value": {"kind": "tool"}},
        {"event": "reply", "step": 1, "at": 0.4, "ok": True, "value": [1, {"$float": "nan"}]},
        {"event": "output", "at": 0.5, "stream": "stdout", "data": "x"},
        {"event": "end", "at": 0.6, "outcome": {"verdict": "ok"}, "stdout": {}, "stderr": {}, "masked": 0},
    )
)  # fmt: skip


def with_line(data: bytes, at_line: int, **fields: Any) -> bytes:
    lines = data.splitlines()
    event = json.loads(lines[at_line])
    lines[at_line] = json.dumps({**event, **fields}).encode()
    return b"\n".join(lines) + b"\n"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (b"", "has no whole line"),
        (b"x", "has no whole line"),
        (b"\x00\xff\n", "line 1 of the transcript is broken: it is no JSON"),
        (b"[" * 100_000 + b"\n", "line 1 of the transcript is broken: it is (nested too deep|no JSON)"),
        (b"[]\n", "line 1 of the transcript is broken: it is no map"),
        (b'{"event":"dance"}\n', "an event of an unknown kind: 'dance'"),
        (b'{"event":"output"}\n', "the event 'output' lacks 'at'"),
        (with_line(EXAMPLE, 0, schema="llmspell.transcript/2"), "of the kind 'llmspell.transcript/2'"),
        (with_line(EXAMPLE, 0, seed=-1), "the seed and the clock of the transcript are none"),
        (with_line(EXAMPLE, 0, environment={"A": 1}), "are no map of text"),
        (with_line(EXAMPLE, 0, limits={"output": -1}), "a limit of the transcript is none"),
        (with_line(EXAMPLE, 1, step=2), "has the step 2, and the next one is 1"),
        (with_line(EXAMPLE, 4, step=7), "answers the step 7, which waits for no answer"),
        (with_line(EXAMPLE, 4, at=float("nan")), "'at' of the event 'reply' is no time"),
        (with_line(EXAMPLE, 4, ok=1), "'ok' of the event 'reply' is no boolean"),
        (with_line(EXAMPLE, 3, number=9), "answers nothing"),
        (with_line(EXAMPLE, 5, stream="../x"), "is of no stream"),
        (EXAMPLE + EXAMPLE, "comes after the end"),
        (b'{"event":"call","at":' + b"9" * 5000 + b"}\n", "it is no JSON"),
        (b"[" + b"{}," * 5_000_000 + b"{}]\n", "it holds over 4,000,000 values"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)  # fmt: skip
def test_what_is_no_transcript_says_where_and_why(changed: bytes, message: str) -> None:
    with pytest.raises(TranscriptError, match=message):
        Cassette.from_bytes(changed)


@pytest.mark.parametrize("name", ["../../etc/passwd", "x", "0" * 63, "A" * 64, 7, None])
def test_a_value_beside_is_named_by_a_sum_and_nothing_else(name: object) -> None:
    cassette = Cassette.from_bytes(with_line(EXAMPLE, 4, value={"$value": name, "size": 1}))
    with pytest.raises(TranscriptError, match="is no SHA-256 of a value beside the transcript"):
        cassette.events[3].value("value")


@pytest.mark.parametrize("kind", ["link", "linked folder", "pipe", "folder", "other content", "missing", "too large"])
def test_a_value_beside_is_read_from_a_plain_file_of_the_folder_only(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"  # of "a"
    place, values = tmp_path / "t.jsonl", tmp_path / "t.jsonl.values"
    place.write_bytes(with_line(EXAMPLE, 4, value={"$value": name, "size": 1}))
    secret = tmp_path / "secret"
    secret.write_text("a")
    match kind:
        case "linked folder":
            (tmp_path / "real").mkdir()
            (tmp_path / "real" / name).write_text("a")
            values.symlink_to(tmp_path / "real")
        case _:
            values.mkdir()
    match kind:
        case "link":
            (values / name).symlink_to(secret)
        case "pipe":
            os.mkfifo(values / name)
        case "folder":
            (values / name).mkdir()
        case "other content":
            (values / name).write_text("b")
        case "too large":
            monkeypatch.setattr(beside_module, "MAX_VALUE", 3)
            (values / name).write_text("aaaa")
    with pytest.raises(TranscriptError, match=f"the value {name}"):
        Cassette.load(place).events[3].value("value")


@pytest.mark.parametrize("place", ["folder", "/dev/zero", "pipe", "missing", "a\0b"])
def test_only_a_regular_file_is_read(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(TranscriptError, match="cannot be read"):
        Cassette.load(f"{tmp_path}/{place}" if place[0] != "/" else place)


def test_what_is_wrong_with_a_file_is_said_with_its_name(tmp_path: Path) -> None:
    last = len(EXAMPLE.splitlines()) - 1
    for content in (b"[]\n", b"x", with_line(EXAMPLE, last, outcome={})):
        (tmp_path / "bees.jsonl").write_bytes(content)
        with pytest.raises(TranscriptError, match=r"^'/.*/bees\.jsonl': (line \d+ of )?the transcript "):
            Cassette.load(tmp_path / "bees.jsonl").ended()


def test_a_run_that_was_cut_is_named_where_its_whole_record_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "bees.jsonl.part").touch()
    with pytest.raises(TranscriptError, match=r"no such file .* has left 'bees\.jsonl\.part' there: go on"):
        Cassette.load(tmp_path / "bees.jsonl")


def test_a_replay_of_an_end_that_is_none_is_refused(data: bytes) -> None:
    for outcome in ({}, {"verdict": "fine"}, {"verdict": "ok", "error": 7}, {"verdict": "limit", "limit": {"name": 1}}):
        last = len(data.splitlines()) - 1
        with pytest.raises(TranscriptError, match="its outcome is none"):
            replay(with_line(data, last, outcome=outcome), source=SOURCE)
