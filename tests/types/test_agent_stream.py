"""Streams: pulled one by one, closed once, put together."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from llmspell.errors import CallError, ErrorKind
from llmspell.types import (
    AgentChunk,
    AgentOutput,
    AgentStream,
    ChunkContent,
    ChunkMetadata,
    ControlChunk,
    Heartbeat,
    ImageContent,
    ImageFormat,
    MalformedError,
    MediaChunk,
    OutputMetadata,
    ReasoningStep,
    StreamEnd,
    TextChunk,
    ToolCall,
    ToolCallComplete,
    ToolCallProgress,
)

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
PHOTO = ImageContent(b"...", ImageFormat.PNG)


def chunk(index: int, content: ChunkContent, **metadata: object) -> AgentChunk:
    return AgentChunk("s", index, content, metadata=ChunkMetadata(**metadata), timestamp=NOON)  # type: ignore[arg-type]


class Source:
    """Chunks that know what was asked of them."""

    def __init__(self, *contents: ChunkContent, error: Exception | None = None) -> None:
        self.asked = 0
        self.ended = 0
        self._contents = contents
        self._error = error

    def chunks(self) -> Iterator[AgentChunk]:
        try:
            for index, content in enumerate(self._contents):
                self.asked += 1
                yield chunk(index, content)
            if self._error is not None:
                raise self._error
        finally:
            self.ended += 1


def test_a_chunk_is_made_when_it_is_asked_for() -> None:
    source = Source(TextChunk("a"), TextChunk("b"))
    with AgentStream(source.chunks()) as stream:
        assert source.asked == 0
        assert next(stream).content == TextChunk("a")
        assert source.asked == 1
    assert (source.asked, source.ended) == (1, 1)


def test_a_closed_stream_gives_nothing_more_and_may_be_closed_again() -> None:
    source = Source(TextChunk("a"), TextChunk("b"))
    stream = AgentStream(source.chunks())
    next(stream)
    stream.close()
    stream.close()
    assert list(stream) == []
    assert source.ended == 1


def test_the_end_closes_the_stream() -> None:
    cancelled: list[str] = []
    stream = AgentStream(Source(TextChunk("a")).chunks(), cancel=lambda: cancelled.append("x"))
    assert [piece.content for piece in stream] == [TextChunk("a")]
    assert cancelled == ["x"]
    stream.close()
    assert cancelled == ["x"]


def test_an_error_midway_is_raised_after_what_came_before_it_and_closes_the_stream() -> None:
    error = CallError(ErrorKind.PROVIDER, "gone")
    source = Source(TextChunk("a"), error=error)
    stream = AgentStream(source.chunks())
    assert next(stream).content == TextChunk("a")
    with pytest.raises(CallError) as raised:
        next(stream)
    assert raised.value is error
    assert list(stream) == []
    assert source.ended == 1


def test_a_stream_of_a_plain_iterator_needs_no_close() -> None:
    AgentStream(iter([chunk(0, TextChunk("a"))])).close()


def test_a_reader_may_let_go_while_another_thread_waits_for_the_next_chunk() -> None:
    waiting, freed = threading.Event(), threading.Event()
    got: list[object] = []

    def slow() -> Iterator[AgentChunk]:
        waiting.set()
        assert freed.wait(30)
        yield chunk(0, TextChunk("late"))

    stream = AgentStream(slow(), cancel=freed.set)
    reader = threading.Thread(target=lambda: got.extend(stream))
    reader.start()
    assert waiting.wait(30)
    stream.close()
    reader.join(30)
    assert not reader.is_alive()
    assert len(got) <= 1  # what was under way may still come, and nothing after it


def test_an_answer_is_put_together() -> None:
    think = ReasoningStep("plan", 0)
    chunks = [
        chunk(0, TextChunk("first I "), reasoning_step=think, token_count=3),
        chunk(1, TextChunk("The sum"), model="echo/echo", token_count=2),
        chunk(2, ToolCallProgress("c1", "calculator", '{"inp')),
        chunk(3, ToolCallComplete("c1", "calculator", '{"input": "1+1"}')),
        chunk(4, ControlChunk(Heartbeat())),
        chunk(5, TextChunk(" is 2"), token_count=2),
        chunk(6, MediaChunk(PHOTO, "a photo"), is_final=True),
    ]
    assert AgentStream(iter(chunks)).collect() == AgentOutput(
        "The sum is 2",
        media=(PHOTO,),
        tool_calls=(ToolCall("c1", "calculator", {"input": "1+1"}),),
        metadata=OutputMetadata(model="echo/echo", token_count=7),
    )


def test_the_figures_of_the_end_count_more_than_the_sum_of_chunks() -> None:
    end = StreamEnd(total_chunks=2, total_tokens=9, duration_ms=1.5)
    chunks = [chunk(0, TextChunk("a"), token_count=1), chunk(1, ControlChunk(end), is_final=True)]
    figures = AgentStream(iter(chunks)).collect().metadata
    assert (figures.token_count, figures.execution_time_ms) == (9, 1.5)
    chunks[1] = chunk(1, ControlChunk(StreamEnd(total_chunks=2, duration_ms=1.5)), is_final=True)
    assert AgentStream(iter(chunks)).collect().metadata.token_count == 1


def test_putting_together_what_is_malformed_closes_the_stream() -> None:
    source = Source(ToolCallComplete("c1", "calculator", "{"), TextChunk("a"))
    with pytest.raises(MalformedError):
        AgentStream(source.chunks()).collect()
    assert (source.asked, source.ended) == (1, 1)


def test_a_call_without_arguments_has_none() -> None:
    assert ToolCallComplete("c1", "clock", " ").tool_call() == ToolCall("c1", "clock", {})
