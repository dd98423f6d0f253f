"""What an agent is asked and what it answers, whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self

from llmspell.types.formats import MediaType
from llmspell.types.media import MediaContent
from llmspell.types.reading import read_any, read_flag, read_number, read_share, read_text, read_values, read_whole
from llmspell.types.value import Value

if TYPE_CHECKING:
    from llmspell.types.builders import AgentInputBuilder, AgentOutputBuilder


class ToolOutput(Value):
    """What came of a tool call: `data` if it went well, `error` if not. The time is milliseconds."""

    success: bool
    data: Any = None
    error: str | None = None
    execution_time_ms: float | None = None

    reads = {"success": read_flag, "data": read_any, "error": read_text, "execution_time_ms": read_number}


class ToolCall(Value):
    """A call that a model asked for; `tool_id` is the model's name for the call. `result` is None until it was made."""

    tool_id: str
    tool_name: str
    parameters: Mapping[str, Any] = {}
    result: ToolOutput | None = None

    reads = {"tool_id": read_text, "tool_name": read_text, "parameters": read_values, "result": ToolOutput}

    def with_result(self, result: ToolOutput) -> Self:
        """The same call, made."""
        return self.but(result=result)


class OutputMetadata(Value, kw_only=True):
    """The figures of an answer, each None where it is not known.

    Times are milliseconds, costs US dollars; `confidence` is a share from 0 to 1; `extra` holds values that can travel.
    """

    model: str | None = None
    token_count: int | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: float | None = None
    execution_time_ms: float | None = None
    finish_reason: str | None = None
    confidence: float | None = None
    extra: Mapping[str, Any] = {}

    reads = {
        "model": read_text,
        "token_count": read_whole,
        "prompt_tokens": read_whole,
        "completion_tokens": read_whole,
        "cost_usd": read_number,
        "execution_time_ms": read_number,
        "finish_reason": read_text,
        "confidence": read_share,
        "extra": read_values,
    }


class AgentInput(Value):
    """A question. `parameters` hold values that can travel; `output_modalities` are what an answer may consist of;
    none at all means text.

    >>> question = AgentInput("What is on it?").with_media(*photos).with_parameter("temperature", 0)
    >>> question.modalities, len(question.get_media_by_type(MediaType.IMAGE))
    ((<MediaType.TEXT: 'text'>, <MediaType.IMAGE: 'image'>), 1)
    """

    text: str = ""
    media: tuple[MediaContent, ...] = ()
    parameters: Mapping[str, Any] = {}
    output_modalities: tuple[MediaType, ...] = (MediaType.TEXT,)

    reads = {"text": read_text, "media": [MediaContent], "parameters": read_values, "output_modalities": [MediaType]}

    @staticmethod
    def builder() -> AgentInputBuilder:
        """Makes an input step by step."""
        from llmspell.types.builders import AgentInputBuilder

        return AgentInputBuilder()

    @property
    def modalities(self) -> tuple[MediaType, ...]:
        """The kinds of media that it consists of, in the order of `MediaType`."""
        return _modalities(self.text, self.media)

    @property
    def has_media(self) -> bool:
        """Whether there is more than text."""
        return bool(self.media)

    def get_media_by_type(self, media_type: MediaType) -> tuple[MediaContent, ...]:
        """The media of one kind, in their order."""
        return _of_type(self.media, media_type)

    def with_media(self, *media: MediaContent) -> Self:
        """The same question with more media."""
        return self.but(media=(*self.media, *media))

    def with_parameter(self, key: str, value: Any) -> Self:
        """The same question with one parameter more."""
        return self.but(parameters={**self.parameters, key: value})

    def with_output_modalities(self, *modalities: MediaType) -> Self:
        """The same question with other kinds of answer."""
        return self.but(output_modalities=modalities)


class AgentOutput(Value):
    """An answer. `transfer_to` names the agent that is to go on; `value` is what the text says where it was to satisfy
    a JSON schema."""

    text: str = ""
    media: tuple[MediaContent, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    metadata: OutputMetadata = OutputMetadata()
    transfer_to: str | None = None
    value: Any = None

    reads = {
        "text": read_text,
        "media": [MediaContent],
        "tool_calls": [ToolCall],
        "metadata": OutputMetadata,
        "transfer_to": read_text,
        "value": read_any,
    }

    @staticmethod
    def builder() -> AgentOutputBuilder:
        """Makes an output step by step."""
        from llmspell.types.builders import AgentOutputBuilder

        return AgentOutputBuilder()

    @property
    def modalities(self) -> tuple[MediaType, ...]:
        """The kinds of media that it consists of, in the order of `MediaType`."""
        return _modalities(self.text, self.media)

    @property
    def has_media(self) -> bool:
        """Whether there is more than text."""
        return bool(self.media)

    @property
    def has_tool_calls(self) -> bool:
        """Whether the model asked for tools."""
        return bool(self.tool_calls)

    @property
    def is_transfer(self) -> bool:
        """Whether another agent is to go on."""
        return self.transfer_to is not None

    def get_media_by_type(self, media_type: MediaType) -> tuple[MediaContent, ...]:
        """The media of one kind, in their order."""
        return _of_type(self.media, media_type)

    def with_media(self, *media: MediaContent) -> Self:
        """The same answer with more media."""
        return self.but(media=(*self.media, *media))

    def with_tool_call(self, call: ToolCall) -> Self:
        """The same answer with one tool call more."""
        return self.but(tool_calls=(*self.tool_calls, call))

    def with_metadata(self, metadata: OutputMetadata) -> Self:
        """The same answer with other figures."""
        return self.but(metadata=metadata)

    def with_transfer(self, agent: str) -> Self:
        """The same answer, after which another agent is to go on."""
        return self.but(transfer_to=agent)


def _of_type(media: Iterable[MediaContent], media_type: MediaType) -> tuple[MediaContent, ...]:
    return tuple(content for content in media if content.media_type is media_type)


def _modalities(text: str, media: Iterable[MediaContent]) -> tuple[MediaType, ...]:
    found = {content.media_type for content in media} | ({MediaType.TEXT} if text else set())
    return tuple(kind for kind in MediaType if kind in found)
