"""The test server's chat completions, whole and streamed, as a client without a library sees them."""

from __future__ import annotations

import base64
import json

import pytest

from llmspell.testing import Answer, Gate, Image, LLMServer, ToolCall, Usage
from tests.testing.client import CHAT, chat, connect, say


def test_without_a_script_the_last_input_is_the_answer(llm_server: LLMServer) -> None:
    got = chat(llm_server, messages=[{"role": "user", "content": "a b"}, {"role": "assistant", "content": "no"}])
    assert (got.status, got.headers["content-type"], got.text) == (200, "application/json", "a b")
    assert got.document["choices"][0]["finish_reason"] == "stop"
    assert got.document["usage"] == {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


@pytest.mark.parametrize("stream", [False, True])
def test_the_same_request_gets_the_same_bytes(llm_server: LLMServer, stream: bool) -> None:
    first, second = (chat(llm_server, stream=stream) for _ in range(2))
    assert first == second
    assert first.body != chat(llm_server, stream=stream, seed=1).body, "the id is made from the request"


def test_a_stream_is_the_words_and_its_end(llm_server: LLMServer) -> None:
    got = say(llm_server, " one  two\nthree", stream=True)
    assert got.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert got.deltas == [" one  ", "two\n", "three"]
    assert got.events[0]["choices"][0]["delta"]["role"] == "assistant"
    assert got.events[-2]["choices"][0] == {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
    assert got.events[-1] == "[DONE]"
    assert all("usage" not in event for event in got.events[:-1])


def test_a_stream_reports_its_usage_when_it_is_asked_to(llm_server: LLMServer) -> None:
    llm_server.queue(Answer("x", usage=Usage(7, 8)), Answer("x", reports_usage=False))
    asked = {"stream": True, "stream_options": {"include_usage": True}}
    last = chat(llm_server, **asked).events[-2]
    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 15)
    assert chat(llm_server, **asked).events[-2]["choices"] != []
    llm_server.queue(Answer("x", reports_usage=True))
    assert chat(llm_server, stream=True).events[-2]["usage"]["completion_tokens"] == 1


def test_pieces_are_chunks_and_join_to_the_whole_text(llm_server: LLMServer) -> None:
    llm_server.answer(Answer(pieces=["hel", "lo wor", "ld"], finish_reason="length"))
    assert chat(llm_server, stream=True).deltas == ["hel", "lo wor", "ld"]
    whole = chat(llm_server)
    assert (whole.text, whole.document["choices"][0]["finish_reason"]) == ("hello world", "length")


def test_tool_calls_come_whole_and_piece_by_piece(llm_server: LLMServer) -> None:
    calls = [ToolCall("add", {"a": 1, "b": [2, 3]}, piece_size=3), ToolCall("now", "not json", "call_7")]
    llm_server.answer(Answer("wait", tool_calls=calls))
    choice = chat(llm_server).document["choices"][0]
    whole = choice["message"]["tool_calls"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] == "wait"
    assert json.loads(whole[0]["function"]["arguments"]) == {"a": 1, "b": [2, 3]}
    assert (whole[1]["id"], whole[1]["function"]) == ("call_7", {"name": "now", "arguments": "not json"})
    events = chat(llm_server, stream=True).events[:-1]
    pieces = [call for event in events for call in event["choices"][0]["delta"].get("tool_calls", ())]
    for at, call in enumerate(whole):
        mine = [piece for piece in pieces if piece["index"] == at]
        assert (mine[0]["id"], mine[0]["type"], mine[0]["function"]["name"]) == (
            call["id"],
            "function",
            call["function"]["name"],
        )
        assert all("id" not in piece for piece in mine[1:])
        assert "".join(piece["function"]["arguments"] for piece in mine) == call["function"]["arguments"]
    assert len([piece for piece in pieces if piece["index"] == 0]) > 3
    assert events[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_a_call_alone_has_no_content(llm_server: LLMServer) -> None:
    llm_server.queue(Answer(tool_calls=[ToolCall("now")]))
    assert chat(llm_server).document["choices"][0]["message"]["content"] is None


def test_a_refusal_is_beside_the_text(llm_server: LLMServer) -> None:
    llm_server.answer(Answer(refusal="I will not"))
    assert chat(llm_server).document["choices"][0]["message"]["refusal"] == "I will not"
    deltas = [event["choices"][0]["delta"] for event in chat(llm_server, stream=True).events[:-1]]
    assert {"refusal": "I will not"} in deltas


def test_what_is_no_english_arrives(llm_server: LLMServer) -> None:
    assert say(llm_server, "ça va 🙂").text == "ça va 🙂"
    assert say(llm_server, "ça va 🙂", stream=True).deltas == ["ça ", "va ", "🙂"]
    llm_server.queue(Answer("a\ud800b"))
    assert chat(llm_server).text == "a\ud800b"


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_byte_by_byte_is_the_same(llm_server: LLMServer, stream: bool) -> None:
    llm_server.queue(Answer("größer 🙂", bytes_at_once=1))
    got = chat(llm_server, stream=stream)
    assert ("".join(got.deltas) if stream else got.text) == "größer 🙂"


def test_an_answer_of_10_megabytes(llm_server: LLMServer) -> None:
    llm_server.answer("x" * 10_000_000)
    assert len(chat(llm_server).text) == 10_000_000
    assert len(chat(llm_server, stream=True).deltas[0]) == 10_000_000


def test_a_gate_holds_a_stream_until_it_is_opened(llm_server: LLMServer) -> None:
    gate = Gate()
    llm_server.queue(Answer(pieces=["one", gate, "two"]))
    connection = connect(llm_server)
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    connection.request("POST", CHAT, json.dumps(body))
    response = connection.getresponse()
    gate.wait_until_reached()
    read = b""
    while b"one" not in read:
        read += response.readline()
    assert not llm_server.requests[0].ended.is_set()
    gate.open()
    assert b"two" in response.read()
    assert llm_server.requests[0].ended.wait(60)
    connection.close()


def test_images_in_messages_are_decoded(llm_server: LLMServer) -> None:
    png = base64.b64encode(b"not really").decode()
    urls = [
        f"data:image/png;base64,{png}",
        "https://example.org/x.jpg",
        "data:image/png;base64,%",
        "data:text/plain,a%20b",
    ]
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    got = chat(llm_server, messages=[{"role": "user", "content": [{"type": "text", "text": "see"}, *parts]}])
    assert got.text == "see"
    assert got.document["usage"]["prompt_tokens"] == 1 + 4 * 85
    assert llm_server.requests[0].images == [
        Image("image/png", b"not really", urls[0]),
        Image("", None, urls[1]),
        Image("image/png", None, urls[2]),
        Image("text/plain", b"a b", urls[3]),
    ]


def test_a_wanted_schema_is_kept_when_nothing_is_scripted(llm_server: LLMServer) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}, "size": {"enum": ["s", "m"]}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "shirt", "strict": True, "schema": schema}}
    assert json.loads(chat(llm_server, response_format=wanted).text) == {"name": "text", "size": "s"}
    assert chat(llm_server, response_format={"type": "json_object"}).text == "{}"
    assert chat(llm_server, response_format={"type": "text"}).text == "hi"
    llm_server.queue("does not fit")
    assert chat(llm_server, response_format=wanted).text == "does not fit"


def test_everything_of_a_request_is_remembered(llm_server: LLMServer) -> None:
    got = chat(llm_server, temperature=0.5)
    (request,) = llm_server.requests
    assert (request.method, request.path, request.model, request.streams) == ("POST", CHAT, "m", False)
    assert request.json["temperature"] == 0.5
    assert request.headers["content-type"] == "application/json"
    assert (request.key, request.last_input, request.images) == (None, "hi", [])
    assert request.ended.wait(60)
    assert (request.sent, request.hung_up) == (len(got.body), False)
    assert llm_server.chats == [request]
    llm_server.clear()
    assert llm_server.requests == []
