"""Calls: begun at once, truly in parallel, streams by `for await`, and what the table of the surface makes of them."""

from __future__ import annotations

import threading
from typing import Any

from tests.javascript.spells import error, runtime, spell, value


class Meeting:
    """A tool that answers once so many calls of it are open at the same time."""

    def __init__(self) -> None:
        self.barriers: dict[int, threading.Barrier] = {}
        self.lock = threading.Lock()

    def meet(self, parties: int) -> int:
        with self.lock:
            barrier = self.barriers.setdefault(parties, threading.Barrier(parties, timeout=60))
        barrier.wait()
        return parties


def give(value: Any) -> Any:
    return value


def test_calls_of_promise_all_are_open_at_the_same_time() -> None:
    source = "(await Promise.all(Array.from({length: 6}, () => Tool.execute('meet', {parties: 6})))).length"
    assert value(source, Meeting().meet, waits=True) == 6


def test_calls_of_parallel_are_open_at_the_same_time_and_keep_their_order() -> None:
    source = """await parallel([
        () => Tool.execute("meet", {parties: 3}), async () => { await Tool.execute("meet", {parties: 3}); return "b" },
        async () => parallel([() => Tool.execute("meet", {parties: 3}), () => "plain"]),
    ])"""
    assert value(source, Meeting().meet, waits=True) == [3, "b", [3, "plain"]]


def test_a_call_begins_before_it_is_waited_for() -> None:
    source = """
        const first = Tool.execute("meet", {parties: 2});
        await sleep(0.01);
        [await Tool.execute("meet", {parties: 2}), await first]"""
    assert value(source, Meeting().meet, waits=True) == [2, 2]


def test_the_first_error_of_parallel_is_raised_after_all_have_ended() -> None:
    source = """
        const ended = [];
        const wait = (ms) => async () => { await sleep(ms / 1000); ended.push(ms) };
        try { await parallel([wait(30), () => { throw new Error("one") }, () => Promise.reject(new Error("two"))]) }
        catch (e) { [e.message, ended] }"""
    assert value(source) == ["one", [30]]
    assert value("await parallel([])") == []
    assert error("await parallel([1])") == ("validation", "parallel needs a list of functions: [0] is 1", 1)


def test_more_calls_than_the_wire_admits_wait_for_their_turn() -> None:
    assert value("(await Promise.all(Array.from({length: 1000}, () => sleep(0)))).length") == 1000


def test_a_stream_is_pulled_by_for_await_and_closed_when_it_is_left() -> None:
    source = """
        const agent = await Agent.create({model: "echo/echo"});
        const seen = [];
        const stream = agent.stream("one two three four");
        for await (const chunk of stream) { seen.push(chunk.text); if (seen.length === 2) break }
        [seen.join(""), (await stream.next()).done, await stream.isDone(),
         await agent.stream("a b").collect().then((c) => c.length)]"""
    assert value(source) == ["one two ", True, True, 2]


def test_an_error_of_a_stream_has_the_line_of_the_loop() -> None:
    kind, _, line = error(
        "const agent = await Agent.create({model: 'echo/echo'});\n\nfor await (const c of agent.stream(5)) ;"
    )
    assert (kind, line) == ("validation", 3)


def test_streaming_makes_streams_of_generators() -> None:
    source = """
        const slow = Streaming.create(async function* () { for (let i = 1; i <= 3; i++) { await sleep(0); yield i } });
        const first = await slow.next();
        const failing = Streaming.create(function* () { yield 1; throw new Error("broken") });
        [first.value, await slow.isDone(), await slow.collect(), await slow.isDone(),
         await failing.collect().catch((e) => e.message)]"""
    assert value(source) == [1, False, [2, 3], True, "broken"]
    assert error("Streaming.create(5)")[0] == error("Streaming.create(() => 5)")[0] == "validation"
    assert "Streaming.create(function* ()" in error("Streaming.yield(1)")[1]


def test_objects_travel_as_their_name_and_their_functions_need_no_global() -> None:
    source = """
        const tool = await Tool.get("calculator");
        const {execute} = tool;
        [String(tool), `${tool}`, await Tool.exists(tool), (await execute.call(tool, {input: "6*7"})).text]"""
    assert value(source) == ["calculator", "calculator", True, "42"]


def test_a_builder_takes_each_setter_and_keeps_the_scripts_own_list() -> None:
    source = """
        const mine = ["calculator"];
        const builder = Agent.builder().name("b").model("echo/echo").tools(mine);
        const agent = await builder.allow_tool("uuid-generator").build();
        [mine, await agent.has_tool("uuid-generator"), agent.name]"""
    assert value(source) == [["calculator"], True, "b"]


def test_a_global_of_a_later_version_says_so_however_it_is_used() -> None:
    source = """
        const said = (use) => { try { use(); return "nothing" } catch (e) { return e.kind } };
        [said(() => RAG.search), said(() => RAG()), said(() => new RAG()), said(() => "x" in RAG),
         said(() => { RAG.x = 1 })]"""
    assert value(source) == ["not_found"] * 5


def test_execute_async_gives_failures_as_answers() -> None:
    assert value("const a = await Tool.executeAsync('nope'); [a.success, a.kind]") == [False, "not_found"]


def test_runs_of_one_session_share_globals_and_nothing_else() -> None:
    from llmspell.engines.bridge import Script
    from llmspell.engines.worker import WorkerBridge

    host = runtime()
    with WorkerBridge(host.engine, host.limits) as bridge:

        def run(source: str) -> object:
            script = Script(source.encode(), "spell.js", ())
            end = bridge.execute(script, broker=host.new_broker(), emit=lambda _s, _d: None)
            return end.value if end.error is None else end.error.message

        assert run("const x = 1; globalThis.kept = x; Promise.reject(new Error('old'))") == "old"
        assert run("const x = 2; [kept, x]") == [1, 2]


def test_a_run_that_fails_waits_for_none_of_its_open_calls() -> None:
    assert error("sleep(60);\nthrow new Error('spilt')") == ("runtime", "spilt", 2)


def test_a_run_after_one_that_left_calls_open_has_its_own_replies() -> None:
    with runtime(give).session() as session:
        left = session.execute("for (let i = 0; i < 300; i++) sleep(60); throw new Error('spilt')")
        assert left.error is not None
        assert left.error.message == "spilt"
        assert session.execute("await sleep(0); await Tool.execute('give', {value: 7})").value == 7


def test_a_run_that_exits_has_its_code_and_not_one_more_line() -> None:
    for code, status in [("7", 7), ("", 0), ("false", 1), ("256", 255), ("-1", 255)]:
        outcome = spell(f"console.log('a'); try {{ process.exit({code}) }} finally {{ console.log('b') }}")
        assert (outcome.exit_status, outcome.stdout) == (status, b"a\n")
    assert error("exit('x')")[1] == 'TypeError: exit needs a whole number, not "x"'


def test_what_is_no_function_is_told_by_the_name_that_the_script_called() -> None:
    said = error("(await Agent.create({})).invokeStream('x', 5)")[1]
    assert said == "agent.invokeStream needs a function as its argument 2, not 5"
