"""Tools offered to a model, the calls that it asks for, and the conversation that goes on with their answers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import CallError
from llmspell.providers.asked_tools import MAX_CALLS, AskedTools, read_arguments
from llmspell.providers.litellm_provider import LiteLLMProvider
from llmspell.providers.provider import Completion, ModelRequest, ToolOffer, ToolRequest
from llmspell.testing import Answer, LLMServer, ToolCall
from tests.providers.conftest import MakeProvider, ask

WEATHER = ToolOffer("weather", "The weather in a city.", {"type": "object", "properties": {"city": {"type": "string"}}})
STREAMS = pytest.mark.parametrize("streams", [False, True], ids=["whole", "streamed"])


def answer(provider: LiteLLMProvider, request: ModelRequest, *, streams: bool) -> Completion:
    if not streams:
        return provider.complete(request)
    final = list(provider.stream(request))[-1].final
    assert final is not None
    return final


@STREAMS
@pytest.mark.parametrize("name", ["local", "mistral"])
def test_calls_come_with_their_arguments_read(server: LLMServer, make: MakeProvider, name: str, streams: bool) -> None:
    calls = [ToolCall("weather", {"city": "Tromsø"}, id="a"), ToolCall("weather", {"city": "Oslo"}, id="b")]
    server.queue(Answer("I look.", tool_calls=calls))
    completion = answer(make(name), ask()._replace(tools=(WEATHER,), tool_choice="weather"), streams=streams)
    assert [(call.id, call.name, call.arguments) for call in completion.tool_calls] == [
        ("a", "weather", {"city": "Tromsø"}),
        ("b", "weather", {"city": "Oslo"}),
    ]
    assert (completion.text, completion.finish_reason) == ("I look.", "tool_calls")
    sent = server.requests[0].json
    assert sent["tools"] == [
        {
            "type": "function",
            "function": {"name": "weather", "description": WEATHER.description, "parameters": WEATHER.schema},
        }
    ]
    if name == "local":
        assert sent["tool_choice"] == {"type": "function", "function": {"name": "weather"}}


def test_a_stream_shows_a_call_as_it_is_written(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Answer(tool_calls=[ToolCall("weather", {"city": "Oslo"}, id="a", piece_size=4)]))
    chunks = list(provider.stream(ask()._replace(tools=(WEATHER,))))
    pieces = [chunk.tool_call for chunk in chunks if chunk.tool_call is not None]
    assert {(piece.index, piece.id, piece.name) for piece in pieces} == {(0, "a", "weather")}
    assert json.loads("".join(piece.written for piece in pieces)) == {"city": "Oslo"}
    assert len(pieces) > 3


@STREAMS
@pytest.mark.parametrize("written", ["{oops", "[1]", "null", '{"a": 1, "a": 2}', "NaN", "[" * 500], ids=str.__len__)
def test_arguments_that_are_no_object_are_kept_as_written(
    server: LLMServer, provider: LiteLLMProvider, streams: bool, written: str
) -> None:
    server.queue(Answer(tool_calls=[ToolCall("weather", written, id="a", piece_size=512)]))
    (call,) = answer(provider, ask()._replace(tools=(WEATHER,)), streams=streams).tool_calls
    assert call == ToolRequest("a", "weather", None, written)


def test_a_conversation_goes_on_with_the_answers_of_tools(server: LLMServer, provider: LiteLLMProvider) -> None:
    asked = [ToolRequest("a", "weather", {"city": "Oslo"}, '{"city": "Oslo"}'), ToolRequest("b", "weather", None, "{x")]
    messages = (
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "", "tool_calls": asked},
        {"role": "tool", "content": "rain", "tool_call_id": "a", "name": "weather"},
        {"role": "tool", "content": "no object", "tool_call_id": "b", "name": "weather"},
    )
    provider.complete(ModelRequest("m", messages))
    _, assistant, first, second = server.requests[0].messages
    assert assistant.get("content") is None
    assert [call["function"]["arguments"] for call in assistant["tool_calls"]] == ['{"city": "Oslo"}', "{}"]
    assert (first["role"], first["tool_call_id"], first["content"]) == ("tool", "a", "rain")
    assert second["tool_call_id"] == "b"


def test_no_tool_and_no_choice_are_sent_where_none_is_offered(server: LLMServer, provider: LiteLLMProvider) -> None:
    provider.complete(ask()._replace(tool_choice="required"))
    assert not {"tools", "tool_choice"} & set(server.requests[0].json)


def test_too_many_calls_are_refused(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Answer(tool_calls=[ToolCall("f", {}, id=f"c{at}") for at in range(MAX_CALLS + 1)]))
    with pytest.raises(CallError, match=f"its answer asks for more than {MAX_CALLS} calls of tools, so it was dropped"):
        provider.complete(ask())


def test_arguments_over_the_cap_are_refused_as_they_come(server: LLMServer, make: MakeProvider) -> None:
    server.queue(Answer(tool_calls=[ToolCall("f", "x" * 100_000, piece_size=10_000)]))
    with pytest.raises(CallError, match="its answer is larger than 32 KiB"):
        list(make(answer_cap=32 * 1024).stream(ask()))


def test_pieces_without_an_index_begin_a_call_with_each_id() -> None:
    tools = AskedTools()
    for name, written in (("a", '{"x"'), (None, ": 1}"), ("b", "{}")):
        tools.add({"id": name, "function": {"name": "f" if name else None, "arguments": written}})
    assert [(call.id, call.arguments) for call in tools.whole()] == [("a", {"x": 1}), ("b", {})]


def test_calls_of_a_whole_answer_are_apart_whatever_they_are_named(
    server: LLMServer, provider: LiteLLMProvider
) -> None:
    calls = [ToolCall("weather", {"city": "Oslo"}, id="same"), ToolCall("weather", {"city": "Bergen"}, id="same")]
    server.queue(Answer(tool_calls=calls))
    completion = provider.complete(ask()._replace(tools=(WEATHER,)))
    assert [call.arguments for call in completion.tool_calls] == [{"city": "Oslo"}, {"city": "Bergen"}]


def test_calls_that_a_service_gives_the_same_index_are_apart_by_their_ids() -> None:
    tools = AskedTools()
    for name, written in (("a", '{"x"'), (None, ": 1}"), ("b", '{"y"'), (None, ": 2}")):
        tools.add({"index": 0, "id": name, "function": {"name": "f" if name else None, "arguments": written}})
    tools.add({"index": 1, "id": "c", "function": {"name": "g", "arguments": "{}"}})
    tools.add({"index": 1, "id": "another for each piece", "function": {"arguments": " "}})
    assert [(call.id, call.arguments) for call in tools.whole()] == [("a", {"x": 1}), ("b", {"y": 2}), ("c", {})]


def test_pieces_that_change_places_are_joined_by_their_index() -> None:
    tools = AskedTools()
    for index, written in ((1, '{"b"'), (0, '{"a"'), (1, ": 2}"), (0, ": 1}")):
        tools.add({"index": index, "function": {"arguments": written}})
    assert [call.arguments for call in tools.whole()] == [{"a": 1}, {"b": 2}]


@given(st.lists(st.dictionaries(st.sampled_from(["index", "id", "function"]), st.none() | st.integers() | st.text())))
def test_nonsense_in_pieces_is_no_fault_of_ours(pieces: list[dict[str, object]]) -> None:
    tools = AskedTools()
    for piece in pieces:
        tools.add(piece)
    assert all(isinstance(call.id, str) and isinstance(call.name, str) for call in tools.whole())


@given(st.text())
def test_arguments_are_an_object_or_nothing(written: str) -> None:
    assert isinstance(read_arguments(written), dict | None)


def test_a_refusal_is_no_text_of_the_answer(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Answer("", refusal="I will not."), Answer("", refusal="I will not."))
    assert provider.complete(ask()).refusal == "I will not."
    final = list(provider.stream(ask()))[-1].final
    assert final is not None
    assert (final.text, final.refusal) == ("", "I will not.")
