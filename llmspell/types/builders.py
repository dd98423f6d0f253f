"""Questions and answers made step by step, each step giving the builder back."""

from __future__ import annotations

from typing import Any, Self

from llmspell.types.agent_io import AgentInput, AgentOutput, OutputMetadata, ToolCall
from llmspell.types.formats import MediaType
from llmspell.types.media import MediaContent


class AgentInputBuilder:
    """Makes an `AgentInput`.

    >>> AgentInputBuilder().text("Draw a tree").output_modalities(MediaType.IMAGE).build().output_modalities
    (<MediaType.IMAGE: 'image'>,)
    """

    __slots__ = ("_media", "_modalities", "_parameters", "_text")

    def __init__(self) -> None:
        self._text = ""
        self._media: list[MediaContent] = []
        self._parameters: dict[str, Any] = {}
        self._modalities: tuple[MediaType, ...] = (MediaType.TEXT,)

    def text(self, text: str) -> Self:
        """Sets the text."""
        self._text = text
        return self

    def add_media(self, *media: MediaContent) -> Self:
        """Adds media."""
        self._media += media
        return self

    def parameter(self, key: str, value: Any) -> Self:
        """Sets one parameter, a value that can travel."""
        self._parameters[key] = value
        return self

    def output_modalities(self, *modalities: MediaType) -> Self:
        """Sets what an answer may consist of."""
        self._modalities = modalities
        return self

    def build(self) -> AgentInput:
        """The input so far; the builder may go on to make another."""
        return AgentInput(
            self._text,
            media=tuple(self._media),
            parameters=dict(self._parameters),
            output_modalities=self._modalities,
        )


class AgentOutputBuilder:
    """Makes an `AgentOutput`.

    >>> AgentOutputBuilder().text("Ask the critic").transfer_to("critic").build().is_transfer
    True
    """

    __slots__ = ("_media", "_metadata", "_text", "_tool_calls", "_transfer_to", "_value")

    def __init__(self) -> None:
        self._text = ""
        self._media: list[MediaContent] = []
        self._tool_calls: list[ToolCall] = []
        self._metadata = OutputMetadata()
        self._transfer_to: str | None = None
        self._value: Any = None

    def text(self, text: str) -> Self:
        """Sets the text."""
        self._text = text
        return self

    def add_media(self, *media: MediaContent) -> Self:
        """Adds media."""
        self._media += media
        return self

    def add_tool_call(self, *calls: ToolCall) -> Self:
        """Adds tool calls."""
        self._tool_calls += calls
        return self

    def metadata(self, metadata: OutputMetadata) -> Self:
        """Sets the figures."""
        self._metadata = metadata
        return self

    def transfer_to(self, agent: str) -> Self:
        """Names the agent that is to go on."""
        self._transfer_to = agent
        return self

    def value(self, value: Any) -> Self:
        """Sets what the text says, as a value that can travel."""
        self._value = value
        return self

    def build(self) -> AgentOutput:
        """The output so far; the builder may go on to make another."""
        return AgentOutput(
            self._text,
            media=tuple(self._media),
            tool_calls=tuple(self._tool_calls),
            metadata=self._metadata,
            transfer_to=self._transfer_to,
            value=self._value,
        )
