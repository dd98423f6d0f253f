"""The contract of agents, kept by three small ones, and what `BaseAgent` itself promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

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
from tests.agents.contract import QUESTION, AgentContract, FailingAgentContract, StreamingAgentContract

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


class TestParrot(AgentContract):
    def make(self) -> BaseAgent:
        return Parrot()


class TestPainter(StreamingAgentContract, FailingAgentContract):
    def make(self) -> BaseAgent:
        return Painter()

    def make_failing(self) -> BaseAgent:
        return Painter(words=1)


class TestStoic(AgentContract, FailingAgentContract):
    def make(self) -> BaseAgent:
        return Stoic(lambda: None)

    def make_failing(self) -> BaseAgent:
        return Stoic(fail)


def test_an_error_is_raised_as_it_is_or_answered_by_the_agent() -> None:
    with pytest.raises(CallError) as raised:
        Painter(words=0).execute(QUESTION)
    assert raised.value is GONE
    assert Stoic(fail).execute(QUESTION).text == "never mind: gone"


def test_input_that_is_refused_never_reaches_the_agent_nor_its_handler() -> None:
    with pytest.raises(CallError, match=r"input.text is empty, and there are no media; ask something"):
        Stoic(fail).execute(AgentInput(""))
    with pytest.raises(CallError, match=r"input.media\[0\] is image, and agent parrot takes and gives text"):
        Parrot().execute(QUESTION.with_media(DRAWING))


def test_a_fault_of_the_agent_is_no_error_of_the_call() -> None:
    def break_down() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Stoic(break_down).execute(QUESTION)


def test_media_alone_are_a_question() -> None:
    assert Painter().execute(AgentInput("").with_media(DRAWING)).media == (DRAWING,)


def test_what_came_before_a_failure_is_kept() -> None:
    stream = Painter(words=2).stream_execute(QUESTION)
    got = [next(stream).content, next(stream).content]
    with pytest.raises(CallError, match="gone"):
        next(stream)
    assert got == [TextChunk("Say"), TextChunk(" something")]
    assert list(stream) == []


def test_an_agent_must_say_how_it_answers() -> None:
    with pytest.raises(TypeError, match="abstract"):
        BaseAgent()  # type: ignore[abstract]


def test_stream_impl_makes_an_agent_one_that_streams() -> None:
    assert not Parrot().supports_streaming()
    assert Painter().supports_streaming()
    with pytest.raises(NotImplementedError):
        Parrot().stream_impl(QUESTION)
