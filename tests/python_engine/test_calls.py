"""Calls: how arguments are spelled, what objects are, and what a failed call raises."""

from __future__ import annotations

from typing import Any

import pytest

from llmspell import Verdict
from tests.python_engine.spells import error, spell, value


def take(parameters: dict[str, Any] | None = None, text: str = "", count: int = 0) -> dict[str, Any]:
    return {"parameters": parameters, "text": text, "count": count}


@pytest.mark.parametrize(
    "call",
    [
        "Tool.execute('take', {'text': 'a', 'count': 2})", "Tool.execute('take', text='a', count=2)",
        "Tool.execute(name='take', parameters={'text': 'a', 'count': 2})", "Tool.invoke('take', text='a', count=2)",
        "Tool.get('take').execute(text='a', count=2)", "Tool.get('take').invoke({'text': 'a', 'count': 2})",
        "await Tool.aexecute('take', text='a', count=2)", "await Tool.get('take').aexecute(text='a', count=2)",
        "Tool.executeAsync('take', text='a', count=2)['output']",
        "(await Tool.aexecuteAsync('take', text='a', count=2))['output']",
    ],
    ids=["map", "words", "named", "invoke", "object", "object-map", "await", "await-object", "caught", "await-caught"],
)  # fmt: skip
def test_arguments_come_in_every_spelling(call: str) -> None:
    assert value(call, take) == {"parameters": None, "text": "a", "count": 2}


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("Tool.exists()", "Tool.exists: name must be text, not nil"),
        ("Tool.exists('a', 'b')", "TypeError: Tool.exists() takes 1 arguments and was given 2"),
        ("Tool.exists('a', name='b')", "TypeError: Tool.exists() was given name twice"),
        ("Tool.exists('a', other=1)", "TypeError: Tool.exists() takes no argument 'other'"),
        ("Tool.list(other=1)", "TypeError: Tool.list() takes no argument 'other'"),
        ("Tool.get('take').execute({}, {}, {})", "TypeError: tool.execute() takes 1 arguments and was given 3"),
        ("Tool.nothing()", "Tool.nothing is not a function of the script API"),
        ("Workflow.sequential", "Workflow is not part of this version of llmspell"),
        ("Workflow()", "Workflow is not part of this version of llmspell"),
    ],
    ids=["none", "many", "twice", "unknown", "nothing-taken", "method", "function", "later", "later-called"],
)
def test_arguments_that_do_not_fit_say_so(call: str, says: str) -> None:
    _, message, line = error(call, take)
    assert says in message
    assert line == 1


def test_an_object_is_its_name_with_fields_and_methods() -> None:
    source = """
    agent = Agent.create(model="echo/x", name="Ada")
    tool = Tool.get("take")
    [f"{agent} {tool}", agent.name, tool["name"], agent == "Ada", repr(agent), tool.granted,
     Tool.execute("take", text=tool)["text"], JSON.stringify([tool]),
     [str(each) for each in Tool.list() if each == "take"], tool[0]]
    """
    assert value(source, take) == [
        "Ada take", "Ada", "take", True, "<agent 'Ada'>", True, "take", '["take"]', ["take"], "t",
    ]  # fmt: skip


def test_a_builder_sets_one_by_one() -> None:
    source = """
    builder = Agent.builder().name("made").model("echo/x").tools(("calculator",)).allow_tool("take")
    agent = builder.build()
    [agent.name, agent.get_config()["tools"], agent.execute("hi")["text"]]
    """
    assert value(source, take) == ["made", ["calculator", "take"], "hi"]


KINDS = {
    "tool": ("ToolError", "Tool.execute('fail')"), "denied": ("DeniedError", "Tool.execute('file-operations')"),
    "validation": ("ValidationError", "Tool.execute('take', other=1)"),
    "not_found": ("NotFoundError", "Tool.execute('no-such')"),
}  # fmt: skip


def fail() -> None:
    raise ValueError("broken")


@pytest.mark.parametrize("kind", KINDS)
def test_a_failed_call_raises_the_class_of_its_kind(kind: str) -> None:
    name, call = KINDS[kind]
    source = f"""
    try:
        {call}
    except {name} as problem:
        found = [problem.kind, str(problem) == problem.message, isinstance(problem, CallError), type(problem.details)]
    found[3] = found[3] is dict
    found
    """
    assert value(source, take, fail) == [kind, True, True, True]
    outcome = spell(f"x = 1\n{call}", take, fail)
    assert outcome.error is not None
    assert (outcome.error.kind, outcome.error.line) == (kind, 2)
    assert outcome.verdict is (Verdict.DENIED if kind == "denied" else Verdict.ERROR)


def test_the_api_is_there_for_modules_and_as_a_module(tmp_path: Any) -> None:
    (tmp_path / "beside.py").write_text("from llmspell import Tool as T\ndef f(): return T.exists('take'), Tool is T\n")
    assert value("import beside\nbeside.f()", take, folder=tmp_path) == [True, True]


def test_streams_are_pulled_and_closed_when_they_are_dropped() -> None:
    source = """
    agent = Agent.create(model="echo/x")
    texts = []
    for _ in range(80):  # more than may be open at once
        for chunk in agent.stream("one two three"):
            texts.append(chunk["text"])
            break
    with agent.stream("a b") as stream:
        rest = [stream.next()["text"], stream.is_done(), stream.isDone()]
    async for chunk in agent.stream("x y"):
        rest.append(chunk["text"])
    async with agent.astream("x y") as stream:
        rest.append((await stream.anext())["text"])
    whole = await agent.ainvokeStream("p q", lambda chunk: None)
    [len(texts), set(texts) == {"one "}, rest, stream.is_done(), stream.next(), whole["text"]]
    """
    assert value(source) == [80, True, ["a ", False, False, "x ", "y", "x "], True, None, "p q"]


def test_streams_that_a_script_makes() -> None:
    source = """
    def numbers():
        yield 1
        yield 2
        raise ValueError("over")
    stream = Streaming.create(numbers)
    found = [stream.is_done(), stream.next(), next(stream)]
    try:
        stream.next()
    except ValueError as problem:
        found.append(str(problem))
    [*found, stream.is_done(), stream.next(), Streaming.create(lambda: "ab").collect()]
    """
    assert value(source) == [False, 1, 2, "over", True, None, ["a", "b"]]


def test_streams_that_a_script_makes_with_async_generators_are_awaited() -> None:
    source = """
    async def waits():
        yield 1
        await asleep(0)
        yield 2
    async def one_by_one(made):
        return [await made.anext(), await made.acollect(), await made.anext(), made.is_done()]
    found = [await one_by_one(Streaming.create(waits)), await one_by_one(Streaming.create(lambda: "ab"))]
    try:
        Streaming.create(waits).collect()
    except TypeError as problem:
        found.append(str(problem))
    found
    """
    assert value(source) == [
        [1, [2], None, True],
        ["a", ["b"], None, True],
        "what an async generator yields is read by `async for`, or by `await` of acollect()",
    ]


def test_an_agent_that_a_copied_value_holds_is_the_same_agent() -> None:
    source = """
    import copy
    agent = Agent.create(name="a")
    copied = copy.deepcopy({"judges": [agent]})["judges"][0]
    [copied is agent, copy.copy(agent) is agent, copied.execute("hi")["text"]]
    """
    assert value(source) == [True, True, "hi"]
