"""What a provider is: it answers model calls, whole or chunk by chunk."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol


class Capabilities(NamedTuple):
    """What a provider can do; `None` tokens when unknown."""

    supports_streaming: bool = True
    supports_multimodal: bool = False
    max_context_tokens: int | None = None
    available_models: tuple[str, ...] = ()


class ModelRequest(NamedTuple):
    """One model call. `messages` are maps with `role` (system, user, assistant) and `content` (text)."""

    model: str
    messages: tuple[Mapping[str, Any], ...]
    temperature: float | None = None
    max_tokens: int | None = None


class Completion(NamedTuple):
    """A whole answer. `cost_usd` is None when the price is unknown."""

    text: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: str = "stop"
    cost_usd: float | None = 0.0


class Chunk(NamedTuple):
    """A piece of an answer. The last one of a stream, and no other, carries `final`: the whole answer."""

    text: str
    final: Completion | None = None


class Provider(Protocol):
    """Answers model calls. `blocking` says that a call may wait, so it is made on a thread.

    `complete` and `stream` raise `llmspell.errors.CallError` with kind `provider`, `timeout` or `not_found`;
    its details may hold `provider`, `model`, `status` and `retryable`, and never a key.
    Closing the iterator that `stream` gives frees the provider's connection.
    """

    @property
    def name(self) -> str: ...
    @property
    def blocking(self) -> bool: ...
    @property
    def default_model(self) -> str | None: ...
    @property
    def capabilities(self) -> Capabilities: ...
    @property
    def notice(self) -> str | None:
        """What a person should be told before the first answer, or None."""
        ...

    def complete(self, request: ModelRequest) -> Completion: ...
    def stream(self, request: ModelRequest) -> Iterator[Chunk]: ...
