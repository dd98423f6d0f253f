"""Cassettes and folders that were made to hang, fill or leave their host are refused, soon, by errors of ours."""

from __future__ import annotations

import json
import math
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from llmspell import ScriptRuntime, UsageError
from llmspell.source import sha256
from llmspell.transcript import Cassette, TranscriptError, TranscriptInMemory
from llmspell.transcript import cassette as cassette_module
from llmspell.transcript import replay as replay_module
from llmspell.transcript.beside import ValuesFolder
from tests.transcript.recorded import record, replay
from tests.transcript.test_hostile_cassettes import EXAMPLE, with_line

SOON = 100.0
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


LIMIT = {"event": "limit", "step": None, "at": 0.5, "name": "cpu", "allowed": 1, "used": 2, "unit": "bytes"}


def nested(levels: int) -> Any:
    found: Any = 1
    for _ in range(levels):
        found = [found] if levels % 2 else {"a": found}
    return found


@pytest.mark.parametrize("levels", [63, 64, 700, 900])
@pytest.mark.parametrize(("line", "field"), [(0, "unknown"), (1, "arguments"), (4, "value"), (6, "unknown")])
def test_a_line_is_refused_that_is_deeper_than_what_is_written(line: int, field: str, levels: int) -> None:
    made = with_line(EXAMPLE, line, **{field: nested(levels)})
    if levels == 63:
        assert Cassette.from_bytes(made).steps == 1
        return
    with pytest.raises(TranscriptError, match=f"line {line + 1} of the transcript is broken: it is nested too deep"):
        Cassette.from_bytes(made)


@pytest.mark.parametrize("levels", [62, 63, 64, 700, 900])
def test_a_value_beside_is_refused_that_would_be_too_deep_in_its_line(levels: int) -> None:
    text = json.dumps(nested(levels)).encode()
    name = sha256(text)
    cassette = Cassette.from_bytes(with_line(EXAMPLE, 4, value={"$value": name, "size": 1}), {name: text})
    if levels <= 63:
        inlined = Cassette.from_bytes(cassette.inlined())
        assert inlined.events[3].value("value") == nested(levels)
        return
    with pytest.raises(TranscriptError, match=f"the value {name} is no value of a transcript"):
        cassette.inlined()


def test_what_stands_in_a_line_beside_a_large_value_is_inlined_as_it_stands() -> None:
    source = b'"return 1"'
    name = sha256(source)
    made = with_line(EXAMPLE, 0, source={"$value": name, "size": 10}, environment={"$$a": "b"})
    inlined = Cassette.from_bytes(Cassette.from_bytes(made, {name: source}).inlined())
    assert inlined.header.environment == {"$a": "b"}


@pytest.mark.parametrize(
    "used", [math.inf, -math.inf, math.nan, 1e18, -1, 10**4000], ids=["inf", "-inf", "nan", "1e18", "-1", "huge"]
)
@pytest.mark.parametrize("field", ["used", "allowed"])
def test_figures_of_a_limit_that_are_none_are_refused(field: str, used: float) -> None:
    lines = EXAMPLE.splitlines(keepends=True)
    made = b"".join((*lines[:-1], json.dumps({**LIMIT, field: used}).encode() + b"\n"))
    with pytest.raises(TranscriptError, match="line 7 of the transcript is broken: the figures of the event 'limit'"):
        Cassette.from_bytes(made)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"arguments": ["\ud800"]}, "the arguments of the transcript are no list of text"),
        ({"script": {"name": "\ud800", "sha256": "0" * 64}}, "does not say 'name'"),
        ({"engine": {"name": "lua", "version": "\udfff"}}, "does not say 'version'"),
        ({"labels": {"a": "\ud800"}}, "are no map of text"),
        ({"labels": {"\ud800": "a"}}, "are no map of text"),
    ],
    ids=["arguments", "name", "version", "label", "name of a label"],
)
def test_half_a_surrogate_pair_is_no_text_of_a_first_line(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(TranscriptError, match=message):
        Cassette.from_bytes(with_line(EXAMPLE, 0, **fields))


@pytest.mark.parametrize("tiny", ["{}", '{"a":1}', "1.5", "[[]]"], ids=str)
def test_tiny_values_do_not_take_many_times_what_may_be_kept(monkeypatch: pytest.MonkeyPatch, tiny: str) -> None:
    kept = 128 * 1024
    monkeypatch.setattr(cassette_module, "_KEPT", kept)
    line = '{"event":"output","at":1,"stream":"stdout","data":[' + ",".join([tiny] * (3900 // (len(tiny) + 1))) + "]}\n"
    made = EXAMPLE.splitlines(keepends=True)[0] + line.encode() * 60
    tracemalloc.start()
    try:
        cassette = Cassette.from_bytes(made)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(cassette.events) == 60
    assert taken < len(made) + 2 * kept


@pytest.mark.parametrize("verdict", [b"ok", b"crash"])
def test_a_whole_record_that_lacks_an_answer_keeps_no_replay_waiting(
    monkeypatch: pytest.MonkeyPatch, verdict: bytes
) -> None:
    monkeypatch.setattr(replay_module, "PATIENCE", 0.2)
    _, data = record('print(Tool.execute("calculator", {input = "6*7"}).text)')
    lines = [line for line in data.splitlines(keepends=True) if b'"event":"reply"' not in line]
    begun = time.monotonic()
    outcome = replay(b"".join(lines).replace(b'"verdict":"ok"', b'"verdict":"' + verdict + b'"'))
    assert time.monotonic() - begun < SOON / 2
    assert outcome.error is not None
    assert "diverged at step 1: the record has no answer to tool.invoke" in outcome.error.message


def test_a_run_that_ended_while_a_call_was_open_ends_so_again() -> None:
    outcome, data = record("const waits = sleep(60); await sleep(0.01); exit(0)", "javascript")
    again = replay(data, "javascript")
    assert (outcome.verdict, again.verdict, again.error) == ("ok", "ok", None)


ASKED = 'return Agent.create{name = "bee"}:execute("hum").text'


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"cost_usd": "x"}, "it.cost_usd must be a number, not the text 'x'"),
        ({"cost_usd": 10**400}, "it.cost_usd must be a number, not a huge number"),
        ({"prompt_tokens": -1}, "it.prompt_tokens must be a whole number from 0 on, not the number -1"),
        ({"refusal": ["no"]}, "it.refusal must be text, not a list"),
        ({"cached_tokens": {}}, "it.cached_tokens must be a whole number from 0 on, not a map"),
        (
            {"tool_calls": [{"id": 1, "name": "x", "arguments": {}, "written": ""}]},
            "it.tool_calls[0].id must be text, not the number 1",
        ),
        (
            {"media": [{"type": "image", "format": "png", "data": {"path": "/etc/passwd"}}]},
            "it.media[0].data names a file by path, and only bytes are taken here",
        ),
    ],
)
@pytest.mark.parametrize("mode", ["once", "resume"])
def test_an_answer_of_a_model_that_is_none_ends_the_run_in_both_modes_that_ask_models(
    tmp_path: Path, mode: str, changed: dict[str, Any], message: str
) -> None:
    lines = record(ASKED)[1].splitlines()
    events = [json.loads(line) for line in lines]
    at = next(at for at, event in enumerate(events) if event["event"] == "model")
    data = with_line(b"\n".join(lines[: at + 1]) + b"\n", at, value={**events[at]["value"], **changed})
    runtime = ScriptRuntime.with_lua()
    if mode == "once":
        outcome = runtime.execute(
            ASKED, replay=Cassette.from_bytes(data), replay_mode="once", record=TranscriptInMemory()
        )
    else:
        (tmp_path / "t.jsonl").write_bytes(data)
        outcome = runtime.resume(tmp_path / "t.jsonl")
    assert outcome.error is not None
    assert outcome.error.message == (
        f"the run was ended, because an answer of a model in the transcript is none: {message}"
    )


def test_an_error_of_a_models_tool_that_is_none_is_refused_before_anything_runs() -> None:
    data = with_line(EXAMPLE, 3, value=["no", "map"])
    data = with_line(data, 0, script={"name": "s", "sha256": sha256(b"return 1")})
    with pytest.raises(TranscriptError, match="an error in the transcript is none: it must be a map, not a list"):
        ScriptRuntime.with_lua().execute(
            "return 1", replay=Cassette.from_bytes(data), replay_mode="once", record=TranscriptInMemory()
        )


def test_many_arguments_of_a_transcript_are_each_looked_at_once() -> None:
    first = EXAMPLE.splitlines(keepends=True)[0]
    script = {"name": "s", "sha256": sha256(b"return 1")}
    data = with_line(first, 0, arguments=["x"] * 600_000, script=script)
    begun = time.thread_time()
    with pytest.raises(UsageError, match="arguments holds over 262,144 values"):
        ScriptRuntime.with_lua().execute("return 1", replay=Cassette.from_bytes(data))
    assert time.thread_time() - begun < 10  # the worker's time is not in it
