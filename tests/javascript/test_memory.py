"""A worker that runs out of memory: inside the engine, at a hand-over, at its last frame: always a verdict."""

from __future__ import annotations

from typing import Any

import pytest

from llmspell import FunctionTool, Limits, Outcome, ScriptRuntime, Verdict, default_policy

LIMITS = Limits(cpu=20, wall=100)


def big(size: int, text: bool = False) -> Any:
    return "x" * size if text else b"\xff" * size


def nested(n: int) -> dict[str, Any]:
    return {"items": [{"a": i, "b": [str(i)] * 3} for i in range(n)]}


def run(source: str) -> Outcome:
    tools = [FunctionTool(big, blocking=False), FunctionTool(nested, blocking=False)]
    policy = default_policy().with_tools(["big", "nested"])
    runtime = ScriptRuntime.with_engine("javascript", tools=tools, limits=LIMITS, policy=policy)
    outcome = runtime.execute(source, name="spell.js")
    assert outcome.usage.wall_seconds < LIMITS.wall, outcome
    assert outcome.usage.peak_memory_bytes is not None
    assert outcome.usage.peak_memory_bytes <= LIMITS.memory
    return outcome


KEPT = "const kept = []; for (;;) kept.push("
BOMBS = {
    "strings": f"{KEPT}'x'.repeat(100000) + kept.length)",
    "objects": f"{KEPT}{{}})",
    "suspended generators": f"const f = function* () {{ yield kept }}; {KEPT}f()); ",
    "awaiting functions": f"const f = async () => {{ await new Promise(() => {{}}) }}; {KEPT}f())",
    "keys": "const o = {}; for (let i = 0; ; i++) o['k' + i] = true",
    "bytes": f"{KEPT}new Uint8Array(65536))",
    "json": "let s = '[1,2]'; for (;;) { s = `[${s},${s}]`; JSON.parse(s) }",
    "stringify": f"const t = 'x'.repeat(2e6); {KEPT}JSON.stringify([t, t]))",
    "source": "const k = []; const s = '[' + '1,'.repeat(2e5) + ']'; for (;;) k.push(new Function('return ' + s))",
    "microtasks": "const f = () => Promise.resolve([]).then(f).then(f); await f()",
    "rejections": "for (;;) Promise.reject({})",
    "calls": "const k = []; for (;;) k.push(Tool.execute('big', {size: 1}))",
    "replies": f"{KEPT}await Tool.execute('big', {{size: 1048576}}))",
    "largest replies": f"{KEPT}await Tool.execute('big', {{size: 12 * 1048576}}))",
    "replies in parallel": (
        f"const one = () => Tool.execute('big', {{size: 1048576}});"
        f"{KEPT}await Promise.all(Array.from({{length: 8}}, one)))"
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_as_the_memory_limit(name: str) -> None:
    outcome = run(BOMBS[name])
    assert outcome.verdict is Verdict.LIMIT, (outcome.verdict, outcome.error)
    assert outcome.limit is not None
    assert outcome.limit.name in ("memory", "calls") if name == "calls" else outcome.limit.name == "memory"


def test_memory_that_is_refused_can_be_caught_and_the_script_goes_on() -> None:
    outcome = run("""
        let kept = [], refused = 0;
        try { for (;;) kept.push("x".repeat(1e6) + kept.length) } catch { refused++ }
        kept = null;
        refused + (await Tool.execute("big", {size: 10, text: true}))""")
    assert (outcome.verdict, outcome.value) == (Verdict.OK, "1xxxxxxxxxx"), outcome.error


def test_a_reply_that_does_not_fit_is_an_error_that_can_be_caught() -> None:
    outcome = run("""
        const kept = [];
        let caught = null;
        try { for (;;) kept.push(await Tool.execute("big", {size: 4 * 1048576})) } catch (problem) { caught = problem }
        kept.length = 0;
        [caught instanceof Error, await Tool.execute("big", {size: 3, text: true})]""")
    assert (outcome.verdict, outcome.value) == (Verdict.OK, [True, "xxx"]), outcome.error


def test_a_value_at_the_brim_gets_a_verdict() -> None:
    outcome = run("""
        const kept = [];
        try { for (;;) kept.push("x".repeat(4000) + kept.length) } catch {}
        globalThis.kept = kept;
        "x".repeat(100000)""")
    assert outcome.verdict in (Verdict.OK, Verdict.LIMIT), outcome.error


def test_a_brim_reached_in_small_steps_cannot_be_caught_and_has_a_line() -> None:
    outcome = run("for (;;) { try { const k = [];\nfor (;;) k.push({})\n} catch {} }")
    assert outcome.verdict is Verdict.LIMIT
    assert outcome.limit is not None
    assert outcome.error is not None
    assert outcome.limit.name == "memory"
    assert outcome.error.line in (1, 2)  # of a step of the loop itself, or of what it calls


def test_garbage_that_holds_itself_is_collected_before_memory_runs_out() -> None:
    outcome = run("""
        globalThis.kept = Array.from({length: 150000}, (_, i) => ({i}));
        for (let i = 0; i < 200000; i++) { const a = {}; a.a = {a, of: [1, 2, 3]} }
        kept.length""")
    assert (outcome.verdict, outcome.value) == (Verdict.OK, 150000), outcome.error
