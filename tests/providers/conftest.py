"""Providers that ask a model server."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from llmspell.providers.litellm_provider import LiteLLMProvider
from llmspell.providers.provider import ModelRequest
from llmspell.providers.settings import Price, ProviderSettings
from llmspell.testing import Answer, LLMServer, Usage

DEADLINE = 60.0
"""Seconds that any wait in these tests may take."""

KEY = "sk-secret-0123456789"
MakeProvider = Callable[..., LiteLLMProvider]


@pytest.fixture(scope="module", autouse=True)
def _litellm_leaves_an_event_loop() -> Iterator[None]:
    """It makes one for the main thread and never closes it: closed here, it is no other test's leak."""
    yield
    for thing in gc.get_objects():
        if isinstance(thing, asyncio.AbstractEventLoop) and not thing.is_closed() and not thing.is_running():
            thing.close()


@pytest.fixture
def server(llm_server: LLMServer) -> LLMServer:
    """A server that says hello to what nothing is queued for."""
    llm_server.answer(Answer("hello", usage=Usage(3, 2)))
    return llm_server


@pytest.fixture
def make(server: LLMServer) -> Iterator[MakeProvider]:
    """Makes providers for the server; keywords replace settings, and `key` the key."""
    made: list[LiteLLMProvider] = []

    def make(
        name: str = "local",
        *,
        base_url: str | None = None,
        key: str = KEY,
        api_key_env: str | None = "LOCAL_KEY",
        timeout_seconds: float = DEADLINE,
        answer_cap: int = 4 * 1024 * 1024,
        max_retries: int = 0,
        prices: Mapping[str, Price] | None = None,
        **options: Any,
    ) -> LiteLLMProvider:
        settings = ProviderSettings(
            base_url=base_url or server.base_url,
            api_key_env=api_key_env,
            timeout_seconds=timeout_seconds,
            max_retries=max_retries,
            prices=prices or {},
        )
        made.append(LiteLLMProvider(name, settings, environ={"LOCAL_KEY": key}, answer_cap=answer_cap, **options))
        return made[-1]

    yield make
    for provider in made:
        provider.close()


@pytest.fixture
def provider(make: MakeProvider) -> LiteLLMProvider:
    """A provider without a price list entry, for the server."""
    return make()


def ask(text: str = "hi", model: str = "some-model") -> ModelRequest:
    """A request with one user message."""
    return ModelRequest(model, ({"role": "user", "content": text},))
