"""A transcript as it is written: whole or plainly cut, with everything that was asked and answered, and no key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from llmspell import FunctionTool, Limits, ProviderManager, ProviderSettings, ScriptRuntime, UsageError, default_policy
from llmspell.transcript import Cassette, TranscriptError, TranscriptFile, TranscriptInMemory, timeline
from tests.transcript.notes import runtime
from tests.transcript.recorded import LIMITS, record, replay, seen

KEY = "sk-0123456789abcdef-key"
OLDER = '{"event":"transcript", "of": "an older run"}\n'
EVERYTHING = """
io.write("first ")
local given = io.read(3)
Log.warn("careful", {count = 1})
local ok, failure = pcall(Tool.execute, "give-back", {})
print(given, ok, failure.kind)
local agent = Agent.create{name = "bee"}
for chunk in agent:stream("one two") do io.write(chunk.text) end
print(Tool.execute("calculator", {input = "6*7"}).text)
print(pcall(Tool.execute, "file-operations", {operation = "read", path = "x"}))
sleep(0.001)
return {bytes = "\\255", list = {1, 2.5, "text"}}
"""


def give_back() -> str:
    raise ValueError("broken")


def tools() -> list[FunctionTool]:
    return [FunctionTool(give_back)]


def lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def everything(**options: Any) -> tuple[Any, bytes]:
    granted = default_policy().with_tools(["give-back"])
    return record(EVERYTHING, tools=tools(), policy=granted, stdin=lambda _size: b"abc", **options)


def test_every_call_output_and_the_outcome_stand_in_it_in_order() -> None:
    outcome, data = everything()
    assert outcome.ok, outcome.error
    events = lines(data)
    asked = [event["capability"] for event in events if event["event"] == "call"]
    assert asked == [
        "stdin.read", "log.write", "tool.invoke", "agent.create", "agent.stream", "stream.next", "stream.next",
        "stream.next", "tool.invoke", "tool.invoke", "sleep",
    ]  # fmt: skip
    replies = {event["step"]: event for event in events if event["event"] == "reply"}
    assert sorted(replies) == list(range(1, len(asked) + 1))
    assert replies[1]["value"] == {"$bytes": "YWJj"}
    assert (replies[3]["ok"], replies[3]["value"]["kind"]) == (False, "tool")
    assert replies[10]["value"]["kind"] == "denied"
    written = "".join(event["data"] for event in events if event["event"] == "output")
    assert written.encode() == outcome.stdout
    head, end = events[0], events[-1]
    assert (head["event"], head["schema"], head["script"]["name"]) == ("transcript", "llmspell.transcript/1", "script")
    assert (end["event"], end["outcome"]["verdict"]) == ("end", "ok")
    assert end["outcome"]["value"] == {"bytes": {"$bytes": "/w=="}, "list": [1, 2.5, "text"]}
    times = [event["at"] for event in events[1:]]
    assert times == sorted(times)
    (asked_model,) = [event for event in events if event["event"] == "model"]
    assert (asked_model["agent"], asked_model["value"]["text"]) == ("bee", "one two")


def test_the_same_is_replayed_with_its_log() -> None:
    outcome, data = everything()
    assert seen(replay(data)) == seen(outcome)


def test_the_timeline_has_begin_and_length_of_each_counted_call() -> None:
    outcome, data = everything()
    calls = timeline(Cassette.from_bytes(data))
    assert [(call.capability, call.name, call.ok) for call in calls] == [
        (call.capability, call.name, call.ok) for call in outcome.calls
    ]
    assert all(call.wall_seconds >= 0 for call in calls)
    assert [call.begun_seconds for call in calls] == sorted(call.begun_seconds for call in calls)


def test_no_key_of_a_provider_or_of_the_environment_stands_anywhere_in_it(tmp_path: Path) -> None:
    source = f"""
    print("{KEY}", os.getenv("MY_TOKEN"))
    print(Tool.execute("give-it", {{key = "{KEY}"}}))
    return {{a = "{KEY}", b = os.getenv("MY_TOKEN")}}"""

    def give_it(key: str) -> dict[str, Any]:
        return {key: [key, key.encode() * 30_000]}

    policy = default_policy().with_tools(["give-it"])._replace(environment={"MY_TOKEN": "token-of-mine"})
    with ScriptRuntime.with_lua(
        tools=[FunctionTool(give_it)], policy=policy, limits=LIMITS,
        providers=ProviderManager({"own": ProviderSettings(api_key_env="OWN")}, environ={"OWN": KEY}),
    ) as runtime:  # fmt: skip
        runtime.execute(source, record=tmp_path / "t.jsonl", arguments=[f"--key={KEY}"])
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 2
    for data in written:
        for form in (KEY, "token-of-mine", "c2stMDEyMzQ1Njc4OWFiY2RlZi1rZX"):
            assert form.encode() not in data
    cassette = Cassette.load(tmp_path / "t.jsonl")
    assert cassette.header.source is None
    with pytest.raises(TranscriptError, match="does not hold its script as it was run"):
        cassette.source()
    again = ScriptRuntime.with_lua(policy=default_policy(), limits=LIMITS).execute(source, replay=cassette)
    assert again.ok, again.error
    assert again.stdout.startswith(KEY.encode() + b"\t***\n")


def test_a_file_has_its_name_when_it_is_whole_and_another_one_before(tmp_path: Path) -> None:
    place = tmp_path / "t.jsonl"
    place.write_text(OLDER)
    found: list[tuple[bool, str]] = []

    def look(_stream: str, _data: bytes) -> None:
        found.append((place.with_name("t.jsonl.part").exists(), place.read_text()))

    ScriptRuntime.with_lua(limits=LIMITS).execute("print(1)", record=place, emit=look)
    assert found == [(True, OLDER)]
    assert os.listdir(tmp_path) == ["t.jsonl"]
    assert Cassette.load(place).end is not None


def test_what_a_run_that_was_cut_has_left_is_not_written_over(tmp_path: Path) -> None:
    part = tmp_path / "t.jsonl.part"
    part.write_text("{}\n")
    with pytest.raises(
        TranscriptError, match=r"is what a run that was cut has left: .*llmspell resume t.jsonl, or remove"
    ):
        ScriptRuntime.with_lua(limits=LIMITS).execute("print(1)", record=tmp_path / "t.jsonl")
    assert part.read_text() == "{}\n"


def test_two_runs_do_not_write_to_one_file(tmp_path: Path) -> None:
    first = TranscriptFile(tmp_path / "t.jsonl")
    first.line("{}")
    with pytest.raises(TranscriptError, match="another run is writing"):
        TranscriptFile(tmp_path / "t.jsonl")
    first.close()


def test_a_run_that_could_not_begin_leaves_nothing(tmp_path: Path) -> None:
    runtime = ScriptRuntime.with_lua(limits=LIMITS)
    with pytest.raises(UsageError, match="cannot be run"):
        runtime.execute("return 1", record=tmp_path / "t.jsonl", arguments=["a" * (17 << 20)])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("place", ["folder", "/dev/null", "nowhere/t.jsonl"])
def test_a_place_that_cannot_be_written_is_refused_before_anything_runs(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    shown: list[bytes] = []
    with pytest.raises(TranscriptError, match=r"cannot be written|no transcript can be written"):
        ScriptRuntime.with_lua(limits=LIMITS).execute(
            "print(1)", record=tmp_path / place, emit=lambda _stream, data: shown.append(data)
        )
    assert shown == []


def test_a_file_that_is_no_transcript_is_not_replaced(tmp_path: Path) -> None:
    place = tmp_path / "s.lua"
    runtime = ScriptRuntime.with_lua(limits=LIMITS)
    for content in ("print(1)", "\n", '{"event":"call"}\n', '["transcript"]'):
        place.write_text(content)
        with pytest.raises(TranscriptError, match=r"s.lua'?: what is there is no transcript, and would be lost"):
            runtime.execute("print(1)", record=place)
        assert (place.read_text(), os.listdir(tmp_path)) == (content, ["s.lua"])
    place.write_bytes(b"")
    for _ in range(2):  # an empty file is replaced, and then an older transcript
        runtime.execute("print(1)", record=place)
        assert Cassette.load(place).end is not None


def test_large_values_lie_beside_by_their_sums_and_those_of_an_older_record_are_gone(tmp_path: Path) -> None:
    source = 'return Tool.execute("make", {size = tonumber(ARGS[1])})'

    def make(size: int) -> bytes:
        return b"\xff" * size

    runtime = ScriptRuntime.with_lua(
        tools=[FunctionTool(make)], policy=default_policy().with_tools(["make"]), limits=LIMITS
    )
    place, values = tmp_path / "t.jsonl", tmp_path / "t.jsonl.values"
    runtime.execute(source, record=place, arguments=["300000"])
    older = os.listdir(values)[0]
    (values / f"{older}.1-1.tmp").write_text("what a process that was killed has left")
    (values / f"{older}.mine").write_text("somebody's")
    outcome = runtime.execute(source, record=place, arguments=["200000"])
    newer = next(iter(Cassette.load(place).values()))
    assert set(os.listdir(values)) == {*Cassette.load(place).values(), f"{older}.mine"}
    assert older != newer
    cassette = Cassette.load(place)
    assert place.stat().st_size < 10_000
    assert seen(replay(cassette.inlined())) == seen(outcome)
    answer = next(name for event in cassette.events if event.kind == "reply" for _, name in event.beside())
    (values / answer).write_bytes(b"null")
    again = runtime.execute(source, replay=Cassette.load(place))
    assert again.error is not None
    assert "was changed since it was recorded" in again.error.message


CHILD = """
import json, os, resource, sys
from llmspell import FunctionTool, ScriptRuntime, default_policy
place, most = sys.argv[1:]
made = []
def count():
    made.append(1)
    return "x" * 1000
runtime = ScriptRuntime.with_lua(tools=[FunctionTool(count)], policy=default_policy().with_tools(["count"]))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), resource.RLIM_INFINITY))
outcome = runtime.execute('for i = 1, 100 do Tool.execute("count", {}) end', record=place)
print(json.dumps([outcome.verdict.value, outcome.error.kind, outcome.error.message, len(made)]))
"""


def test_a_full_disk_ends_the_run_and_nothing_that_was_there_is_lost(tmp_path: Path) -> None:
    place = tmp_path / "t.jsonl"
    place.write_text(OLDER)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(place), "20000"], capture_output=True, text=True, check=True, timeout=60
    )
    verdict, kind, message, made = json.loads(done.stdout)
    assert (verdict, kind) == ("error", "internal")
    assert "the run was ended, because the transcript" in message
    assert "file too large" in message
    assert place.read_text() == OLDER
    cassette = Cassette.load(f"{place}.part")
    answered = sum(event.kind == "reply" for event in cassette.events)
    assert 5 < answered <= made <= answered + 1


def test_an_answer_that_cannot_travel_is_recorded_as_the_error_that_it_is() -> None:
    source = 'return {pcall(Tool.execute, "odd", {})}'

    def odd() -> Any:
        return {1: "a key that is no text"}

    policy = default_policy().with_tools(["odd"])
    outcome, data = record(source, tools=[FunctionTool(odd)], policy=policy)
    assert replay(data).value == outcome.value


def test_a_run_without_a_record_loads_nothing_of_it() -> None:
    program = """
        import sys
        from llmspell import ScriptRuntime
        ScriptRuntime.with_lua().execute("return 1")
        print(sorted(name for name in sys.modules if name.startswith("llmspell.transcript")))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"


def test_a_limit_that_a_model_crossed_is_replayed_with_the_same_count(tmp_path: Path) -> None:
    limits = Limits(calls=5)
    outcome, data = record_asking(tmp_path / "notes", limits)
    assert (outcome.verdict, outcome.limit and outcome.limit.name, outcome.usage.calls) == ("limit", "calls", 5)
    assert seen(replay(data, limits=limits)) == seen(outcome)


def record_asking(notes: Path, limits: Limits) -> tuple[Any, bytes]:
    """A run of an agent whose model asks for a tool when nothing is left of the calls."""
    sink = TranscriptInMemory()
    source = """
    local agent = Agent.create{name = "bee", model = "model/asks", tools = {"note"}}
    for i = 1, 3 do Tool.execute("note", {line = "plain"}) end
    print(agent:execute("first").text)"""
    return runtime(notes, limits=limits).execute(source, record=sink), sink.data
