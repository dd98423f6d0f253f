"""What a failing call of litellm raises: kind, status, next step, and never a key."""

from __future__ import annotations

import socket
import threading

import pytest

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.litellm_provider import LiteLLMProvider
from llmspell.providers.settings import ProviderSettings
from tests.providers.conftest import KEY, LITELLM_WARNINGS, MakeProvider, ask
from tests.providers.model_server import DEADLINE, ModelServer, Reply, completion, failure

pytestmark = LITELLM_WARNINGS


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
        (403, ErrorKind.PROVIDER, False, "check the key in LOCAL_KEY"),
        (404, ErrorKind.NOT_FOUND, False, "check the model's name and the provider's base_url"),
        (429, ErrorKind.PROVIDER, True, "wait before the next call, or ask for less"),
        (500, ErrorKind.PROVIDER, True, "try again later"),
        (503, ErrorKind.PROVIDER, True, "try again later"),
    ],
)
@pytest.mark.parametrize("name", ["local", "mistral"])
def test_an_error_status_says_what_and_what_next(
    server: ModelServer,
    make: MakeProvider,
    name: str,
    status: int,
    kind: ErrorKind,
    retryable: bool,
    step: str,
) -> None:
    server.reply = lambda reply: reply.json(failure("the reason"), status, location="http://192.0.2.1/")
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
    assert "the reason" in error.message or status == 307
    assert len(server.requests) == 1, "nothing is tried again"


@pytest.mark.parametrize("key", [KEY, "no/usual+shape=0 1", 'quo"te\\d-key'])
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_a_key_in_an_error_is_masked(server: ModelServer, make: MakeProvider, status: int, key: str) -> None:
    def reply(reply: Reply) -> None:
        sent = reply.request.headers["authorization"]
        reply.json(failure(f"bad {sent} and sk-other-9876543210, see http://h/?key={key}"), status)

    server.reply = reply
    error = failed(make(key=key))
    shown = f"{error!r} {error.details!r}"
    assert key not in shown
    assert "sk-other" not in shown
    assert "***" in error.message
    assert error.__cause__ is None
    assert error.__context__ is None, "what litellm raised holds the key, and would be logged with it"


def test_a_key_in_the_name_of_a_model_is_masked_in_the_details(server: ModelServer, provider: LiteLLMProvider) -> None:
    server.reply = lambda reply: reply.json(failure("no"), 404)
    error = failed(provider, model=f"m-{KEY}")
    assert KEY not in f"{error.message} {error.details}"


def test_a_server_that_does_not_answer_is_a_timeout(server: ModelServer, make: MakeProvider) -> None:
    release = threading.Event()

    def reply(_: Reply) -> None:
        release.wait(DEADLINE)

    server.reply = reply
    for name in ("local", "mistral"):
        error = failed(make(name, timeout_seconds=0.3))
        assert error.kind is ErrorKind.TIMEOUT
        assert "no answer within 0.3 s; try again, or raise its timeout_seconds" in error.message
        assert error.details["retryable"] is True
        assert error.details["status"] is None
    release.set()


def test_an_answer_that_dribbles_is_a_timeout(server: ModelServer) -> None:
    """Bytes keep coming, so no read times out: the clock moves on with each of them."""
    now = [0.0]

    def reply(reply: Reply) -> None:
        reply.head(200, {"content-type": "application/json", "content-length": "1000000"})
        while True:  # ends when the client hangs up
            reply.raw(b" ")
            now[0] += 1.0

    server.reply = reply
    settings = ProviderSettings(base_url=server.base_url, timeout_seconds=DEADLINE)
    provider = LiteLLMProvider("local", settings, environ={}, clock=lambda: now[0])
    error = failed(provider)
    provider.close()
    assert error.kind is ErrorKind.TIMEOUT
    assert now[0] > DEADLINE


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


def test_a_password_in_the_base_url_is_masked(server: ModelServer, make: MakeProvider) -> None:
    server.reply = lambda reply: reply.json(failure("see http://user:pass@host/v1"), 400)
    assert "pass" not in failed(make()).message


def test_a_connection_that_ends_before_the_answer(server: ModelServer, provider: LiteLLMProvider) -> None:
    server.reply = lambda reply: reply.reset()
    error = failed(provider)
    assert "broke off its answer" in error.message
    assert error.details["retryable"] is True


@pytest.mark.parametrize("name", ["local", "mistral"])
def test_a_large_answer_is_dropped_before_it_is_in_memory(server: ModelServer, make: MakeProvider, name: str) -> None:
    sent = [0]

    def reply(reply: Reply) -> None:
        reply.head(200, {"content-type": "application/json", "content-length": str(2**40)})
        while True:  # ends when the client hangs up
            reply.raw(b" " * 65536)
            sent[0] += 65536

    server.reply = reply
    error = failed(make(name, answer_cap=1000))
    assert error.kind is ErrorKind.PROVIDER
    assert "its answer is larger than 1.0 MiB, so it was dropped" in error.message
    assert sent[0] < 64 * 2**20


def test_a_large_error_is_dropped_as_well(server: ModelServer, provider: LiteLLMProvider) -> None:
    server.reply = lambda reply: reply.json(failure("x" * 2**21), 500)
    error = failed(provider)
    assert "its answer is larger than 1 MiB" in error.message
    assert error.details["status"] == 500


def test_a_long_reason_is_cut(server: ModelServer, provider: LiteLLMProvider) -> None:
    server.reply = lambda reply: reply.json(failure("long\n\x1b[31m" + "x" * 5000), 500)
    error = failed(provider)
    assert len(error.message) < 700
    assert error.message.isprintable()


def test_a_text_over_the_cap_is_an_error(server: ModelServer, make: MakeProvider) -> None:
    server.reply = lambda reply: reply.json(completion("x" * 1001))
    error = failed(make(answer_cap=1000))
    assert "its answer is larger than 1000 bytes, so it was dropped; ask for less with max_tokens" in error.message
    server.reply = lambda reply: reply.json(completion("x" * 1000))
    assert len(make(answer_cap=1000).complete(ask()).text) == 1000


def test_a_compressed_answer_is_not_unpacked(server: ModelServer, provider: LiteLLMProvider) -> None:
    server.reply = lambda reply: reply.json(completion("x"), content_encoding="gzip")
    assert "is compressed (gzip), though plain text was asked for" in failed(provider).message
    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("body", [{}, {"choices": []}, [], "text", {"choices": [{"message": None}]}])
def test_an_answer_that_is_none_is_an_error(server: ModelServer, provider: LiteLLMProvider, body: object) -> None:
    server.reply = lambda reply: reply.json(body)
    error = failed(provider)
    assert error.kind is ErrorKind.PROVIDER
    assert "its answer cannot be understood" in error.message
    assert "Traceback" not in error.message
    assert error.message.isprintable()
