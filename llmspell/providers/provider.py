"""What a provider is: it answers model calls, whole or chunk by chunk."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from llmspell.types.media import MediaContent


class ProviderCapabilities(NamedTuple):
    """What a provider can do; `None` where it is unknown. `media` are the kinds that a message may hold beside text."""

    supports_streaming: bool = True
    supports_multimodal: bool | None = False
    max_context_tokens: int | None = None
    available_models: tuple[str, ...] = ()
    supports_tools: bool | None = None
    supports_structured_output: bool | None = None
    max_output_tokens: int | None = None
    media: tuple[str, ...] = ()


Capabilities = ProviderCapabilities


class ToolOffer(NamedTuple):
    """A tool that a model may ask for. `schema` is the JSON schema of its parameters."""

    name: str
    description: str
    schema: Mapping[str, Any]


class ToolRequest(NamedTuple):
    """A call that a model asked for; `id` is its own name for it.

    `arguments` is None where what the model wrote, `written`, is no JSON object.
    """

    id: str
    name: str
    arguments: Mapping[str, Any] | None
    written: str


class ModelRequest(NamedTuple):
    """One model call.

    `messages` are maps with `role` (system, user, assistant, tool) and `content`: text, or a list of texts and
    `MediaContent`. One of the assistant may hold `tool_calls`, a list of ToolRequest; one of a tool holds the
    `tool_call_id` that it answers, and its `name`. `tool_choice` is `auto`, `none`, `required`, or a tool's name.
    `answer_schema` is the JSON schema that the answer is to satisfy. `modalities` are what the answer may consist of.
    """

    model: str
    messages: tuple[Mapping[str, Any], ...]
    temperature: float | None = None
    max_tokens: int | None = None
    tools: tuple[ToolOffer, ...] = ()
    tool_choice: str | None = None
    answer_schema: Mapping[str, Any] | None = None
    modalities: tuple[str, ...] = ("text",)


class Estimate(NamedTuple):
    """What a call takes at the most, as far as can be said before it is made. `cost_usd` is None for an unknown price.

    `completion_tokens` is what the request allows, or what the model can write at all.
    """

    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None


class Completion(NamedTuple):
    """A whole answer. `cost_usd` is None when the price is unknown; `refusal` is why the model would not answer.

    `cached_tokens` are those of the prompt that the provider had kept from an earlier call.
    """

    text: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: str = "stop"
    cost_usd: float | None = 0.0
    tool_calls: tuple[ToolRequest, ...] = ()
    media: "tuple[MediaContent, ...]" = ()
    refusal: str | None = None
    cached_tokens: int = 0


class ToolProgress(NamedTuple):
    """A piece of a call that a model is asking for: the `index`th of its answer, and what it wrote of the arguments."""

    index: int  # type: ignore[assignment]  # hides a method of tuples that nobody needs
    id: str
    name: str
    written: str


class Chunk(NamedTuple):
    """A piece of an answer. The last one of a stream, and no other, carries `final`: the whole answer."""

    text: str
    final: Completion | None = None
    tool_call: ToolProgress | None = None
    media: "MediaContent | None" = None


def final_of(chunks: Iterator[Chunk]) -> Completion | None:
    """The whole answer at the end of its chunks; None where they end without one."""
    return next((chunk.final for chunk in chunks if chunk.final is not None), None)


class Provider(Protocol):
    """Answers model calls. `blocking` says that a call may wait, so it is made on a thread.

    `complete` and `stream` raise `llmspell.errors.CallError` with kind `provider`, `timeout`, `not_found`, or
    `validation` for a request that cannot be sent (media over their limit);
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
    def estimate(self, request: ModelRequest) -> Estimate:
        """What `request` takes at the most. Asks nobody, and raises nothing."""
        ...


ProviderInstance = Provider
