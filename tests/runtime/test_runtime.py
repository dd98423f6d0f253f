"""ScriptRuntime as a Python program uses it: real workers, real threads, a real event loop."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from pathlib import Path

import psutil
import pytest

from llmspell import (
    CallError,
    Cancellation,
    EngineFactory,
    EngineSpec,
    ErrorKind,
    FunctionTool,
    Limits,
    Policy,
    ScriptRuntime,
    SetupError,
    ToolGrant,
    UsageError,
    Verdict,
    default_policy,
)
from llmspell.outcome import Confinement

SCRIPTED = Path(__file__).parents[1] / "sandbox" / "workers" / "scripted.py"
LOOP = "while true do end"


def children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def test_a_value_comes_back_and_nothing_is_left() -> None:
    outcome = ScriptRuntime.with_lua().execute("print('hi') return {answer = 42}")
    assert (outcome.verdict, outcome.value, outcome.stdout) == (Verdict.OK, {"answer": 42}, b"hi\n")
    assert outcome.ok
    assert outcome.usage.peak_memory_bytes is not None
    assert 5 << 20 < outcome.usage.peak_memory_bytes < 50 << 20
    assert children() == []


def test_the_peak_is_the_workers_own_and_not_inherited_from_a_large_host() -> None:
    ballast = bytearray(os.urandom(1 << 20) * 200)
    outcome = ScriptRuntime.with_lua().execute("return 1")
    assert outcome.usage.peak_memory_bytes is not None
    assert outcome.usage.peak_memory_bytes < 30 << 20
    assert len(ballast) == 200 << 20


def test_a_script_file_finds_its_modules(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "greet.lua").write_text("return {hello = function(n) return 'hello ' .. n end}")
    script = tmp_path / "main.lua"
    script.write_text("return require('lib.greet').hello(ARGS[1])")
    assert ScriptRuntime.with_lua().execute_file(script, arguments=["you"]).value == "hello you"


def test_a_source_without_a_folder_has_no_modules() -> None:
    outcome = ScriptRuntime.with_lua().execute("return require('os_secrets')")
    assert outcome.verdict is Verdict.DENIED


def test_a_source_over_its_limit_is_a_limit_and_starts_nothing() -> None:
    outcome = ScriptRuntime.with_lua().execute("--" + "x" * (6 << 20))
    assert outcome.verdict is Verdict.LIMIT
    assert outcome.limit is not None
    assert (outcome.limit.name, outcome.started) == ("source", False)


@pytest.mark.parametrize("memory", [1, 5 << 20, 1 << 50])
def test_a_memory_limit_that_cannot_be_is_a_usage_error(memory: int) -> None:
    with pytest.raises(UsageError, match="memory limit"):
        ScriptRuntime.with_lua(limits=Limits(memory=memory))


def test_the_least_memory_that_is_named_really_works() -> None:
    spec = EngineFactory().get("lua")
    outcome = ScriptRuntime(spec, limits=Limits(memory=spec.least_memory)).execute("return Tool.exists('calculator')")
    assert outcome.value is True


def test_an_unknown_engine_names_the_known_and_the_nearest() -> None:
    words = r"there is no engine 'luua'; did you mean lua\? known are: javascript, lua, python"
    with pytest.raises(UsageError, match=words):
        ScriptRuntime.with_engine("luua")


@pytest.mark.parametrize("protection", ["files", "network", "processes"])
def test_what_is_not_enforced_is_not_pretended(protection: str) -> None:
    command = (sys.executable, "-I", str(SCRIPTED), "arm(); hello()")
    bare = EngineSpec("bare", (), command=command)
    with pytest.raises(SetupError, match=f"engine bare lacks what is required: {protection}; no-new-privileges"):
        ScriptRuntime(bare, require=["memory", protection]).execute("done()")
    outcome = ScriptRuntime(bare, require=["memory"]).execute("done()")
    assert (outcome.verdict, outcome.confinement) == (Verdict.OK, Confinement(memory="address-space"))


def test_a_worker_command_that_is_missing_is_a_set_up_error() -> None:
    with pytest.raises(SetupError, match="nothing-like-this"):
        ScriptRuntime(EngineSpec("x", (".x",), command=("/nothing-like-this",))).execute("1")


def test_capabilities_are_what_the_engine_says() -> None:
    features = ScriptRuntime.with_lua().capabilities()
    assert features.parallel
    assert features.streaming


def test_check_mode_loads_and_does_not_run() -> None:
    runtime = ScriptRuntime.with_lua()
    assert runtime.execute("print('ran')", mode="check").stdout == b""
    assert runtime.execute("x = = 1", mode="check").verdict is Verdict.ERROR


def test_output_is_given_as_it_comes_and_kept() -> None:
    pieces: list[tuple[str, bytes]] = []
    outcome = ScriptRuntime.with_lua().execute(
        "io.write('a') io.stderr:write('b') io.write('c')", emit=lambda stream, data: pieces.append((stream, data))
    )
    assert pieces == [("stdout", b"a"), ("stderr", b"b"), ("stdout", b"c")]
    assert (outcome.stdout, outcome.stderr) == (b"ac", b"b")


def test_cancelling_from_another_thread_ends_the_run_and_its_worker() -> None:
    cancellation = Cancellation()
    threads: list[threading.Thread] = []

    def emit(_stream: str, _data: bytes) -> None:
        threads.append(threading.Thread(target=cancellation.cancel, kwargs={"exit_code": 143}))
        threads[-1].start()

    outcome = ScriptRuntime.with_lua().execute("print(1) " + LOOP, emit=emit, cancellation=cancellation)
    threads[0].join()
    assert outcome.verdict is Verdict.CANCELLED
    assert outcome.exit_code(pass_on=True) == 143
    assert outcome.stdout == b"1\n"
    assert children() == []


def test_from_async_code_the_loop_goes_on_meanwhile() -> None:
    async def main() -> list[object]:
        runtime = ScriptRuntime.with_lua()
        outcomes = await asyncio.gather(*(runtime.aexecute(f"sleep(0.1) return {n}") for n in range(5)))
        return [outcome.value for outcome in outcomes]

    assert asyncio.run(main()) == [0, 1, 2, 3, 4]


def test_cancelling_the_task_ends_the_worker_before_the_task_is_over() -> None:
    async def main() -> None:
        started = asyncio.Event()
        loop = asyncio.get_running_loop()

        def emit(_stream: str, _data: bytes) -> None:
            loop.call_soon_threadsafe(started.set)

        task = asyncio.create_task(ScriptRuntime.with_lua().aexecute("print(1) " + LOOP, emit=emit))
        await asyncio.wait_for(started.wait(), 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert children() == []

    asyncio.run(main())


def test_async_usage_errors_reach_the_awaiting_task() -> None:
    async def main() -> None:
        with pytest.raises(SetupError):
            await ScriptRuntime(EngineSpec("x", (), command=("/nothing",))).aexecute("1")

    asyncio.run(main())


def test_many_threads_share_a_runtime() -> None:
    runtime = ScriptRuntime.with_lua()
    values: list[object] = []
    threads = [
        threading.Thread(target=lambda n=n: values.append(runtime.execute(f"return {n}").value)) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, values)) == list("01234567")


def granted(*names: str, **bounds: int) -> Policy:
    policy = default_policy().with_tools(names)
    return policy._replace(tools={**policy.tools, **{name: ToolGrant(bound) for name, bound in bounds.items()}})


def test_a_function_is_a_tool() -> None:
    def add(left: int, right: int = 1) -> int:
        """Adds."""
        return left + right

    runtime = ScriptRuntime.with_lua(tools=[FunctionTool(add)], policy=granted("add"))
    assert runtime.execute("return Tool.execute('add', {left = 40, right = 2})").value == 42


def test_a_tool_that_is_not_granted_is_denied() -> None:
    runtime = ScriptRuntime.with_lua(tools=[FunctionTool(lambda: 1, name="mine")])
    outcome = runtime.execute("return Tool.execute('mine', {})")
    assert outcome.verdict is Verdict.DENIED
    assert outcome.exit_code(pass_on=True) == 4


def test_a_caught_refusal_is_no_verdict() -> None:
    runtime = ScriptRuntime.with_lua(tools=[FunctionTool(lambda: 1, name="mine")])
    outcome = runtime.execute("local ok, e = pcall(Tool.execute, 'mine', {}) return e.kind")
    assert (outcome.verdict, outcome.value) == (Verdict.OK, "denied")


def test_a_bound_of_one_tool_is_a_budget_error_that_can_be_caught() -> None:
    runtime = ScriptRuntime.with_lua(tools=[FunctionTool(lambda: 1, name="once")], policy=granted(once=1))
    outcome = runtime.execute(
        "Tool.execute('once', {}) local ok, e = pcall(Tool.execute, 'once', {}) return {e.kind, e.details.allowed}"
    )
    assert outcome.value == ["budget", 1]


def raising() -> None:
    raise RuntimeError("tool trouble")


def failing() -> None:
    raise CallError(ErrorKind.NOT_FOUND, "no such thing", {"which": "x"})


def failing_by_text() -> None:
    raise CallError("not_found", "no such thing")  # type: ignore[arg-type]


def failing_with_an_unknown_kind() -> None:
    raise CallError("missing", "no such thing")  # type: ignore[arg-type]


def failing_with_an_odd_name() -> None:
    raise FileNotFoundError("\udcff.txt")


class MuteError(Exception):
    def __str__(self) -> str:
        raise ValueError("oh")


def failing_without_words() -> None:
    raise MuteError


@pytest.mark.parametrize(
    ("function", "kind", "words"),
    [
        (failing_without_words, "tool", "tool bad failed: MuteError: its text cannot be had (ValueError)"),
        (raising, "tool", "tool trouble"),
        (failing_by_text, "not_found", "no such thing"),
        (failing_with_an_unknown_kind, "tool", "'missing' is not a valid ErrorKind"),
        (failing_with_an_odd_name, "tool", "FileNotFoundError: \\udcff.txt"),
        (failing, "not_found", "no such thing"),
        (lambda: object(), "", "object"),
        (lambda: {1: 2}, "", "key"),
        (lambda: 2**70, "", "64 bits"),
        (lambda: b"x" * (14 << 20), "", "bytes"),
    ],
    ids=[
        "has no words", "raises", "fails with a text", "fails with no kind", "names no text", "fails with a kind",
        "an object", "keys that are no text", "an integer too large", "too large",
    ],
)  # fmt: skip
def test_what_a_tool_does_wrong_is_an_error_that_the_script_can_catch(function: object, kind: str, words: str) -> None:
    tool = FunctionTool(function, name="bad")  # type: ignore[arg-type]
    runtime = ScriptRuntime.with_lua(tools=[tool], policy=granted("bad"))
    outcome = runtime.execute("local ok, e = pcall(Tool.execute, 'bad', {}) return {ok, e.kind, e.message}")
    assert outcome.verdict is Verdict.OK, outcome.error
    ok, got, message = outcome.value
    assert ok is False
    assert words in message
    assert kind in ("", got)


def test_a_tool_that_hangs_is_a_timeout_and_other_sessions_do_not_wait() -> None:
    gate = threading.Event()
    runtime = ScriptRuntime.with_lua(
        tools=[FunctionTool(lambda: gate.wait(30), name="hang")],
        policy=granted("hang"),
        limits=Limits(tool_seconds=0.2),
    )
    outcome = runtime.execute("local ok, e = pcall(Tool.execute, 'hang', {}) return e.kind")
    assert outcome.value == "timeout"
    assert runtime.execute("return 1").value == 1
    gate.set()


def test_a_limit_on_model_calls_ends_the_run_with_its_name() -> None:
    outcome = ScriptRuntime.with_lua(limits=Limits(model_calls=2)).execute(
        "local a = Agent.create{} for i = 1, 5 do print(i, a:execute('x').text) end"
    )
    assert outcome.verdict is Verdict.LIMIT
    assert outcome.limit is not None
    assert (outcome.limit.name, outcome.limit.allowed, outcome.limit.used) == ("model_calls", 2, 3)
    assert outcome.stdout == b"1\tx\n2\tx\n"


def test_a_limit_on_tokens_ends_the_run() -> None:
    outcome = ScriptRuntime.with_lua(limits=Limits(tokens=5)).execute(
        "local a = Agent.create{} return a:execute('one two three four').text"
    )
    assert outcome.limit is not None
    assert outcome.limit.name == "tokens"


def test_a_model_that_is_not_granted_is_denied() -> None:
    policy = default_policy()._replace(models=("openai/*",))
    outcome = ScriptRuntime.with_lua(policy=policy).execute("Agent.create{model = 'echo/echo'}")
    assert outcome.verdict is Verdict.DENIED
    assert outcome.error is not None
    assert "--allow-model echo/echo" in outcome.error.message


def test_what_the_host_keeps_for_a_script_is_bounded() -> None:
    outcome = ScriptRuntime.with_lua(limits=Limits(kept=100_000)).execute("""
        local a = Agent.create{}
        local ok, e = pcall(function() for i = 1, 100 do a:set_state{text = ("x"):rep(20000 * i)} end end)
        return e.kind""")
    assert outcome.value == "budget"


def test_the_document_of_an_outcome_has_the_promised_keys() -> None:
    document = ScriptRuntime.with_lua().execute("return 1").to_dict()
    assert list(document) == [
        "schema", "verdict", "limit", "script", "engine", "started", "value", "exit_status", "error", "stdout",
        "stderr", "truncated", "usage", "evidence", "confinement", "calls",
    ]  # fmt: skip
    assert list(document["confinement"]) == [
        "memory", "files", "network", "processes", "landlock_abi", "namespaces", "cgroup",
    ]  # fmt: skip
    assert document["confinement"]["memory"] == "address-space"


def leaving() -> None:
    raise SystemExit(3)


@pytest.mark.parametrize("blocking", [False, True])
def test_a_tool_that_wants_to_leave_fails_and_the_program_goes_on(blocking: bool) -> None:
    runtime = ScriptRuntime.with_lua(
        tools=[FunctionTool(leaving, name="leave", blocking=blocking)], policy=granted("leave")
    )
    outcome = runtime.execute("local ok, e = pcall(Tool.execute, 'leave', {}) return {ok, e.kind}")
    assert outcome.value == [False, "tool"]


def test_a_flood_of_log_lines_is_the_output_limit() -> None:
    lines: list[str] = []
    runtime = ScriptRuntime.with_lua(
        limits=Limits(output=100_000), log=lambda _level, message, _fields: lines.append(message)
    )
    outcome = runtime.execute("while true do Log.error(('x'):rep(4000)) end")
    assert outcome.limit is not None
    assert (outcome.limit.name, outcome.limit.allowed) == ("output", 100_000)
    assert sum(map(len, lines)) <= 100_000


def test_names_are_granted_in_either_spelling() -> None:
    runtime = ScriptRuntime.with_lua(policy=Policy().with_tools(["hash_calculator"]))
    outcome = runtime.execute("return Tool.execute('hash-calculator', {operation = 'hash', input = 'a'}).success")
    assert outcome.value is True


def test_a_grant_of_a_tool_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="'calculater'; did you mean calculator"):
        ScriptRuntime.with_lua(policy=Policy().with_tools(["calculater"]))


def shelf() -> int:
    return 1


@pytest.mark.parametrize(
    ("tools", "words"),
    [
        ([shelf], "is no Tool: it has no name; FunctionTool makes one of a function"),
        (
            [FunctionTool(shelf, name="on_shelf"), FunctionTool(shelf, name="on-shelf")],
            "two tools are called 'on-shelf'",
        ),
    ],
    ids=["a function", "two of a name"],
)
def test_a_tool_that_is_none_or_twice_there_is_a_usage_error(tools: list[FunctionTool], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        ScriptRuntime.with_lua(tools=tools)


@pytest.mark.parametrize("limit", [{"wall": float("nan")}, {"cpu": float("inf")}, {"output": -1}, {"memory": "50M"}])
def test_a_limit_that_bounds_nothing_is_a_usage_error(limit: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="a limit is a finite number"):
        ScriptRuntime.with_lua(limits=Limits()._replace(**limit))  # type: ignore[arg-type]


def test_a_limit_beyond_what_the_kernel_counts_is_watched_by_the_host_alone() -> None:
    assert ScriptRuntime.with_lua(limits=Limits(cpu=1e300, wall=1e300)).execute("return 1").value == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"source": 3}, "a source is text or bytes, not int"),
        ({"source": "", "arguments": ["a", 3]}, "an argument of a script is text, not 3"),
        ({"source": "--\ud800"}, r"a source is no text: it has '\\ud800' at character 3, half of a pair of surrogates"),
        (
            {"source": "", "arguments": ["\ud800"]},
            r"an argument of a script is no text: it has '\\ud800' at character 1",
        ),
        ({"source": "", "name": "\ud800"}, r"^\\ud800 cannot be run: name is text that is no valid Unicode"),
        ({"source": "", "folder": "/no/such/folder"}, "modules cannot be looked for in"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        ScriptRuntime.with_lua().execute(**options)  # type: ignore[arg-type]


def test_a_name_is_no_engine_and_an_unknown_protection_is_named() -> None:
    with pytest.raises(UsageError, match="with_engine takes a name"):
        ScriptRuntime("lua")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="there is no protection 'filez'; did you mean files"):
        ScriptRuntime.with_lua(require=["memory", "filez"])
