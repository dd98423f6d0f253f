"""Ten runs of the same bomb end the same: verdict, limit, its figure, whose word it is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from llmspell import Limits, Outcome, ScriptRuntime

RUNS = 10
MIB = 1 << 20

BOMBS = {
    "string doubling": "local s = 'x' while true do s = s .. s end",
    "table growth": "local t = {} for i = 1, math.maxinteger do t[i] = i end",
    "coroutines": "local t = {} while true do t[#t + 1] = coroutine.create(function() end) end",
    "closures": "local t = {} while true do t[#t + 1] = function() return t end end",
    "deep recursion": "local function f(s) return s .. f(s .. s) end return f(string.rep('x', 1000))",
    "string.rep": "local s = 'x' while true do s = string.rep(s, 2) end",
    "table.concat": "local s = string.rep('x', 1e6) while true do s = table.concat({s, s}) end",
    "gsub": "local s = string.rep('a', 1000) while true do s = string.gsub(s, 'a', 'aa') end",
    "many small strings": "local t = {} for i = 1, math.maxinteger do t[i] = 'number ' .. i end",
    "nested tables": "local t = {} while true do t = {t} end",
    "one giant": "local s = string.rep('x', 1000000000)",
    "claimed": "error('not enough memory', 0)",
}
CAUGHT = {
    "caught, and on for ever": "while true do pcall(string.rep, 'x', 1 << 30) end",
    "filled, and on for ever": """
        local t = {}
        while true do pcall(function() while true do t[#t + 1] = string.rep('x', 10000) .. #t end end) end""",
}


def ten(source: str, limits: Limits) -> list[Outcome]:
    runtime = ScriptRuntime.with_lua(limits=limits)
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda _: runtime.execute(source, name="spell.lua"), range(RUNS)))


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_ends_the_same_ten_times_of_ten(bomb: str) -> None:
    seen = set()
    for outcome in ten(BOMBS[bomb], Limits(cpu=20, wall=60)):
        assert outcome.limit is not None
        assert outcome.limit.used <= outcome.limit.allowed == 50 * MIB
        assert outcome.evidence in ("kernel", "worker")  # whether what was refused would have come near the limit
        seen.add((outcome.verdict.value, outcome.limit.name, outcome.limit.unit, outcome.exit_code(pass_on=False)))
    assert len(seen) == 1
    assert seen.pop()[:3] == ("limit", "memory", "bytes")


@pytest.mark.parametrize("bomb", CAUGHT)
@pytest.mark.parametrize("limit", ["cpu", "wall"])
def test_a_script_that_catches_the_refusal_and_goes_on_ends_by_time_ten_times_of_ten(bomb: str, limit: str) -> None:
    for outcome in ten(CAUGHT[bomb], Limits(cpu=0.3 if limit == "cpu" else 60, wall=0.3 if limit == "wall" else 60)):
        assert outcome.limit is not None
        assert outcome.error is not None
        assert (outcome.verdict.value, outcome.limit.name, outcome.evidence) == ("limit", limit, "host")


def test_one_refused_giant_is_told_as_what_it_was() -> None:
    outcome = ScriptRuntime.with_lua().execute(BOMBS["one giant"], name="spell.lua")
    assert outcome.error is not None
    assert outcome.limit is not None
    assert outcome.evidence == "worker"
    assert outcome.limit.used < 25 * MIB
    assert outcome.error.message.startswith("script was refused an allocation, with ")
    assert outcome.error.message.endswith(" MiB of its 50 MiB in use (memory limit); raise it with --mem")
