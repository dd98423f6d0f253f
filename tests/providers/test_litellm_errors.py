"""What a failing call of litellm raises: kind, status, next step, and never a key."""

from __future__ import annotations

import itertools
import socket

import pytest

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.exchange import ERROR_CAP
from llmspell.providers.litellm_provider import LiteLLMProvider
from llmspell.providers.settings import ProviderSettings
from llmspell.testing import Answer, Failure, Fault, LLMServer, Plain, Request
from tests.providers.conftest import DEADLINE, KEY, MakeProvider, ask


def failed(provider: LiteLLMProvider, model: str = "some-model") -> CallError:
    with pytest.raises(CallError) as caught:
        provider.complete(ask(model=model))
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind", "retryable", "step"),
    [
        (
            307,
            ErrorKind.PROVIDER,
            False,
            "a redirect is not followed: write the address it leads to as base_url",
        ),
        (400, ErrorKind.PROVIDER, False, "check the model's name and the request's parameters"),
        (401, ErrorKind.PROVIDER, False, "check the key in LOCAL_KEY"),
        (403, ErrorKind.PROVIDER, False, "check the key in LOCAL_KEY, and whether it may use this model"),
        (408, ErrorKind.PROVIDER, True, "try again later"),
        (413, ErrorKind.PROVIDER, False, "send less: a shorter conversation, or smaller media"),
        (404, ErrorKind.NOT_FOUND, False, "check the model's name and the provider's base_url"),
        (429, ErrorKind.PROVIDER, True, "wait before the next call, or ask for less"),
        (500, ErrorKind.PROVIDER, True, "try again later"),
        (502, ErrorKind.PROVIDER, True, "try again later"),
        (503, ErrorKind.PROVIDER, True, "try again later"),
        (529, ErrorKind.PROVIDER, True, "try again later"),
    ],
)
@pytest.mark.parametrize("name", ["local", "mistral"])
def test_an_error_status_says_what_and_what_next(
    server: LLMServer,
    make: MakeProvider,
    name: str,
    status: int,
    kind: ErrorKind,
    retryable: bool,
    step: str,
) -> None:
    server.queue(Failure(status, "the reason", headers={"location": "http://192.0.2.1/"}))
    error = failed(make(name))
    assert error.kind is kind
    assert error.details == {
        "provider": name,
        "model": "some-model",
        "status": status,
        "retryable": retryable,
    }
    assert error.message.startswith(f"provider '{name}', model 'some-model': answered {status}: ")
    assert error.message.endswith(f"; {step}")
    assert "the reason" in error.message
    assert len(server.requests) == 1, "nothing is tried again"


@pytest.mark.parametrize("key", [KEY, "no/usual+shape=0 1", 'quo"te\\d-key'])
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_a_key_in_an_error_is_masked(server: LLMServer, make: MakeProvider, status: int, key: str) -> None:
    def reply(request: Request) -> Failure:
        sent = request.headers["authorization"]
        return Failure(status, f"bad {sent} and sk-other-9876543210, see http://h/?key={key}")

    server.queue(reply)
    error = failed(make(key=key))
    shown = f"{error!r} {error.details!r}"
    assert key not in shown
    assert "sk-other" not in shown
    assert "***" in error.message
    assert error.__cause__ is None
    assert error.__context__ is None, "what litellm raised holds the key, and would be logged with it"


def test_a_key_in_the_name_of_a_model_is_masked_in_the_details(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Failure(404, "no"))
    error = failed(provider, model=f"m-{KEY}")
    assert KEY not in f"{error.message} {error.details}"


def test_a_server_that_does_not_answer_is_a_timeout(server: LLMServer, make: MakeProvider) -> None:
    for name in ("local", "mistral"):
        server.queue(Answer(pieces=[Fault.SILENCE]))
        error = failed(make(name, timeout_seconds=0.3))
        assert error.kind is ErrorKind.TIMEOUT
        assert "no answer within 0.3 s; try again, or raise its timeout_seconds" in error.message
        assert error.details["retryable"] is True
        assert error.details["status"] is None


def test_an_answer_that_dribbles_is_a_timeout(server: LLMServer) -> None:
    """Bytes keep coming, so no read times out: the clock moves on with each of them."""
    seconds = itertools.count()
    server.queue(Answer(pieces=["x", Fault.FLOOD]))
    settings = ProviderSettings(base_url=server.base_url, timeout_seconds=DEADLINE)
    provider = LiteLLMProvider("local", settings, environ={}, clock=lambda: float(next(seconds)))
    error = failed(provider)
    provider.close()
    assert error.kind is ErrorKind.TIMEOUT
    assert next(seconds) > DEADLINE


def test_a_refused_connection_names_the_next_step(make: MakeProvider) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can listen there
        for name in ("local", "mistral"):
            error = failed(make(name, base_url=f"http://127.0.0.1:{bound.getsockname()[1]}/v1"))
            assert error.kind is ErrorKind.PROVIDER
            assert "cannot be reached ([Errno 111] Connection refused)" in error.message
            assert error.message.endswith("check its base_url and the network")
            assert error.details["status"] is None
            assert error.details["retryable"] is True


def test_a_password_in_the_base_url_is_masked(server: LLMServer, make: MakeProvider) -> None:
    server.queue(Failure(400, "see http://user:pass@host/v1"))
    assert "pass" not in failed(make()).message


def test_a_connection_that_ends_before_the_answer(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Answer(pieces=[Fault.RESET]))
    error = failed(provider)
    assert "broke off its answer" in error.message
    assert error.details["retryable"] is True


@pytest.mark.parametrize("name", ["local", "mistral"])
def test_a_large_answer_is_dropped_before_it_is_in_memory(server: LLMServer, make: MakeProvider, name: str) -> None:
    server.queue(Answer(pieces=["x", Fault.FLOOD]))
    error = failed(make(name, answer_cap=1000))
    assert error.kind is ErrorKind.PROVIDER
    assert "its answer is larger than 1.0 MiB, so it was dropped" in error.message
    assert server.requests[0].ended.wait(DEADLINE)
    assert server.requests[0].hung_up
    assert server.requests[0].sent < 64 * 2**20


def test_a_large_error_is_dropped_as_well(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Failure(500, "x" * 2**21))
    error = failed(provider)
    assert "its answer is larger than 1 MiB" in error.message
    assert error.details["status"] == 500


def test_a_long_reason_is_cut(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Failure(500, "long\n\x1b[31m" + "x" * 5000))
    error = failed(provider)
    assert len(error.message) < 700
    assert error.message.isprintable()


def test_a_text_over_the_cap_is_an_error(server: LLMServer, make: MakeProvider) -> None:
    server.queue(Answer("x" * 1001), Answer("x" * 1000))
    error = failed(make(answer_cap=1000))
    assert "its answer is larger than 1000 bytes, so it was dropped; ask for less with max_tokens" in error.message
    assert len(make(answer_cap=1000).complete(ask()).text) == 1000


def test_a_compressed_answer_is_not_unpacked(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Plain({}, headers={"content-encoding": "gzip"}))
    assert "is compressed (gzip), though plain text was asked for" in failed(provider).message
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_an_encoding_that_is_none_is_not_taken_for_compression(server: LLMServer, provider: LiteLLMProvider) -> None:
    for encoding in ("", "Identity"):
        server.queue(Plain({"choices": []}, headers={"content-encoding": encoding}))
        assert "cannot be understood" in failed(provider).message


@pytest.mark.parametrize("body", [b"x" * (ERROR_CAP + 1), b""], ids=["too long", "compressed"])
def test_the_status_of_a_refusal_says_whether_a_retry_could_help_though_its_words_are_lost(
    server: LLMServer, provider: LiteLLMProvider, body: bytes
) -> None:
    server.queue(Plain(body, 503, {"content-encoding": "identity" if body else "gzip"}))
    error = failed(provider)
    assert error.message.startswith("provider 'local', model 'some-model': answered 503: its answer is ")
    assert (error.details["status"], error.details["retryable"]) == (503, True)


@pytest.mark.parametrize("body", [{}, {"choices": []}, [], "text", {"choices": [{"message": None}]}])
def test_an_answer_that_is_none_is_an_error(server: LLMServer, provider: LiteLLMProvider, body: object) -> None:
    server.queue(Plain(body))
    error = failed(provider)
    assert error.kind is ErrorKind.PROVIDER
    assert "its answer cannot be understood" in error.message
    assert "Traceback" not in error.message
    assert error.message.isprintable()
