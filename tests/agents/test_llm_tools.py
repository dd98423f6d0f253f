"""Tools of the LLM agent: what a model may call, what it is told, and where it ends."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from llmspell.agents.config import AgentConfig
from llmspell.agents.llm import LLMAgent
from llmspell.agents.tool_box import LocalTools
from llmspell.agents.tool_rounds import MAX_CALLS, MAX_RESULT, MAX_RESULTS
from llmspell.errors import CallError, ErrorKind
from llmspell.providers.provider import Capabilities, ToolOffer, ToolRequest
from llmspell.tools.function_tool import FunctionTool
from llmspell.types import (
    AgentInput,
    ControlChunk,
    CustomControl,
    TextChunk,
    ToolCall,
    ToolCallComplete,
    ToolCallProgress,
    ToolOutput,
)
from tests.agents.scripted import Scripted, Step, call, said, wants

CONFIG = AgentConfig("poet", "scripted", "scripted-1", max_tool_rounds=3)
HELLO = AgentInput("hello")
SCHEMA = {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]}


class Box:
    """Offers `stock-level`, and answers with what it is made with."""

    def __init__(self, answer: Callable[[ToolRequest], Any]) -> None:
        self.called: list[ToolRequest] = []
        self._answer = answer

    def offers(self) -> tuple[ToolOffer, ...]:
        return (ToolOffer("stock-level", "How many there are.", SCHEMA),)

    def call(self, request: ToolRequest) -> Any:
        self.called.append(request)
        answer = self._answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer


def ask(box: Box, *steps: Step, **fields: Any) -> tuple[LLMAgent, Scripted]:
    provider = Scripted(*steps)
    ticks = itertools.count()
    return LLMAgent(CONFIG._replace(**fields), provider, tools=box, clock=lambda: next(ticks)), provider


def told(provider: Scripted, request: int = -1) -> str:
    """What the model was told last."""
    message = provider.requests[request].messages[-1]
    assert message["role"] == "tool"
    return str(message["content"])


def test_a_model_calls_tools_and_is_told_what_came_of_them() -> None:
    box = Box(lambda request: {"count": 7 * (request.arguments or {})["number"]})
    first, second = call("stock-level", {"number": 2}, id="a"), call("stock-level", {"number": 3}, id="b")
    agent, provider = ask(box, wants(first, second, text="let me see"), said("14 and 21"))
    answer = agent.execute(HELLO)
    assert answer.text == "14 and 21"
    assert answer.tool_calls == tuple(
        ToolCall(id, "stock-level", {"number": number}, ToolOutput(True, {"count": count}, None, 1000.0))
        for id, number, count in (("a", 2, 14), ("b", 3, 21))
    )
    assert provider.requests[0].tools == box.offers()
    assert [*provider.requests[1].messages] == [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "let me see", "tool_calls": [first, second]},
        {"role": "tool", "content": '{"count":14}', "tool_call_id": "a", "name": "stock-level"},
        {"role": "tool", "content": '{"count":21}', "tool_call_id": "b", "name": "stock-level"},
    ]
    assert len(agent.messages) == 5
    assert (answer.metadata.prompt_tokens, agent.metrics()["model_calls"], agent.metrics()["tool_calls"]) == (20, 2, 2)


@pytest.mark.parametrize(
    ("asked", "kind", "why"),
    [
        (call("stock-lvel"), "not_found", "there is no tool 'stock-lvel'; did you mean stock-level"),
        (call("rm"), "not_found", "there is no tool 'rm'; there are stock-level"),
        (ToolRequest("a", "stock-level", None, "{number: 1"), "validation", "are no JSON object: '{number: 1'"),
        (call("stock-level", {"number": "two"}), "validation", "parameter 'number' must be integer"),
        (call("stock-level", {}), "validation", "number"),
        (ToolRequest("a", "stock-level", {"number": 2**70}, "{}"), "validation", "arguments.number"),
    ],
    ids=["misspelled", "unknown", "no-json", "misfit", "missing", "huge"],
)
def test_a_call_that_cannot_be_made_is_told_to_the_model_and_the_box_is_not_asked(
    asked: ToolRequest, kind: str, why: str
) -> None:
    box = Box(lambda _: "never")
    agent, provider = ask(box, wants(asked), said("sorry"))
    answer = agent.execute(HELLO)
    assert answer.text == "sorry"
    assert box.called == []
    heard = json.loads(told(provider))
    assert heard["error"] == kind
    assert why in heard["message"]
    assert answer.tool_calls[0].result is not None
    assert answer.tool_calls[0].result.error == heard["message"]
    answer.to_wire()
    LLMAgent(CONFIG, provider).restore(agent.save())


def test_both_spellings_of_a_name_are_one_tool() -> None:
    box = Box(lambda _: 7)
    agent, provider = ask(box, wants(call("stock_level", {"number": 1.0})), said("7"))
    assert agent.execute(HELLO).tool_calls[0].tool_name == "stock-level"
    assert (box.called[0].name, box.called[0].arguments) == ("stock-level", {"number": 1})
    assert provider.requests[1].messages[-1]["name"] == "stock_level"


@pytest.mark.parametrize(
    ("answer", "heard"),
    [
        (CallError(ErrorKind.DENIED, "not granted", {"tool": "x"}), '{"error":"denied","message":"not granted"}'),
        (CallError(ErrorKind.TOOL, "e" * 10_000), '{"error":"tool","message":"' + "e" * 4096 + '"}'),
        (object(), '{"error":"validation","message":"result is an object, which cannot travel"}'),
        ("plain", "plain"),
        (b"\x00\x01", '{"$bytes":"AAE="}'),
        (None, "null"),
    ],
    ids=["denied", "long", "unsendable", "text", "bytes", "nil"],
)
def test_what_comes_of_a_call_is_told_to_the_model(answer: object, heard: str) -> None:
    agent, provider = ask(Box(lambda _: answer), wants(call("stock-level", {"number": 1})), said("ok"))
    agent.execute(HELLO)
    assert told(provider).startswith(heard[:60])
    assert len(told(provider)) <= 4200


def test_a_fault_of_the_embedding_program_ends_the_question() -> None:
    agent, _ = ask(Box(lambda _: ZeroDivisionError()), wants(call("stock-level", {"number": 1})))
    with pytest.raises(ZeroDivisionError):
        agent.execute(HELLO)
    assert agent.messages == ()


def test_a_large_result_is_cut_before_it_goes_to_the_model_and_in_the_answer() -> None:
    agent, provider = ask(Box(lambda _: "x" * 100_000), wants(call("stock-level", {"number": 1})), said("ok"))
    answer = agent.execute(HELLO)
    wanted = "x" * MAX_RESULT + f"\n[cut: the result has 100,000 characters, and {MAX_RESULT:,} are here]"
    assert told(provider) == wanted
    assert answer.tool_calls[0].result is not None
    assert answer.tool_calls[0].result.data == wanted


def test_all_results_of_a_question_have_one_bound() -> None:
    many = [call("stock-level", {"number": 1}, id=str(at)) for at in range(20)]
    agent, provider = ask(Box(lambda _: "x" * 100_000), wants(*many), said("ok"))
    agent.execute(HELLO)
    sizes = [str(message["content"]).count("x") for message in provider.requests[1].messages[2:]]
    assert sum(sizes) == MAX_RESULTS
    assert sizes[-1] == 0


def test_a_model_that_never_stops_calling_is_stopped() -> None:
    agent, provider = ask(Box(lambda _: 7), wants(call("stock-level", {"number": 1})))
    with pytest.raises(CallError, match=r"asked for tools in 4 answers to one question, and 3 are allowed") as raised:
        agent.execute(HELLO)
    assert raised.value.kind is ErrorKind.BUDGET
    assert raised.value.details == {"agent": "poet", "allowed": 3, "tool": "stock-level"}
    assert len(provider.requests) == 4
    assert (agent.messages, agent.metrics()["tool_calls"]) == ((), 3)


def test_calls_in_one_answer_are_bounded() -> None:
    box = Box(lambda _: 7)
    agent, _ = ask(box, wants(*[call("stock-level", {"number": 1})] * (MAX_CALLS + 1)))
    with pytest.raises(CallError, match="asked for 65 tool calls in one answer, and 64 are allowed"):
        agent.execute(HELLO)
    assert box.called == []


def test_an_agent_without_tools_tells_the_model_so() -> None:
    provider = Scripted(wants(call("calculator")), said("never mind"))
    assert LLMAgent(CONFIG, provider).execute(HELLO).text == "never mind"
    assert "there is no tool 'calculator'" in told(provider)


def test_a_choice_of_tool_holds_for_the_first_answer() -> None:
    agent, provider = ask(Box(lambda _: 7), wants(call("stock-level", {"number": 1})), said("7"))
    agent.execute(HELLO.with_parameter("tool_choice", "stock-level"))
    assert [request.tool_choice for request in provider.requests] == ["stock-level", None]


def test_a_model_that_cannot_call_tools_is_offered_none() -> None:
    provider = Scripted(capabilities=Capabilities(supports_tools=False))
    agent = LLMAgent(CONFIG, provider, tools=Box(lambda _: 7))
    assert agent.execute(HELLO).text == "fine"
    assert provider.requests[0].tools == ()
    with pytest.raises(CallError, match="tool_choice is required, and the model is offered no tool"):
        agent.execute(HELLO.with_parameter("tool_choice", "required"))
    with pytest.raises(CallError, match="is 'stock-level', and there is no such tool"):
        agent.execute(HELLO.with_parameter("tool_choice", "stock-level"))


def test_a_stream_shows_the_calls_as_they_are_written_and_made_and_goes_on() -> None:
    agent, _ = ask(Box(lambda _: 7), wants(call("stock-level", {"number": 1}), text="let me see"), said("there are 7"))
    with agent.stream_execute(HELLO) as stream:
        contents = [chunk.content for chunk in stream]
        assert stream.output is not None
        assert len(stream.output.tool_calls) == 1
    made = CustomControl("tool_result", {"call_id": "call_1", "tool_name": "stock-level", "success": "true"})
    assert contents == [
        TextChunk("let "),
        TextChunk("me "),
        ToolCallProgress("call_1", "stock-level", '{"numb'),
        ToolCallProgress("call_1", "stock-level", 'er": 1}'),
        TextChunk("see"),
        ToolCallComplete("call_1", "stock-level", '{"number": 1}'),
        ControlChunk(made),
        ControlChunk(CustomControl("answer_restarts", {"why": "tools"})),
        TextChunk("there "),
        TextChunk("are "),
        TextChunk("7"),
    ]
    assert stream.partial == "there are 7"


def test_a_stream_closed_while_a_tool_runs_asks_no_more() -> None:
    box = Box(lambda _: stream.close())
    agent, provider = ask(box, wants(call("stock-level", {"number": 1})), said("never"))
    stream = agent.stream_execute(HELLO)
    assert len([chunk for chunk in stream if isinstance(chunk.content, ToolCallComplete)]) == 1
    assert (len(provider.requests), agent.messages) == (1, ())


def test_tools_of_the_program_are_called_and_their_faults_are_told() -> None:
    def halve(number: int) -> float:
        """Half of a number."""
        if number == 13:
            raise CallError(ErrorKind.TOOL, "not with 13")
        return number / (number and 2)

    numbers = [call("halve", {"number": number}) for number in (8, 0, 13)]
    provider = Scripted(wants(*numbers), said("ok"))
    agent = LLMAgent(CONFIG, provider, tools=LocalTools([FunctionTool(halve)]))
    agent.execute(HELLO)
    assert provider.requests[0].tools[0].description == "Half of a number."
    heard = [message["content"] for message in provider.requests[1].messages[2:]]
    assert heard == [
        "4.0",
        '{"error":"tool","message":"tool halve failed: ZeroDivisionError: division by zero"}',
        '{"error":"tool","message":"not with 13"}',
    ]
