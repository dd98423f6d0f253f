"""The errors and the broken answers that the test server can give."""

from __future__ import annotations

import http.client
import json
from datetime import UTC, datetime

import pytest

from llmspell.testing import HALF_CHARACTER, NONSENSE, Answer, Failure, Fault, Gate, LLMServer, Plain, Raw
from llmspell.testing.failures import USUAL
from tests.testing.client import CHAT, HI, Got, ask, chat, connect, post


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 529, 418])
@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_is_written_as_openai_writes_it(llm_server: LLMServer, status: int, stream: bool) -> None:
    llm_server.queue(Failure(status))
    got = chat(llm_server, stream=stream)
    assert got.status == status
    assert "retry-after" not in got.headers
    error = got.document["error"]
    assert sorted(error) == ["code", "message", "param", "type"]
    message, kind, code = USUAL.get(status, ("Something went wrong.", "api_error", None))
    assert (error["message"], error["type"], error["code"]) == (message, kind, code)


def test_a_failure_says_what_it_is_told(llm_server: LLMServer) -> None:
    llm_server.queue(
        Failure(429, "no credit", type="insufficient_quota", code="insufficient_quota", headers={"x-a": "b"})
    )
    got = chat(llm_server)
    assert got.headers["x-a"] == "b"
    assert got.document["error"] == {
        "message": "no credit",
        "type": "insufficient_quota",
        "param": None,
        "code": "insufficient_quota",
    }


@pytest.mark.parametrize(
    ("after", "header"),
    [
        (3, "3"),
        (0.25, "0.25"),
        ("soon", "soon"),
        (datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC), "Wed, 02 Jan 2030 03:04:05 GMT"),
    ],
)
def test_retry_after_is_seconds_or_a_date(llm_server: LLMServer, after: float | str | datetime, header: str) -> None:
    llm_server.queue(Failure(429, retry_after=after))
    assert chat(llm_server).headers["retry-after"] == header


def test_a_document_is_sent_as_it_is(llm_server: LLMServer) -> None:
    llm_server.queue(Plain({"a": 1}, 202), Plain(b"\xff", headers={"Content-Type": "x/y"}))
    first, second = chat(llm_server), chat(llm_server)
    assert (first.status, first.body, first.headers["content-type"]) == (202, b'{"a":1}', "application/json")
    assert (second.body, second.headers["content-type"]) == (b"\xff", "x/y")


def test_a_key_is_wanted_when_one_is_set(llm_server: LLMServer) -> None:
    llm_server.key = "sk-right-0123456789"
    missing, wrong = chat(llm_server), _chat_with_key(llm_server, "sk-wrong-0123456789")
    assert (missing.status, wrong.status) == (401, 401)
    assert missing.document["error"]["message"].startswith("You didn't provide an API key.")
    assert "Incorrect API key provided: sk-wrong*******6789." in wrong.document["error"]["message"]
    assert (
        _chat_with_key(llm_server, "short")
        .document["error"]["message"]
        .startswith("Incorrect API key provided: *****.")
    )
    assert _chat_with_key(llm_server, "sk-right-0123456789").status == 200
    assert [request.key for request in llm_server.requests][-1] == "sk-right-0123456789"
    assert ask(llm_server, "/v1/models").status == 401


def test_a_model_that_is_not_there_is_not_found(llm_server: LLMServer) -> None:
    llm_server.models = ("small", "large")
    assert chat(llm_server, model="small").status == 200
    missing = chat(llm_server, model="huge")
    assert (missing.status, missing.document["error"]["code"]) == (404, "model_not_found")
    assert "The model `huge` does not exist" in missing.document["error"]["message"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "We could not parse the JSON body"),
        (b"[]", "We could not parse the JSON body"),
        (b"[" * 100_000, "We could not parse the JSON body"),
        (b'{"messages": []}', "you must provide a model parameter"),
        (b'{"model": "m"}', "Missing required parameter: 'messages'."),
        (b'{"model": "m", "messages": []}', "Missing required parameter: 'messages'."),
        (b'{"model": "m", "messages": [{"role": "boss"}]}', "Invalid value for 'messages[0].role'"),
        (b'{"model": "m", "messages": [3]}', "Invalid value for 'messages[0].role'"),
    ],
)
def test_a_request_that_is_none_is_refused(llm_server: LLMServer, body: bytes, says: str) -> None:
    got = ask(llm_server, CHAT, body)
    assert got.status == 400
    assert got.document["error"]["message"].startswith(says)


@pytest.mark.parametrize(
    "fields",
    [
        {"stream_options": {"include_usage": True}},
        {"response_format": "json"},
        {"tools": {}},
        {"tools": [{"type": "function", "function": {}}]},
    ],
)
def test_parameters_that_cannot_be_meant_are_refused(llm_server: LLMServer, fields: dict[str, object]) -> None:
    llm_server.queue("not for this one")
    assert chat(llm_server, **fields).status == 400
    assert chat(llm_server).text == "not for this one"


def test_addresses_and_methods_that_do_not_exist(llm_server: LLMServer) -> None:
    assert post(llm_server, "/v1/nothing", {}).document["error"]["message"] == "Invalid URL (POST /v1/nothing)"
    assert ask(llm_server, CHAT).status == 405
    assert ask(llm_server, CHAT, method="DELETE").status == 405
    assert ask(llm_server, CHAT, method="MAGIC").status == 501
    assert ask(llm_server, CHAT, b"", headers={"content-length": "many"}).status == 411


def test_a_request_over_the_cap_is_read_and_refused() -> None:
    with LLMServer(max_body=1000) as server:
        assert ask(server, CHAT, b"x" * 1_000_000).status == 413
        assert ask(server, CHAT, b"x" * 1000).status == 400
        assert len(server.requests) == 1


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.CLOSE])
@pytest.mark.parametrize("stream", [False, True])
def test_a_connection_that_ends_before_the_head(llm_server: LLMServer, fault: Fault, stream: bool) -> None:
    llm_server.queue(Answer(pieces=[fault]))
    with pytest.raises(ConnectionError):
        chat(llm_server, stream=stream)


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.CLOSE])
@pytest.mark.parametrize("stream", [False, True])
def test_a_connection_that_ends_in_the_middle(llm_server: LLMServer, fault: Fault, stream: bool) -> None:
    gate = Gate()
    llm_server.queue(Answer(pieces=["half", gate, fault, "whole"]))
    connection = connect(llm_server)
    connection.request("POST", CHAT, json.dumps({"model": "m", "messages": HI, "stream": stream}))
    response = connection.getresponse()
    assert response.status == 200
    assert response.read(1)
    gate.open()
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        response.read()
    connection.close()


def test_a_body_that_stops_early_is_well_formed_for_http_only(llm_server: LLMServer) -> None:
    llm_server.answer(Answer(pieces=["half", Fault.STOP, "whole"]))
    streamed = chat(llm_server, stream=True)
    assert streamed.deltas == ["half"]
    assert "[DONE]" not in streamed.events
    with pytest.raises(ValueError, match=r"line \d+ column \d+"):
        _ = chat(llm_server).document


def test_a_stream_may_forget_to_say_that_it_is_done(llm_server: LLMServer) -> None:
    llm_server.queue(Answer("all", sends_done=False))
    assert chat(llm_server, stream=True).events[-1]["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize("raw", [NONSENSE, HALF_CHARACTER, Raw(b"\x00")])
@pytest.mark.parametrize("stream", [False, True])
def test_any_bytes_may_stand_in_the_middle(llm_server: LLMServer, raw: Raw, stream: bool) -> None:
    llm_server.queue(Answer(pieces=["half", raw, "whole"]))
    body = chat(llm_server, stream=stream).body
    assert body.count(raw.body) == 1
    assert b"half" in body or not stream


@pytest.mark.parametrize("fault", [Fault.SILENCE, Fault.FLOOD])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("begins", [(), ("",)])
def test_an_endless_answer_ends_when_the_client_hangs_up(
    llm_server: LLMServer, fault: Fault, stream: bool, begins: tuple[str, ...]
) -> None:
    llm_server.queue(Answer(pieces=[*begins, fault]))
    connection = connect(llm_server)
    connection.request("POST", CHAT, json.dumps({"model": "m", "messages": HI, "stream": stream}))
    request = llm_server.wait_for_request()
    if begins:
        assert connection.getresponse().read(1)
    connection.close()
    assert request.ended.wait(60)
    assert request.hung_up


def test_a_function_that_raises_is_a_500_and_an_error_of_the_server(llm_server: LLMServer) -> None:
    def reply(request: object) -> str:
        raise ValueError(f"did not expect {request}")

    llm_server.answer(reply)
    got = chat(llm_server)
    assert got.status == 500
    assert "did not expect Request(POST /v1/chat/completions" in got.document["error"]["message"]
    assert [type(error) for error in llm_server.errors] == [ValueError]
    llm_server.errors.clear()


def test_a_document_that_is_no_json_is_an_error_of_the_server(llm_server: LLMServer) -> None:
    llm_server.answer(Plain(object()))
    with pytest.raises(ConnectionError):
        chat(llm_server)
    llm_server.stop()  # waits for the thread
    assert [type(error) for error in llm_server.errors] == [TypeError]
    llm_server.errors.clear()


def _chat_with_key(server: LLMServer, key: str) -> Got:
    return post(server, CHAT, {"model": "m", "messages": HI}, authorization=f"Bearer {key}")
