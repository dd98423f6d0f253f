"""The provider for real models: litellm, which speaks to all of them.

This file keeps the rules that litellm is loaded by a call and by nothing else (3 s), that keys come from the passed-in
environment by the configured name, and that a call has one deadline, whatever is tried within it.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from llmspell.errors import CallError, ErrorKind
from llmspell.limits import MIB
from llmspell.providers.attempts import Attempts, Wait
from llmspell.providers.figures import estimate
from llmspell.providers.keys import read_key
from llmspell.providers.litellm_client import Connections
from llmspell.providers.litellm_load import load
from llmspell.providers.model_table import ModelFacts, capabilities_of, facts_of, models_of
from llmspell.providers.pace import Pace
from llmspell.providers.prefixes import Route, key_names, route
from llmspell.providers.provider import Chunk, Completion, Estimate, ModelRequest, ProviderCapabilities, final_of
from llmspell.providers.settings import ConfiguredProvider

if TYPE_CHECKING:
    from llmspell.providers.litellm_call import Call
    from llmspell.providers.litellm_stream import LiteLLMStream
    from llmspell.providers.litellm_whole import Ask

ANSWER_CAP = 4 * MIB
"""The largest answer, in bytes of UTF-8."""

TIMEOUT_SECONDS = 60.0
"""How long a provider may be silent when nothing is configured."""

MEDIA_TIMES = 6
"""How much larger than its text the largest body is: JSON may write one byte as the six of \\u0061, and media are
some MiB in base64."""

_WAY = "responses/"
"""litellm asks for the model behind it, and sends the key to a model that is an address: a model that was granted, and
bounded, by one name would be another one."""

NO_KEY = "no-key"
"""Sent as the key where none is configured for a `base_url`: else litellm sends the public service's."""


class LiteLLMProvider:
    """A provider that litellm reaches. Safe to call from several threads at once.

    `environ` holds the keys; `clock` is monotonic seconds, `now` the time of day in seconds since 1970, `wait` waits
    for an event, `chance` spreads retries. `close` ends the calls that are open and drops idle connections; calls may
    follow.
    """

    __slots__ = (
        "_answer_cap",
        "_chance",
        "_clock",
        "_connections",
        "_environ",
        "_lock",
        "_now",
        "_open",
        "_pace",
        "_settings",
        "_wait",
        "name",
    )

    def __init__(
        self,
        name: str,
        settings: ConfiguredProvider,
        *,
        environ: Mapping[str, str],
        answer_cap: int = ANSWER_CAP,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        wait: Wait = threading.Event.wait,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self._settings = settings
        self._environ = environ
        self._answer_cap = answer_cap
        self._clock = clock
        self._now = now
        self._wait = wait
        self._chance = chance
        self._connections = Connections(settings.base_url)
        self._pace = Pace(settings.requests_per_minute, clock)
        self._open: set[LiteLLMStream] = set()
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
    def capabilities(self) -> ProviderCapabilities:
        """Those of the default model, as far as it is known; without one, only what is configured."""
        return self.capabilities_of(self._settings.default_model)

    @property
    def notice(self) -> None:
        """Nothing: it is what it seems."""
        return

    @property
    def is_local(self) -> bool:
        """Whether its server is on this machine: what nobody knows the price of costs nothing there."""
        import ipaddress
        from urllib.parse import urlsplit

        try:
            host = urlsplit(self._settings.base_url or "").hostname or ""
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def capabilities_of(self, model: str | None) -> ProviderCapabilities:
        """What a model can do, from litellm's list: nobody is asked, and litellm is not loaded."""
        return capabilities_of(self._facts(model) if model else None, self._settings.models)

    def complete(self, request: ModelRequest) -> Completion:
        """The whole answer. Raises CallError."""
        final = final_of(self.whole(request))
        if final is None:
            message = f"provider {self.name!r}: the call was closed before its answer ended"
            raise CallError(ErrorKind.PROVIDER, message, {**self._details(request.model), "closed": True})
        return final

    def whole(self, request: ModelRequest) -> Iterator[Chunk]:
        """The whole answer as the chunks of a stream that any thread may close while another waits for it."""
        return self._stream(request, streams=False, ask_whole=self._ask(request))

    def stream(self, request: ModelRequest) -> Iterator[Chunk]:
        """The answer as it comes. Nothing is asked before the first `next`, which raises CallError.

        The last chunk has no text of its own. `close()` of the iterator works from any thread, at any time.
        """
        from llmspell.providers.litellm_whole import chat

        ask = self._ask(request)
        return self._stream(request, streams=True, ask_whole=None if ask is chat else ask)

    def estimate(self, request: ModelRequest) -> Estimate:
        """What `request` takes at the most. Asks nobody, and raises nothing."""
        to = route(self.name, self._settings, request.model)
        facts = None if to is None else facts_of(to)
        specifier = request.model if to is None else to.specifier

        def count(text: str) -> int:
            try:
                return int(load().token_counter(model=specifier, text=text))
            except Exception:  # noqa: BLE001  a boundary: litellm's counters raise what their libraries do
                return len(text.encode("utf-8", "replace"))  # no tokenizer makes more of it

        return estimate(request, facts, self._settings.prices, count)

    def close(self) -> None:
        """Ends every open call, and closes the connections that are kept for the next one."""
        with self._lock:
            streams = list(self._open)
        for stream in streams:
            stream.close()
        self._connections.close()

    def _ask(self, request: ModelRequest) -> Ask:
        """The way to ask for a whole answer of this model."""
        from llmspell.providers.litellm_whole import chat, images, speech

        facts = self._facts(request.model)
        if facts.makes_images if facts is not None else request.modalities == ("image",):
            return images
        if facts.speaks if facts is not None else request.modalities == ("audio",):
            return speech
        return chat

    def _stream(self, request: ModelRequest, *, streams: bool, ask_whole: Ask | None) -> LiteLLMStream:
        from llmspell.providers.litellm_stream import LiteLLMStream

        settings = self._settings
        attempts = Attempts(
            self.name,
            self._pace,
            max_retries=settings.max_retries,
            seconds=settings.timeout_seconds or TIMEOUT_SECONDS,
            clock=self._clock,
            wait=self._wait,
            chance=self._chance,
        )
        return LiteLLMStream(
            attempts,
            lambda: self._prepare(request, attempts, streams=streams, ask_whole=ask_whole),
            ask_whole=ask_whole,
            when_begun=self._opened,
            when_over=self._over,
        )

    def _opened(self, stream: LiteLLMStream) -> None:
        with self._lock:
            self._open.add(stream)

    def _over(self, stream: LiteLLMStream) -> None:
        with self._lock:
            self._open.discard(stream)

    def _prepare(self, request: ModelRequest, attempts: Attempts, *, streams: bool, ask_whole: Ask | None) -> Call:
        try:
            return self._prepared(request, attempts, streams=streams, ask_whole=ask_whole)
        except CallError as error:
            error.details = {**self._details(request.model), **error.details}
            raise

    def _prepared(self, request: ModelRequest, attempts: Attempts, *, streams: bool, ask_whole: Ask | None) -> Call:
        to = self._route(request.model)
        facts = facts_of(to)
        from llmspell.providers.exchange import Exchange
        from llmspell.providers.failure import Asked
        from llmspell.providers.litellm_call import Call
        from llmspell.providers.litellm_request import arguments_for

        asking = arguments_for(request, facts, ask_whole=ask_whole, streams=streams)  # before 3 s of loading
        names = key_names(self._settings, to.prefix)
        key = read_key(self.name, names, self._environ)
        if key is None and self._settings.base_url is not None:
            key = NO_KEY
        timeout = self._settings.timeout_seconds or TIMEOUT_SECONDS
        before = self._clock()
        litellm = load()
        attempts.allow(self._clock() - before)
        left = timeout if streams else max(attempts.seconds_left, 0.001)
        exchange = Exchange(
            cap=MEDIA_TIMES * self._answer_cap + MIB,
            deadline=None if streams else self._clock() + left,
            head_seconds=left,
            clock=self._clock,
            now=self._now,
        )
        arguments = {
            "model": to.specifier,
            **asking,
            "timeout": left,
            "num_retries": 0,
            "max_retries": 0,
            "api_key": key,
            "api_base": self._settings.base_url,
            "client": self._connections.client(to, key),
            "_skip_responses_api_bridge": True,  # by a client of its own, which nobody watches, and the mcp package
        }
        known = self._settings.models
        if not known and self._settings.base_url is None:
            known = models_of(to.prefix)
        asked = Asked(self.name, request.model, names, () if key is None else (key,), timeout, known)
        present = {name: value for name, value in arguments.items() if value is not None}
        return Call(litellm, present, exchange, asked, to, self._answer_cap, facts, self._settings.prices)

    def _facts(self, model: str) -> ModelFacts | None:
        to = route(self.name, self._settings, model)
        return None if to is None else facts_of(to)

    def _route(self, model: str) -> Route:
        if "://" in model or model.startswith(_WAY):
            message = (
                f"provider {self.name!r}: model {model[:200]!r} says where or how to ask, and a model has a name only; "
                "where questions go is said by base_url"
            )
            raise CallError(ErrorKind.VALIDATION, message)
        to = route(self.name, self._settings, model)
        if to is None:
            message = (
                f"provider {self.name!r} has no base_url, and its model {model[:200]!r} names no service; "
                "write base_url, or a model like openai/gpt-4o"
            )
            raise CallError(ErrorKind.NOT_FOUND, message)
        return to

    def _details(self, model: str) -> dict[str, Any]:
        return {"provider": self.name, "model": model[:200], "status": None, "retryable": False}
