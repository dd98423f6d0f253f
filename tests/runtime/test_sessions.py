"""Runs that share a worker, on each engine: what is kept, what is counted anew, what ends it."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from llmspell import Cancellation, FunctionTool, Limits, ScriptRuntime, ScriptSession, ToolGrant, UsageError, Verdict
from llmspell.policy import default_policy
from llmspell.providers.manager import ProviderManager


class Spells(NamedTuple):
    """The same in each language."""

    engine: str
    keep: str
    kept: str
    gone: str
    fail: str
    loop: str
    leave: str
    create: str
    ask: str
    found: str
    call: str
    begun: tuple[str, ...]
    whole: tuple[str, ...]
    broken: tuple[str, ...]


SPELLS = (
    Spells(
        "lua",
        keep="x = 40 function twice(n) return 2 * n end",
        kept="return twice(x)",
        gone="return x == nil",
        fail="x = 41 error('oh')",
        loop="while true do end",
        leave="os.exit(3)",
        create="a = Agent.create{name = 'a'}",
        ask="return a:execute('tea').text ~= ''",
        found="return Agent.get('a') ~= nil",
        call="return Tool.execute('note', {})",
        begun=("function f()", "x = {1,", "[[a", "f("),
        whole=("x = 1", "f()"),
        broken=("x = = 1", "'a", "end"),
    ),
    Spells(
        "javascript",
        keep="let x = 40; const two = 2; class A {}; function twice(n) { return two * n }",
        kept="typeof A === 'function' && twice(x)",
        gone="typeof x === 'undefined' && typeof A === 'undefined'",
        fail="x = 41; throw new Error('oh')",
        loop="for (;;);",
        leave="exit(3)",
        create="const a = await Agent.create({name: 'a'}); null",
        ask="(await a.execute('tea')).text !== ''",
        found="(await Agent.get('a')) != null",
        call="await Tool.execute('note', {})",
        begun=("function f() {", "x = [1,", "`a", "`a ${b} c", "f(", "/* a", "x = {\n  a: 1,\n"),
        whole=("x = 1", "f()", "await f()"),
        broken=("x = = 1", "'a", "}", "/a"),
    ),
    Spells(
        "python",
        keep="import math\nx = 40\ndef twice(n): return 2 * math.floor(n)",
        kept="twice(x)",
        gone="'x' not in globals()",
        fail="x = 41\n1 / 0",
        loop="while True: pass",
        leave="import sys; sys.exit(3)",
        create="a = Agent.create(name='a')",
        ask="a.execute('tea')['text'] != ''",
        found="Agent.get('a') is not None",
        call="Tool.execute('note', {})",
        begun=("def f():", "x = (1,", "'''a", "f(", "try:\n  x", "@a"),
        whole=("x = 1", "f()", "await f()"),
        broken=("x = = 1", "'a", ")"),
    ),
)


@pytest.fixture(scope="module", params=SPELLS, ids=lambda spells: spells.engine)
def spells(request: pytest.FixtureRequest) -> Spells:
    given = request.param
    assert isinstance(given, Spells)
    return given


@pytest.fixture(scope="module")
def shared(spells: Spells) -> Iterator[ScriptSession]:
    with ScriptRuntime.with_engine(spells.engine).session() as session:
        yield session


@pytest.fixture
def session(shared: ScriptSession) -> ScriptSession:
    """A session without state; what it has spent it shares with other tests."""
    shared.reset()
    return shared


def children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def test_what_a_run_leaves_the_next_one_finds_also_after_an_error(session: ScriptSession, spells: Spells) -> None:
    assert session.fresh
    first = session.generation + 1
    assert session.execute(spells.keep).ok
    assert session.execute(spells.kept).value == 80
    failed = session.execute(spells.fail)
    assert failed.verdict is Verdict.ERROR
    assert failed.error is not None
    assert failed.error.line in (1, 2)
    assert session.execute(spells.kept).value == 82
    assert (session.fresh, session.generation) == (False, first)


def test_output_and_figures_are_those_of_each_run(session: ScriptSession) -> None:
    seen: list[tuple[str, bytes]] = []
    for word in ("one", "two"):
        outcome = session.execute(f"print('{word}')", emit=lambda *piece: seen.append(piece))
        assert outcome.stdout == f"{word}\n".encode()
        assert outcome.usage.output_bytes == 4
    assert b"".join(data for _, data in seen) == b"one\ntwo\n"


def test_a_reset_ends_the_worker_and_the_next_run_has_another(session: ScriptSession, spells: Spells) -> None:
    session.execute(spells.keep)
    before = session.generation
    session.reset()
    assert session.fresh
    assert session.execute(spells.gone).value is True
    assert session.generation == before + 1


def test_a_crash_is_told_and_the_next_run_starts_a_fresh_worker(session: ScriptSession, spells: Spells) -> None:
    before = set(children())
    session.execute(spells.keep)
    (worker,) = set(children()) - before
    worker.kill()
    worker.wait(60)
    assert session.execute(spells.kept).verdict is Verdict.CRASH
    assert session.fresh
    assert session.execute(spells.gone).value is True


def test_exit_ends_the_worker_with_its_status(session: ScriptSession, spells: Spells) -> None:
    session.execute(spells.keep)
    outcome = session.execute(spells.leave)
    assert (outcome.exit_status, session.fresh) == (3, True)
    assert session.execute(spells.gone).value is True


def test_a_check_runs_nothing_and_says_whether_more_could_follow(session: ScriptSession, spells: Spells) -> None:
    session.execute(spells.keep)
    incomplete = {
        source: session.execute(source, mode="check").incomplete
        for source in (*spells.begun, *spells.whole, *spells.broken)
    }
    assert incomplete == {**dict.fromkeys(spells.begun, True), **dict.fromkeys((*spells.whole, *spells.broken), False)}
    assert session.execute(spells.kept).value == 80


def test_names_are_those_that_live_in_the_worker_and_in_what_a_path_names(
    session: ScriptSession, spells: Spells
) -> None:
    session.execute(spells.keep)
    assert {"twice", "Tool", "JSON"} <= set(session.names())
    assert {"parse", "stringify"} <= set(session.names("JSON"))
    assert session.names("nothing.there") == ()
    assert session.names("x; y") == session.names("a..b") == ()
    assert session.execute(spells.kept).value == 80


def test_a_limit_ends_the_worker_and_the_next_run_starts_a_fresh_one(spells: Spells) -> None:
    with ScriptRuntime.with_engine(spells.engine, limits=Limits(cpu=1)).session() as session:
        session.execute(spells.keep)
        outcome = session.execute(spells.loop)
        assert outcome.limit is not None
        assert (outcome.limit.name, session.fresh, session.generation) == ("cpu", True, 1)
        assert session.execute(spells.gone).value is True
        assert (session.fresh, session.generation) == (False, 2)


def test_a_session_has_agents_calls_and_budgets(spells: Spells) -> None:
    """A run is cancelled by a tool that it calls; what the models have spent outlives every worker."""
    cancellation = Cancellation()
    refused: list[str] = []
    runs: list[ScriptSession] = []

    def note() -> str:
        try:
            runs[0].execute(spells.gone)
        except UsageError as error:
            refused.append(str(error))
        if len(refused) == 3:
            cancellation.cancel()
        return "noted"

    runtime = ScriptRuntime.with_engine(
        spells.engine,
        tools=[FunctionTool(note, name="note")],
        policy=default_policy()._replace(tools={"note": ToolGrant()}),
        providers=ProviderManager(environ={}),
        limits=Limits(model_calls=3, calls=2),
    )
    with runtime, runtime.session() as session:
        runs.append(session)
        for _ in range(2):
            outcome = session.execute(spells.call)
            assert [(call.capability, call.name, call.ok) for call in outcome.calls] == [("tool.invoke", "note", True)]
        assert session.execute(spells.create).ok
        for _ in range(2):
            asked = session.execute(spells.ask)
            assert (asked.value, asked.usage.model_calls) == (True, 1)
        assert session.execute(spells.found).value is True
        assert session.execute(spells.call, cancellation=cancellation).verdict is Verdict.CANCELLED
        assert all("one script at a time" in text for text in refused)
        assert session.fresh
        assert session.execute(spells.found).value is False
        assert session.execute(spells.create).ok  # its name is free again
        assert session.execute(spells.ask).value is True
        assert session.spent.model_calls == 3
        for _ in range(2):
            session.execute(spells.create)
            outcome = session.execute(spells.ask)
            assert outcome.limit is not None
            assert (outcome.limit.name, outcome.usage.model_calls) == ("model_calls", 0)


def test_a_stream_that_the_end_of_a_worker_cuts_off_is_counted_in_its_run() -> None:
    with ScriptRuntime.with_lua().session() as session:
        outcome = session.execute('local s = Agent.create{}:stream("one two three") s.next() os.exit(1)')
        assert (outcome.usage.prompt_tokens > 0, outcome.usage.completion_tokens) == (True, 1)
        assert session.spent.completion_tokens == 1


def test_closing_leaves_nothing_and_a_closed_session_runs_nothing(spells: Spells) -> None:
    before = set(children())
    session = ScriptRuntime.with_engine(spells.engine).session()
    assert set(children()) == before  # the first run starts it
    session.execute(spells.keep)
    session.close()
    session.close()
    assert set(children()) == before
    with pytest.raises(UsageError, match="the session is closed"):
        session.execute(spells.kept)


def test_memory_is_the_sessions_own_and_fills_up_over_runs() -> None:
    with ScriptRuntime.with_lua(limits=Limits(memory=40 << 20)).session() as session:
        grow = "kept = kept or {} kept[#kept + 1] = string.rep('x', 4 << 20)"
        outcomes = [session.execute(grow) for _ in range(12)]
        ended = next(outcome for outcome in outcomes if not outcome.ok)
        assert ended.limit is not None
        assert ended.limit.name == "memory"
        assert session.generation > 1


def test_processor_time_is_counted_anew_for_each_run() -> None:
    busy = "local start = os.clock() while os.clock() - start < 0.4 do end"
    with ScriptRuntime.with_lua(limits=Limits(cpu=1)).session() as session:
        assert [session.execute(busy).verdict for _ in range(3)] == [Verdict.OK] * 3


def test_names_that_take_for_ever_cost_the_state_and_nothing_else() -> None:
    with ScriptRuntime.with_lua().session() as session:
        session.execute("next = function() while true do end end")
        assert session.names() == ()
        assert session.fresh
        assert "Tool" in session.names()


def test_a_module_is_loaded_once_for_all_runs(tmp_path: Path) -> None:
    (tmp_path / "counted.lua").write_text("loads = (loads or 0) + 1 return {}")
    with ScriptRuntime.with_lua().session(folder=str(tmp_path)) as session:
        for _ in range(2):
            session.execute("require('counted')")
        assert session.execute("return loads").value == 1


def test_a_source_that_imports_is_run_after_it_was_checked(tmp_path: Path) -> None:
    (tmp_path / "tea.js").write_text("export const cups = 3")
    with ScriptRuntime.with_engine("javascript").session(folder=str(tmp_path)) as session:
        for source, value in (
            ("import {cups} from './tea.js'; export default cups", 3),
            ("import {cups} from './tea.js'; export default cups + 1", 4),
        ):
            assert session.execute(source, mode="check").ok
            assert session.execute(source).value == value
        absent = "import './none.js'"
        assert session.execute(absent, mode="check").ok
        assert session.execute(absent).verdict is Verdict.ERROR
        assert session.generation == 1


def test_a_source_that_is_too_large_leaves_the_state() -> None:
    with ScriptRuntime.with_lua().session() as session:
        session.execute("x = 1")
        outcome = session.execute(b"-" * (6 << 20))
        assert outcome.limit is not None
        assert outcome.limit.name == "source"
        assert session.execute("return x").value == 1


def test_a_session_that_nobody_closes_leaves_no_folder_open(tmp_path: Path) -> None:
    def opened() -> int:
        return [os.path.realpath(f"/proc/self/fd/{one}") for one in os.listdir("/proc/self/fd")].count(str(tmp_path))

    session = ScriptRuntime.with_lua().session(folder=tmp_path)
    assert opened() == 1
    del session
    gc.collect()
    assert opened() == 0
