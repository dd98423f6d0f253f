"""The modes of a replay: what was recorded by its content, and what is missing made and recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llmspell import FunctionTool, ScriptRuntime, UsageError, default_policy
from llmspell.transcript import Cassette, TranscriptInMemory
from tests.transcript.recorded import LIMITS, offline, record, replay, seen

ORDERED = """
local agent = Agent.create{name = "bee"}
print(agent:execute("hum").text)
print(Tool.execute("count", {of = "a"}), Tool.execute("count", {of = "b"}), Tool.execute("count", {of = "a"}))
"""
OTHERWISE = """
print(Tool.execute("count", {of = "b"}), Tool.execute("count", {of = "a"}), Tool.execute("count", {of = "a"}))
print(Agent.create{name = "bee"}:execute("hum").text)
"""


class Counter:
    def __init__(self) -> None:
        self.made: list[str] = []

    def options(self) -> dict[str, Any]:
        def count(of: str) -> str:
            self.made.append(of)
            return f"{of}{len(self.made)}"

        return {"tools": [FunctionTool(count)], "policy": default_policy().with_tools(["count"]), "limits": LIMITS}

    def runtime(self) -> ScriptRuntime:
        return ScriptRuntime.with_lua(**self.options())


def test_loose_finds_calls_by_what_they_ask_and_gives_each_answer_once() -> None:
    _, data = record(ORDERED, **Counter().options())
    outcome = offline("lua").execute(OTHERWISE, replay=Cassette.from_bytes(data), replay_mode="loose")
    assert outcome.stdout == b"b2\ta1\ta3\nhum\n"
    outcome = replay(data, source=OTHERWISE + 'Tool.execute("count", {of = "a"})', replay_mode="loose")
    assert outcome.error is not None
    assert "tool.invoke was asked, and nothing like it is left in the record" in outcome.error.message


def test_once_records_where_there_is_nothing_and_then_makes_no_call(tmp_path: Path) -> None:
    place, counter = tmp_path / "t.jsonl", Counter()
    first = counter.runtime().execute(ORDERED, replay=place, replay_mode="once")
    written = place.read_bytes()
    again = counter.runtime().execute(ORDERED, replay=place, replay_mode="once")
    assert counter.made == ["a", "b", "a"]
    assert seen(again) == seen(first)
    assert place.read_bytes() == written


def test_once_makes_what_is_missing_and_records_all_of_it_anew(tmp_path: Path) -> None:
    place, counter = tmp_path / "t.jsonl", Counter()
    counter.runtime().execute(ORDERED, replay=place, replay_mode="once")
    longer = OTHERWISE + 'print(Tool.execute("count", {of = "c"}), Agent.get("bee"):get_metrics().messages)'
    outcome = counter.runtime().execute(longer, replay=place, replay_mode="once")
    assert counter.made == ["a", "b", "a", "c"]
    assert outcome.stdout == b"b2\ta1\ta3\nhum\nc4\t2\n"
    assert seen(replay(place.read_bytes())) == seen(outcome)


def test_once_may_record_elsewhere() -> None:
    counter, sink = Counter(), TranscriptInMemory()
    _, data = record(ORDERED, **Counter().options())
    counter.runtime().execute(
        ORDERED + 'Tool.execute("count", {of = "d"})', replay=Cassette.from_bytes(data), replay_mode="once", record=sink
    )
    assert counter.made == ["d"]
    assert Cassette.from_bytes(sink.data).steps == 6


def test_what_cannot_be_meant_is_refused() -> None:
    runtime, sink = offline("lua"), TranscriptInMemory()
    _, data = record("return 1")
    cassette = Cassette.from_bytes(data)
    with pytest.raises(UsageError, match="'often' is no mode of a replay: strict, loose, once are"):
        runtime.execute("return 1", replay=cassette, replay_mode="often")
    with pytest.raises(UsageError, match="a run is recorded or replayed; both at once is the mode once"):
        runtime.execute("return 1", replay=cassette, record=sink)
    with pytest.raises(UsageError, match="a run that is replayed has the seed that was recorded"):
        runtime.execute("return 1", replay=cassette, seed=1)
    with pytest.raises(UsageError, match="the mode loose is one of a replay"):
        runtime.execute("return 1", replay_mode="loose")
    with pytest.raises(UsageError, match="say where with record"):
        runtime.execute("return 1", replay=cassette, replay_mode="once")
