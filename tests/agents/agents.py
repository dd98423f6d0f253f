"""Three small agents for the tests of the contract and of `BaseAgent`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from llmspell.agents.base import BaseAgent
from llmspell.errors import CallError, ErrorKind
from llmspell.types import (
    AgentChunk,
    AgentInput,
    AgentOutput,
    AgentStream,
    ChunkContent,
    ChunkMetadata,
    ControlChunk,
    ImageContent,
    ImageFormat,
    MediaChunk,
    MediaType,
    StreamEnd,
    TextChunk,
)

GONE = CallError(ErrorKind.PROVIDER, "gone", {"retryable": True})
DRAWING = ImageContent(b"<svg/>", ImageFormat.SVG)


class Parrot(BaseAgent):
    """Says what it was told, whole only."""

    name = "parrot"

    def execute_impl(self, input: AgentInput) -> AgentOutput:
        return AgentOutput(input.text)


class Painter(BaseAgent):
    """Says it word by word, and draws; it breaks down after `words` words."""

    name = "painter"

    def __init__(self, *, words: int | None = None) -> None:
        self._words = words
        self._streams = 0
        self._time = datetime(2026, 1, 31, tzinfo=UTC)

    def supported_media_types(self) -> tuple[MediaType, ...]:
        return (MediaType.TEXT, MediaType.IMAGE)

    def execute_impl(self, input: AgentInput) -> AgentOutput:
        if self._words is not None:
            raise GONE
        return AgentOutput(input.text).with_media(DRAWING)

    def stream_impl(self, input: AgentInput) -> AgentStream:
        self._streams += 1
        return AgentStream(self._chunks(f"stream-{self._streams}", input.text.split(" ")))

    def _chunks(self, name: str, words: list[str]) -> Iterator[AgentChunk]:
        contents: list[ChunkContent] = [TextChunk(f"{' ' if at else ''}{word}") for at, word in enumerate(words)]
        contents += [MediaChunk(DRAWING), ControlChunk(StreamEnd(total_chunks=len(words) + 2, duration_ms=1))]
        for index, content in enumerate(contents):
            if index == self._words:
                raise GONE
            self._time += timedelta(milliseconds=1)
            metadata = ChunkMetadata(is_final=index == len(contents) - 1)
            yield AgentChunk(name, index, content, metadata=metadata, timestamp=self._time)


class Stoic(Parrot):
    """Answers its own failures."""

    def __init__(self, fail: Callable[[], None]) -> None:
        self._fail = fail

    def execute_impl(self, input: AgentInput) -> AgentOutput:
        self._fail()
        return super().execute_impl(input)

    def handle_error(self, error: CallError) -> AgentOutput:
        return AgentOutput(f"never mind: {error.message}")


def fail() -> None:
    raise GONE
