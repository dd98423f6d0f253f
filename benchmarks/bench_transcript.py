"""What recording adds to a run, and how a replay compares with the run that was recorded."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from conftest import Ratios, alternate

from llmspell import Limits, ScriptRuntime
from llmspell.transcript import Cassette

CALLS = 1000
ROUNDS = 5
SOURCE = f"""
local agent = Agent.create{{model = "echo/echo"}}
for i = 1, {CALLS} do agent:execute("say " .. i % 10) agent:reset() end
"""
LIMITS = Limits(calls=10**6, model_calls=10**6, tokens=10**9)


def test_a_replay_beside_the_live_run_and_a_recorded_one(benchmark: Any, ratios: Ratios, tmp_path: Path) -> None:
    place = tmp_path / "t.jsonl"
    runtime = ScriptRuntime.with_lua(limits=LIMITS)

    def live() -> None:
        assert runtime.execute(SOURCE).ok

    def record() -> None:
        assert runtime.execute(SOURCE, record=place).ok

    def replay() -> None:
        outcome = runtime.execute(SOURCE, replay=Cassette.load(place))
        assert outcome.ok, outcome.error
        assert outcome.usage.calls == 2 * CALLS + 1

    record()
    lived, replayed = (statistics.median(times) for times in alternate(live, replay, ROUNDS))
    again, recorded = (statistics.median(times) for times in alternate(live, record, ROUNDS))
    benchmark.pedantic(replay, rounds=3)
    shown = f"{replayed * 1e3:.0f} ms over {lived * 1e3:.0f} ms"
    ratios.add(f"replay of {2 * CALLS} calls, over the live run with echo", shown, replayed / lived, 1.1)
    shown = f"{recorded * 1e3:.0f} ms over {again * 1e3:.0f} ms"
    ratios.add(f"recording {2 * CALLS} calls, us a call more", shown, (recorded - again) / (2 * CALLS) * 1e6, 200)
