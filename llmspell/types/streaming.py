"""An agent's answer as it comes: chunks, pulled one by one.

A stream is pulled, so nothing piles up: the next chunk is made when it is asked for. It is closed by its reader, at the
end or before; what feeds it (a provider's connection) is freed then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from llmspell.types.agent_io import AgentOutput, OutputMetadata, ToolCall
from llmspell.types.control import ANSWER_RESTARTS, ControlMessage, CustomControl, StreamEnd
from llmspell.types.media import MediaContent
from llmspell.types.reading import read_flag, read_moment, read_text, read_texts, read_values, read_whole
from llmspell.types.value import Value


class ReasoningStep(Value):
    """A step of a model's thinking. Steps count from 0."""

    step_type: str
    step_number: int
    properties: Mapping[str, str] = {}

    reads = {"step_type": read_text, "step_number": read_whole, "properties": read_texts}


class ChunkMetadata(Value, kw_only=True):
    """Where a chunk belongs: `is_final` for the last one, `reasoning_step` for what is thought and not said."""

    is_final: bool = False
    token_count: int | None = None
    model: str | None = None
    reasoning_step: ReasoningStep | None = None

    reads = {"is_final": read_flag, "token_count": read_whole, "model": read_text, "reasoning_step": ReasoningStep}


class ChunkContent(Value):
    """One of `TextChunk`, `ToolCallProgress`, `ToolCallComplete`, `MediaChunk`, `ControlChunk`."""

    @classmethod
    def _variants(cls) -> tuple[type[Value], ...]:
        return _VARIANTS


class TextChunk(ChunkContent):
    """The next piece of text."""

    type_name = "text"

    text: str

    reads = {"text": read_text}


class ToolCallProgress(ChunkContent):
    """A tool call that is being written. `partial_args` is the next piece of its arguments, no JSON by itself."""

    type_name = "tool_call_progress"

    call_id: str
    tool_name: str
    partial_args: str

    reads = {"call_id": read_text, "tool_name": read_text, "partial_args": read_text}


class ToolCallComplete(ChunkContent):
    """A tool call that may be made. `arguments` is JSON text as the model wrote it, empty for none."""

    type_name = "tool_call_complete"

    call_id: str
    tool_name: str
    arguments: str

    reads = {"call_id": read_text, "tool_name": read_text, "arguments": read_text}

    def tool_call(self) -> ToolCall:
        """The call with its arguments read; raises MalformedError when they are no JSON map.

        >>> ToolCallComplete("call_1", "calculator", '{"input": "1+1"}').tool_call().parameters
        {'input': '1+1'}
        """
        from llmspell.types.json_form import read_json

        place = "ToolCallComplete.arguments"
        parameters = read_values(read_json(self.arguments, place), place) if self.arguments.strip() else {}
        return ToolCall(self.call_id, self.tool_name, parameters)


class MediaChunk(ChunkContent):
    """Media, whole."""

    type_name = "media"

    media: MediaContent
    caption: str | None = None

    reads = {"media": MediaContent, "caption": read_text}


class ControlChunk(ChunkContent):
    """Something about the stream itself."""

    type_name = "control"

    message: ControlMessage

    reads = {"message": ControlMessage}


_VARIANTS = (TextChunk, ToolCallProgress, ToolCallComplete, MediaChunk, ControlChunk)


class AgentChunk(Value):
    """A piece of an answer. Chunks of one `stream_id` count from 0; `timestamp` has a time zone."""

    stream_id: str
    chunk_index: int
    content: ChunkContent
    timestamp: datetime
    metadata: ChunkMetadata = ChunkMetadata()

    reads = {
        "stream_id": read_text,
        "chunk_index": read_whole,
        "content": ChunkContent,
        "timestamp": read_moment,
        "metadata": ChunkMetadata,
    }


class AgentStream:
    """The chunks of one answer, for one reader, once. Close it, or use it in a `with` block.

    `chunks` makes them; `cancel` frees what feeds it from any thread, for a reader that lets go while another thread
    waits for the next chunk.
    """

    __slots__ = ("_cancel", "_chunks", "_closed")

    def __init__(self, chunks: Iterator[AgentChunk], *, cancel: Callable[[], None] | None = None) -> None:
        self._chunks = chunks
        self._cancel = cancel
        self._closed = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> AgentChunk:
        """The next chunk. Raises CallError where the answer breaks off; the stream is closed then."""
        if self._closed:
            raise StopIteration
        try:
            return next(self._chunks)
        except BaseException:  # its end, an error, Ctrl-C: none of them leaves a connection open
            self.close()
            raise

    def close(self) -> None:
        """Ends the stream and frees what feeds it; nothing comes after. May be called again, and from any thread."""
        if self._closed:
            return
        self._closed = True
        if self._cancel is not None:
            self._cancel()
        closing: Any = getattr(self._chunks, "close", None)
        if closing is not None:
            try:
                closing()
            except ValueError:
                pass  # a generator that runs on another thread: it ends when that thread asks for the next chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def collect(self) -> AgentOutput:
        """Reads to the end and puts the answer together; what was thought and not said is left out."""
        text: list[str] = []
        media: list[MediaContent] = []
        calls: list[ToolCall] = []
        model: str | None = None
        tokens: int | None = None
        milliseconds: float | None = None
        with self:
            for chunk in self:
                model = chunk.metadata.model or model
                if chunk.metadata.token_count is not None:
                    tokens = (tokens or 0) + chunk.metadata.token_count
                match chunk.content:
                    case TextChunk(said) if chunk.metadata.reasoning_step is None:
                        text.append(said)
                    case MediaChunk(content):
                        media.append(content)
                    case ToolCallComplete() as call:
                        calls.append(call.tool_call())
                    case ControlChunk(CustomControl(message_type=what)) if what == ANSWER_RESTARTS:
                        text.clear()
                    case ControlChunk(StreamEnd() as end):
                        tokens = end.total_tokens if end.total_tokens is not None else tokens
                        milliseconds = end.duration_ms
        figures = OutputMetadata(model=model, token_count=tokens, execution_time_ms=milliseconds)
        return AgentOutput("".join(text), media=tuple(media), tool_calls=tuple(calls), metadata=figures)
