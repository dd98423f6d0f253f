"""Time in a recorded run: it sleeps as long as it says, its clock starts now, and a replay takes no time for either."""

from __future__ import annotations

import time
from typing import Any

import pytest

from llmspell import FunctionTool, default_policy
from tests.transcript.recorded import record, replay, seen

SPELLS = {
    "lua": """
        local begun = os.time()
        local ended = {}
        parallel {
          function() sleep(0.3) ended[#ended + 1] = "late" end,
          function() sleep(0.1) ended[#ended + 1] = "soon" end,
          function() ended[#ended + 1] = Tool.execute("wait", {}) end,
        }
        sleep(0.1)
        print(table.concat(ended, " "), begun, math.random())""",
    "javascript": """
        const begun = Math.floor(Date.now() / 1000), ended = [];
        await Promise.all([
          sleep(0.3).then(() => ended.push("late")),
          sleep(0.1).then(() => ended.push("soon")),
          Tool.execute("wait", {}).then((text) => ended.push(text)),
        ]);
        await sleep(0.1);
        print(ended.join(" "), begun, Math.random());""",
    "python": """
import asyncio, random, time
begun, ended = int(time.time()), []
async def after(seconds, word):
    await asyncio.sleep(seconds)
    ended.append(word)
async def call():
    ended.append(await asyncio.to_thread(Tool.execute, "wait", {}))
await asyncio.gather(after(0.3, "late"), after(0.1, "soon"), call())
time.sleep(0.1)
print(" ".join(ended), begun, random.random())""",
}


@pytest.mark.parametrize("engine", SPELLS)
def test_a_recorded_run_sleeps_and_its_replay_does_not(engine: str) -> None:
    def wait() -> str:
        time.sleep(0.05)  # what a tool does is its own
        return "called"

    policy = default_policy().with_tools(["wait"])
    now = time.time()
    outcome, data = record(SPELLS[engine], engine, tools=[FunctionTool(wait, blocking=True)], policy=policy)
    assert outcome.ok, outcome.error
    *words, begun, _ = outcome.stdout.split()
    assert sorted(words) == [b"called", b"late", b"soon"]  # a busy machine may turn them round, as it is recorded
    assert abs(int(begun) - now) < 60
    assert outcome.usage.wall_seconds >= 0.4
    again = replay(data, engine)
    assert seen(again) == seen(outcome)
    other, _ = record(SPELLS[engine], engine, tools=[FunctionTool(wait, blocking=True)], policy=policy)
    assert other.stdout != outcome.stdout


def test_an_engine_without_a_seed_is_replayed_and_says_what_cannot_be_promised() -> None:
    said: list[tuple[str, str, Any]] = []
    _, data = record('print(Tool.execute("calculator", {input = "6*7"}).text)')
    head, rest = data.decode().split("\n", 1)
    head = head.replace('"seed":', '"seed":null,"was":', 1).replace('"clock":', '"clock":null,"then":', 1)
    outcome = replay(f"{head}\n{rest}".encode(), log=lambda *line: said.append(line))
    assert outcome.stdout == b"42\n"
    assert said[0][0] == "warn"
    assert "engine 'lua' was recorded without a seed: nobody promises that the script asks the same again" in said[0][1]
