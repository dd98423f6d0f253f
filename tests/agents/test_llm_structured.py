"""Answers of a prescribed shape: checked, asked for again, and refused with what was wrong."""

from __future__ import annotations

from typing import Any

import pytest

from llmspell.agents.config import AgentConfig
from llmspell.agents.llm import LLMAgent
from llmspell.agents.structured import AnswerSchema
from llmspell.errors import CallError, ErrorKind
from llmspell.providers.provider import Capabilities
from llmspell.types import AgentInput, ControlChunk, CustomControl, TextChunk
from tests.agents.scripted import Scripted, Step, said

PRICE = {
    "type": "object",
    "properties": {
        "items": {"type": "array", "items": {"type": "object", "properties": {"cents": {"type": "integer"}}}},
    },
    "required": ["items"],
}
GOOD = '{"items": [{"cents": 1}]}'
CONFIG = AgentConfig("clerk", "scripted", "scripted-1", answer_schema=PRICE)
HELLO = AgentInput("hello")


def asks(*steps: Step, **fields: Any) -> tuple[LLMAgent, Scripted]:
    provider = Scripted(*steps)
    return LLMAgent(CONFIG._replace(**fields), provider), provider


@pytest.mark.parametrize("text", [GOOD, f"```json\n{GOOD}\n```", f" \n{GOOD}\n"], ids=["plain", "fenced", "blanks"])
def test_an_answer_that_fits_is_given_as_a_value_too(text: str) -> None:
    agent, provider = asks(said(text))
    answer = agent.execute(HELLO)
    assert (answer.text, answer.value) == (text, {"items": [{"cents": 1}]})
    assert provider.requests[0].answer_schema is PRICE


def test_one_that_does_not_is_asked_for_again_and_only_the_good_one_is_remembered() -> None:
    agent, provider = asks(said('{"items": [{"cents": "two"}]}'), said(GOOD))
    assert agent.execute(HELLO).value == {"items": [{"cents": 1}]}
    bad, again = provider.requests[1].messages[-2:]
    assert bad == {"role": "assistant", "content": '{"items": [{"cents": "two"}]}'}
    assert "answer.items[0].cents does not fit: 'two' is not of type 'integer'" in again["content"]
    assert '"cents"' in again["content"]
    assert [message.text for message in agent.messages] == ["hello", GOOD]
    assert agent.metrics()["model_calls"] == 2


@pytest.mark.parametrize(
    ("text", "field", "why"),
    [
        ("I think so", "answer", "answer is no JSON"),
        ('{"a": NaN}', "answer", "answer is no JSON"),
        ("{}", "answer", "'items' is a required property"),
        ('{"items": [{"cents": 1}, {"cents": true}]}', "answer.items[1].cents", "True is not of type 'integer'"),
        ('{"items": [{"cents": 1180591620717411303424}]}', "answer.items[0].cents", "64"),
        ("[" * 100_000, "answer", "answer "),
        ('{"items": ' + "[" * 60 + "]" * 60 + "}", "answer.items", "nest"),
    ],
    ids=["prose", "nan", "missing", "misfit", "huge-number", "endless", "deep"],
)
def test_after_the_last_repair_it_is_an_error_with_the_place_and_the_text(text: str, field: str, why: str) -> None:
    agent, provider = asks(said(text), max_repairs=2)
    with pytest.raises(CallError) as raised:
        agent.execute(HELLO)
    error = raised.value
    assert error.kind is ErrorKind.VALIDATION
    assert error.message.startswith("agent clerk: the answer does not fit its schema, asked 3 times: ")
    assert why in error.message
    assert len(error.message) < 1500
    assert str(error.details["field"]).startswith(field)
    assert error.details["text"] == text[: 64 * 1024]
    assert len(provider.requests) == 3
    assert (agent.messages, agent.metrics()["failures"]) == ((), 1)


def test_without_repairs_the_first_misfit_is_the_error() -> None:
    agent, provider = asks(said("no"), max_repairs=0)
    with pytest.raises(CallError, match="the answer does not fit its schema: answer is no JSON"):
        agent.execute(HELLO)
    assert len(provider.requests) == 1


def test_an_answer_that_was_cut_off_is_not_asked_for_again() -> None:
    agent, provider = asks(said('{"items": [', finish_reason="length"))
    with pytest.raises(CallError, match="was cut off after 2 tokens; raise max_tokens"):
        agent.execute(HELLO)
    assert len(provider.requests) == 1


def test_a_refusal_is_no_answer_of_that_shape() -> None:
    agent, provider = asks(said("", refusal="I must not"))
    with pytest.raises(CallError, match="agent clerk: the model would not answer: I must not") as raised:
        agent.execute(HELLO)
    assert (raised.value.kind, raised.value.details["refusal"]) == (ErrorKind.PROVIDER, "I must not")
    assert len(provider.requests) == 1


def test_a_question_may_have_a_schema_of_its_own() -> None:
    agent, provider = asks(said("7"))
    assert agent.execute(HELLO.with_parameter("answer_schema", {"type": "integer"})).value == 7
    assert provider.requests[0].answer_schema == {"type": "integer"}


def test_a_model_that_knows_of_no_schemas_is_told_of_it() -> None:
    provider = Scripted(said(GOOD), capabilities=Capabilities(supports_structured_output=False))
    agent = LLMAgent(CONFIG._replace(system_prompt="be exact"), provider)
    assert agent.execute(HELLO).value is not None
    (request,) = provider.requests
    assert request.answer_schema is None
    assert request.messages[0]["content"].startswith("be exact\n\nAnswer with JSON that fits this schema")


def test_a_stream_begins_anew_with_the_repaired_answer() -> None:
    agent, _ = asks(said("not yet"), said(GOOD))
    stream = agent.stream_execute(HELLO)
    contents = [chunk.content for chunk in stream]
    at = contents.index(ControlChunk(CustomControl("answer_restarts", {"why": "repair"})))
    assert contents[:at] == [TextChunk("not "), TextChunk("yet")]
    assert "".join(content.text for content in contents[at:] if isinstance(content, TextChunk)) == GOOD
    assert stream.output is not None
    assert stream.output.value == {"items": [{"cents": 1}]}


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": 7}, "is no schema to answer by"),
        ({"enum": list(range(2000))}, "a list of 2,000 values"),
        ({"enum": [object()]}, "cannot travel"),
        ({"enum": [b"bytes"]}, "answer_schema is no JSON"),
        ({"$ref": "https://example.org/x.json"}, "the schema refers to what it does not hold"),
    ],
    ids=["type", "long", "object", "bytes", "elsewhere"],
)
def test_a_schema_that_is_none_is_refused_before_anything_is_asked(schema: dict[str, Any], why: str) -> None:
    agent, provider = asks(answer_schema=schema)
    with pytest.raises(CallError, match=why) as raised:
        agent.execute(HELLO)
    assert raised.value.kind is ErrorKind.VALIDATION
    assert provider.requests == []


def test_a_schema_that_refers_to_itself_ends_in_an_error() -> None:
    agent, _ = asks(said("{}"), answer_schema={"$ref": "#"})
    with pytest.raises(CallError, match="answer_schema: "):
        agent.execute(HELLO)


def test_patterns_are_not_run() -> None:
    schema = AnswerSchema({"type": "string", "pattern": "(a+)+$"}, place="answer_schema")
    assert schema.read('"' + "a" * 40 + 'b"') == "a" * 40 + "b"
