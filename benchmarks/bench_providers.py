"""A model call through our provider beside the same call by litellm directly, on the same server in the same run."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from conftest import Ratios, alternate, median

from llmspell.providers.litellm_load import load, preload
from llmspell.providers.litellm_provider import LiteLLMProvider
from llmspell.providers.provider import ModelRequest
from llmspell.providers.settings import ProviderSettings
from llmspell.testing import Answer, LLMServer, Usage

ROUNDS = 400
BLOCK = 20
ADDED_MS = 0.5
QUESTION = ({"role": "user", "content": "What is the capital of France?"},)
REQUEST = ModelRequest("some-model", QUESTION)


@pytest.fixture(scope="module")
def server() -> Iterator[LLMServer]:
    with LLMServer() as server:
        server.answer(Answer("Paris, as every child knows.", usage=Usage(14, 6)))
        yield server


@pytest.fixture(scope="module")
def provider(server: LLMServer) -> Iterator[LiteLLMProvider]:
    provider = LiteLLMProvider("local", ProviderSettings(base_url=server.base_url), environ={})
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def direct(server: LLMServer) -> Iterator[dict[str, Any]]:
    """The arguments of litellm for the same call, with a client that is kept, as its documentation advises."""
    load()
    from openai import OpenAI

    client = OpenAI(api_key="no-key", base_url=server.base_url, max_retries=0)
    yield {
        "model": "openai/some-model",
        "messages": [dict(message) for message in QUESTION],
        "client": client,
        "base_url": server.base_url,
        "api_key": "no-key",
        "timeout": 60.0,
        "num_retries": 0,
    }
    client.close()


def test_a_whole_answer(server: LLMServer, provider: LiteLLMProvider, direct: dict[str, Any], ratios: Ratios) -> None:
    litellm = load()
    for _ in range(20):
        litellm.completion(**direct)
        provider.complete(REQUEST)
    bare: list[float] = []
    ours: list[float] = []
    for _ in range(ROUNDS // BLOCK):  # what litellm does after an answer, on a thread, falls on its own next call
        bare += _times(lambda: litellm.completion(**direct))
        ours += _times(lambda: provider.complete(REQUEST))
    server.requests.clear()
    _add(ratios, "a model call, added ms", bare, ours)


def test_the_first_chunk(server: LLMServer, provider: LiteLLMProvider, direct: dict[str, Any], ratios: Ratios) -> None:
    litellm = load()
    asked = direct | {"stream": True, "stream_options": {"include_usage": True}}
    bare: list[float] = []
    ours: list[float] = []
    for _ in range(ROUNDS):
        bare.append(_first(litellm.completion, asked))
        ours.append(_first(lambda: provider.stream(REQUEST), {}))
    server.requests.clear()
    _add(ratios, "a stream's first chunk, added ms", bare[20:], ours[20:])


def test_what_a_call_takes_is_known_at_once(provider: LiteLLMProvider, ratios: Ratios) -> None:
    provider.estimate(REQUEST)
    times, _ = alternate(lambda: provider.estimate(REQUEST), lambda: None, ROUNDS)
    ratios.add("estimate of a call, ms", "no floor", median(times) * 1e3, ADDED_MS)


def test_an_import_that_was_begun_early_is_not_waited_for(ratios: Ratios) -> None:
    """What a thread that imports costs the thread that runs: here nothing is left, the import is over."""
    begun = time.perf_counter()
    preload().join()
    load()
    ratios.add("litellm when it is loaded, ms", f"{len(sys.modules)} modules", (time.perf_counter() - begun) * 1e3, 50)


def _first(ask: Any, arguments: dict[str, Any]) -> float:
    """Seconds to the first chunk with text; the rest is read outside of the time."""
    begun = time.perf_counter()
    stream = iter(ask(**arguments))
    for chunk in stream:
        text = chunk.text if hasattr(chunk, "text") else (chunk.choices[0].delta.content if chunk.choices else "")
        if text:
            break
    taken = time.perf_counter() - begun
    for _ in stream:
        pass
    return taken


def _times(ask: Callable[[], object]) -> list[float]:
    """Seconds of each call of a block, without its first."""
    times: list[float] = []
    for _ in range(BLOCK):
        begun = time.perf_counter()
        ask()
        times.append(time.perf_counter() - begun)
    return times[1:]


def _add(ratios: Ratios, name: str, bare: list[float], ours: list[float]) -> None:
    added = (median(ours) - median(bare)) * 1e3
    ratios.add(name, f"{median(ours) * 1e3:.2f} ms beside {median(bare) * 1e3:.2f} ms", added, ADDED_MS)
