"""The provider for real models: litellm, which speaks to all of them.

The only module that imports litellm, and on the first call only: the import takes 3 s and 167 MiB.
This file keeps the rules that litellm asks nobody but the provider (no price list, tokenizer, `.env` file or
telemetry is fetched), prints nothing, and gets keys from the passed-in environment by the configured name.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from llmspell.errors import CallError, ErrorKind
from llmspell.limits import MIB
from llmspell.providers.prefixes import WATCHED, Route, key_names, route
from llmspell.providers.provider import Capabilities, Chunk, Completion, ModelRequest
from llmspell.providers.settings import ConfiguredProvider

if TYPE_CHECKING:
    import httpx

    from llmspell.providers.litellm_call import Call

ANSWER_CAP = 4 * MIB
"""The largest answer, in bytes of UTF-8."""

TIMEOUT_SECONDS = 60.0
"""How long a provider may be silent when nothing is configured."""

NO_KEY = "no-key"
"""Sent as the key where none is configured for a `base_url`: else litellm sends the public service's."""

_NEEDED = frozenset(
    {"accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host"}
)
"""Headers, in lower case, without which there is no request."""

_LOCAL = "MODEL_COST_MAP ANTHROPIC_BETA_HEADERS BLOG_POSTS POLICY_TEMPLATES AUTOROUTER_PRESETS"
"""What litellm would fetch from its repository, by the end of the variable that makes it use its own copy."""


class LiteLLMProvider:
    """A provider that litellm reaches. Safe to call from several threads at once.

    `environ` holds the keys; `clock` is monotonic seconds, `now` the time of day in seconds since 1970.
    `close` drops idle connections; calls may follow it.
    """

    __slots__ = ("_answer_cap", "_client", "_clock", "_environ", "_lock", "_now", "_settings", "name")

    def __init__(
        self,
        name: str,
        settings: ConfiguredProvider,
        *,
        environ: Mapping[str, str],
        answer_cap: int = ANSWER_CAP,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._settings = settings
        self._environ = environ
        self._answer_cap = answer_cap
        self._clock = clock
        self._now = now
        self._client: httpx.Client | None = None
        self._lock = threading.Lock()

    @property
    def blocking(self) -> bool:
        """Always: a call waits for the network."""
        return True

    @property
    def default_model(self) -> str | None:
        """The configured one, if any."""
        return self._settings.default_model

    @property
    def capabilities(self) -> Capabilities:
        """What is known without a call: only what is configured."""
        return Capabilities(available_models=self._settings.models)

    @property
    def notice(self) -> None:
        """Nothing: it is what it seems."""
        return

    def complete(self, request: ModelRequest) -> Completion:
        """The whole answer. Raises CallError."""
        call = self._prepare(request, streams=False)
        try:
            return call.guard(lambda: _whole(call))
        finally:
            call.exchange.release()

    def stream(self, request: ModelRequest) -> Iterator[Chunk]:
        """The answer as it comes. Nothing is asked before the first `next`, which raises CallError.

        The last chunk has no text of its own. `close()` of the iterator works from any thread, at any time.
        """
        from llmspell.providers.litellm_stream import LiteLLMStream

        return LiteLLMStream(lambda: self._prepare(request, streams=True))

    def close(self) -> None:
        """Closes the connections that are kept for the next call."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _prepare(self, request: ModelRequest, *, streams: bool) -> Call:
        to = self._route(request.model)
        litellm = _load()
        from llmspell.providers.exchange import Exchange
        from llmspell.providers.failure import Asked
        from llmspell.providers.litellm_call import Call

        names = key_names(self._settings, to.prefix)
        key = self._key(names, request.model)
        timeout = self._settings.timeout_seconds or TIMEOUT_SECONDS
        exchange = Exchange(
            cap=6 * self._answer_cap + MIB,  # JSON may write one byte as the six of \u0061
            deadline=None if streams else self._clock() + timeout,
            clock=self._clock,
            now=self._now,
        )
        arguments = {
            "model": to.specifier,
            "messages": [dict(message) for message in request.messages],
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
            "timeout": timeout,
            "num_retries": 0,
            "max_retries": 0,
            "api_key": key,
            "base_url": self._settings.base_url,
            "client": self._watched(to, key),
        }
        if streams:
            arguments |= {"stream": True, "stream_options": {"include_usage": True}}
        secrets = () if key is None else (key,)
        asked = Asked(self.name, request.model, names, secrets, timeout, self._settings.models)
        present = {name: value for name, value in arguments.items() if value is not None}
        return Call(litellm, present, exchange, asked, to, self._answer_cap)

    def _route(self, model: str) -> Route:
        to = route(self.name, self._settings, model)
        if to is None:
            message = (
                f"provider {self.name!r} has no base_url, and its model {model[:200]!r} names no service; "
                "write base_url, or a model like openai/gpt-4o"
            )
            raise CallError(ErrorKind.NOT_FOUND, message, self._details(model))
        return to

    def _key(self, names: tuple[str, ...], model: str) -> str | None:
        for name in names:
            if self._environ.get(name):
                return self._environ[name]
        if names:
            message = f"provider {self.name!r} has no key: set the environment variable {names[0]}"
            raise CallError(ErrorKind.PROVIDER, message, self._details(model))
        return NO_KEY if self._settings.base_url is not None else None

    def _details(self, model: str) -> dict[str, Any]:
        return {"provider": self.name, "model": model[:200], "status": None, "retryable": False}

    def _watched(self, to: Route, key: str | None) -> Any:
        """Our HTTP client in the form in which litellm takes it for this prefix, None where it takes none."""
        if to.prefix != "openai" and to.prefix not in WATCHED:
            return None
        from llmspell.providers.exchange import watched_client

        foreign = _foreign_headers() if self._settings.base_url is not None else {}
        with self._lock:
            if self._client is None:
                self._client = watched_client(unsent=[name for name in foreign if name not in _NEEDED])
            client = self._client
        if to.prefix in WATCHED:
            from litellm.llms.custom_httpx.http_handler import HTTPHandler

            return HTTPHandler(client=client)
        from openai import OpenAI

        own = {spelling: f"Bearer {key}" for name, spelling in foreign.items() if name == "authorization"}
        return OpenAI(
            api_key=key, base_url=self._settings.base_url, http_client=client, max_retries=0, default_headers=own
        )


def _foreign_headers() -> dict[str, str]:
    """What the OpenAI library and litellm take from the environment for the public service, which is for nobody
    else: the names of headers in lower case, each as it is spelled there."""
    lines = os.environ.get("OPENAI_CUSTOM_HEADERS", "").split("\n")
    custom = [line.partition(":")[0].strip() for line in lines if ":" in line]
    return {name.lower(): name for name in (*custom, "OpenAI-Organization", "OpenAI-Project")}


def _whole(call: Call) -> Completion:
    response = call.litellm.completion(**call.arguments)
    choice = response.choices[0]
    text = call.checked(choice.message.content or "", 0)
    return call.completion(text, getattr(response, "usage", None), choice.finish_reason)


def _load() -> Any:
    """litellm, quiet and offline. Its import reads the environment, so what it reads there is set first."""
    for name in _LOCAL.split():
        os.environ[f"LITELLM_LOCAL_{name}"] = "True"
    os.environ["LITELLM_MODE"] = "PRODUCTION"  # else it reads a `.env` file, a cloned repository's perhaps
    import litellm

    litellm.telemetry = False
    litellm.suppress_debug_info = True  # else an error prints advice to stdout
    litellm.disable_streaming_logging = True
    litellm.disable_hf_tokenizer_download = True
    for logger in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"):
        logging.getLogger(logger).disabled = True
    return litellm
