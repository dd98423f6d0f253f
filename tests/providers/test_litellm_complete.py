"""Whole answers of litellm, from a real server on loopback."""

from __future__ import annotations

import threading

import pytest

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.litellm_load import load
from llmspell.providers.litellm_provider import LiteLLMProvider
from llmspell.providers.provider import ModelRequest
from llmspell.providers.settings import ProviderSettings
from llmspell.testing import Answer, Failure, LLMServer, Plain, Usage
from tests.providers.conftest import DEADLINE, KEY, MakeProvider, ask


def test_an_answer_comes_with_its_figures(server: LLMServer, provider: LiteLLMProvider) -> None:
    answer = provider.complete(ask("hi"))
    assert answer.text == "hello"
    assert answer.model == "some-model"
    assert (answer.prompt_tokens, answer.completion_tokens) == (3, 2)
    assert answer.finish_reason == "stop"
    assert answer.cost_usd is None, "nobody knows the price of some-model"
    (request,) = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.json == {"model": "some-model", "messages": [{"role": "user", "content": "hi"}]}
    assert request.headers["authorization"] == f"Bearer {KEY}"


def test_temperature_and_max_tokens_are_sent(server: LLMServer, provider: LiteLLMProvider) -> None:
    provider.complete(ask()._replace(temperature=0.5, max_tokens=7))
    assert server.requests[0].json["temperature"] == 0.5
    assert server.requests[0].json["max_tokens"] == 7


def test_a_known_model_has_a_cost(make: MakeProvider) -> None:
    answer = make("openai").complete(ask(model="gpt-4o"))
    assert answer.cost_usd == pytest.approx(3 * 2.5e-6 + 2 * 10e-6)


def test_a_model_may_hold_slashes(server: LLMServer, provider: LiteLLMProvider) -> None:
    assert provider.complete(ask(model="org/family/model")).model == "org/family/model"
    assert server.requests[0].json["model"] == "org/family/model"


def test_why_an_answer_ended_is_passed_on(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Answer("hel", finish_reason="length"))
    assert provider.complete(ask()).finish_reason == "length"


def test_tokens_that_are_not_reported_are_counted(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Answer("one two three four", reports_usage=False))
    answer = provider.complete(ask("hi there"))
    assert answer.prompt_tokens > 0
    assert answer.completion_tokens == 4


@pytest.mark.parametrize("reported", [2**70, -5])
def test_absurd_figures_are_brought_into_bounds(server: LLMServer, provider: LiteLLMProvider, reported: int) -> None:
    server.queue(Answer("x", usage=Usage(reported, 1)))
    assert 0 < provider.complete(ask()).prompt_tokens <= 2**53


def test_an_empty_answer_is_an_answer(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Answer(""))
    assert provider.complete(ask()).text == ""


def test_half_a_surrogate_pair_in_an_answer_can_travel(server: LLMServer, provider: LiteLLMProvider) -> None:
    server.queue(Answer("a\ud800b"))
    assert provider.complete(ask()).text.encode() == b"a?b"


def test_a_base_url_without_a_key_gets_no_real_key(server: LLMServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    provider = LiteLLMProvider("local", ProviderSettings(base_url=server.base_url), environ={"OPENAI_API_KEY": KEY})
    provider.complete(ask())
    provider.close()
    assert KEY not in str(server.requests[0].headers)
    assert server.requests[0].key == "no-key"


def test_a_missing_key_is_named_and_nothing_is_sent(server: LLMServer) -> None:
    settings = ProviderSettings(base_url=server.base_url, api_key_env="MY_KEY")
    with pytest.raises(CallError, match="provider 'local' has no key: set the environment variable MY_KEY") as e:
        LiteLLMProvider("local", settings, environ={"MY_KEY": ""}).complete(ask())
    assert e.value.kind is ErrorKind.PROVIDER
    with pytest.raises(CallError, match="set the environment variable OPENAI_API_KEY"):
        LiteLLMProvider("openai", ProviderSettings(), environ={}).complete(ask())
    assert server.requests == []


def test_a_name_that_says_no_service_needs_a_base_url() -> None:
    with pytest.raises(CallError, match="no base_url, and its model 'plain' names no service") as caught:
        LiteLLMProvider("work", ProviderSettings(), environ={}).complete(ask(model="plain"))
    assert caught.value.kind is ErrorKind.NOT_FOUND


@pytest.mark.parametrize("name", ["deepseek", "groq", "hosted_vllm", "mistral", "openrouter", "together_ai", "xai"])
def test_other_services_go_through_the_watched_connection(server: LLMServer, make: MakeProvider, name: str) -> None:
    provider = make(name)
    assert provider.complete(ask()).text == "hello"
    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_service_that_we_cannot_watch_still_answers(server: LLMServer, make: MakeProvider) -> None:
    assert make("perplexity").complete(ask()).text == "hello"
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_anthropic_answers_in_its_own_protocol(server: LLMServer, make: MakeProvider) -> None:
    message = {
        "id": "1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [{"type": "text", "text": "bonjour"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 4, "output_tokens": 1},
    }
    server.answer(Plain(message), path="/v1/messages")
    answer = make("anthropic", base_url=server.base_url.removesuffix("/v1")).complete(ask())
    assert (answer.text, answer.prompt_tokens, answer.completion_tokens) == ("bonjour", 4, 1)
    assert server.requests[0].path == "/v1/messages"
    assert server.requests[0].headers["x-api-key"] == KEY


def test_calls_after_close_work(server: LLMServer, provider: LiteLLMProvider) -> None:
    provider.complete(ask())
    provider.close()
    assert provider.complete(ask()).text == "hello"
    assert len(server.requests) == 2


def test_what_is_known_without_a_call() -> None:
    settings = ProviderSettings(default_model="small", models=("small", "large"))
    provider = LiteLLMProvider("local", settings, environ={})
    assert provider.blocking
    assert provider.default_model == "small"
    assert provider.capabilities.available_models == ("small", "large")
    assert provider.capabilities.max_context_tokens is None
    provider.close()


def test_nothing_is_printed(provider: LiteLLMProvider, server: LLMServer, capfd: pytest.CaptureFixture[str]) -> None:
    provider.complete(ask())
    server.queue(Failure(500), Failure(500))
    with pytest.raises(CallError):
        provider.complete(ask())
    with pytest.raises(CallError):
        list(provider.stream(ask()))
    assert capfd.readouterr() == ("", "")


def test_who_asked_litellm_to_be_told_of_calls_is_told_of_ours(
    provider: LiteLLMProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = threading.Event()
    monkeypatch.setattr(load(), "success_callback", [lambda *_: told.set()])  # its own way to be told
    provider.complete(ask())
    assert told.wait(DEADLINE)


def test_the_request_is_left_as_it_was(provider: LiteLLMProvider) -> None:
    request = ModelRequest("m", ({"role": "user", "content": "hi"},))
    provider.complete(request)
    assert request == ModelRequest("m", ({"role": "user", "content": "hi"},))


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("model", ["o1-pro", "gpt-5-codex"])
def test_every_model_is_asked_by_chat_completions(
    server: LLMServer, provider: LiteLLMProvider, model: str, streams: bool
) -> None:
    """Whatever litellm would rather call: the other way is by a client that nobody watches."""
    request = ask("hi", model=model)
    text = "".join(each.text for each in provider.stream(request)) if streams else provider.complete(request).text
    assert text == "hello"
    assert [(each.path, each.model) for each in server.requests] == [("/v1/chat/completions", model)]


@pytest.mark.parametrize("name", ["local", "openai", "mistral"])
@pytest.mark.parametrize("model", ["http://127.0.0.1:9/v1", "responses/gpt-4o"], ids=["address", "way"])
def test_a_model_that_says_where_or_how_to_ask_is_sent_nowhere(
    server: LLMServer, make: MakeProvider, name: str, model: str
) -> None:
    provider = make(name)
    expected = "says where or how to ask, and a model has a name only; where questions go is said by base_url"
    with pytest.raises(CallError, match=expected) as caught:
        provider.complete(ask(model=model))
    assert caught.value.kind is ErrorKind.VALIDATION
    with pytest.raises(CallError, match=expected):
        next(iter(provider.stream(ask(model=model))))
    assert server.requests == []
