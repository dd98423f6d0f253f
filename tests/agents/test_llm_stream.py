"""Streams of the LLM agent: what comes, what is left when they break off or are closed, and by whom."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from llmspell.agents.config import AgentConfig
from llmspell.agents.llm import LLMAgent
from llmspell.errors import CallError, ErrorKind
from llmspell.providers.provider import Capabilities, Chunk, ModelRequest
from llmspell.types import AgentInput, ControlChunk, ImageContent, ImageFormat, MediaChunk, StreamEnd, TextChunk
from tests.agents.scripted import DEADLINE, Scripted, said

CONFIG = AgentConfig("poet", "scripted", "scripted-1")
HELLO = AgentInput("hello")
PNG = ImageContent(b"\x89PNG", ImageFormat.PNG)


def test_text_comes_as_it_is_said_and_the_last_piece_has_the_figures() -> None:
    agent = LLMAgent(CONFIG, Scripted(said("one two three")))
    with agent.stream_execute(HELLO) as stream:
        assert next(stream).content == TextChunk("one ")
        assert (stream.partial, stream.output) == ("one ", None)
        assert not agent.messages
        assert next(stream).content == TextChunk("two ")
        last = next(stream)
        assert last.content == TextChunk("three")
        assert (last.metadata.is_final, last.metadata.token_count, last.metadata.model) == (True, 13, "scripted-1")
        assert stream.output is not None
        assert stream.output.text == stream.partial == "one two three"
        assert [kept.text for kept in agent.messages] == ["hello", "one two three"]
        assert list(stream) == []
    assert agent.metrics()["executions"] == 1


def test_a_stream_whose_last_piece_says_nothing_ends_with_its_end() -> None:
    image = said("", media=(PNG,))
    agent = LLMAgent(CONFIG, Scripted(image, capabilities=Capabilities(supports_multimodal=True)))
    chunks = list(agent.stream_execute(HELLO))
    assert chunks[0].content == MediaChunk(PNG)
    assert isinstance(chunks[1].content, ControlChunk)
    end = chunks[1].content.message
    assert isinstance(end, StreamEnd)
    assert (end.total_chunks, end.total_tokens) == (2, 10)
    assert chunks[1].metadata.is_final


def test_time_does_not_run_backwards_in_a_stream() -> None:
    times = iter([datetime(2026, 1, 31, tzinfo=UTC) - timedelta(seconds=n) for n in range(10)])
    agent = LLMAgent(CONFIG, Scripted(said("one two three")), now=lambda: next(times))
    assert len({chunk.timestamp for chunk in agent.stream_execute(HELLO)}) == 1


def test_nothing_is_asked_before_the_first_chunk_is() -> None:
    provider = Scripted()
    agent = LLMAgent(CONFIG, provider)
    agent.stream_execute(HELLO).close()
    stream = agent.stream_execute(HELLO)
    assert provider.requests == []
    stream.collect()
    assert len(provider.requests) == 1


@pytest.mark.parametrize("read", [1, 2, 3])
def test_a_stream_that_is_dropped_is_closed_and_leaves_the_conversation_as_it_was(read: int) -> None:
    provider = Scripted(said("one two three four"))
    agent = LLMAgent(CONFIG, provider)
    stream = agent.stream_execute(HELLO)
    for _ in range(read):
        next(stream)
    del stream
    assert (provider.opened, provider.closed) == (1, 1)
    assert agent.messages == ()
    assert (agent.metrics()["failures"], agent.metrics()["executions"]) == (0, 0)


def test_closing_from_another_thread_ends_a_stream_that_waits_without_an_error() -> None:
    provider = Scripted(said("one two"), gate=threading.Event())
    agent = LLMAgent(CONFIG, provider)
    stream = agent.stream_execute(HELLO)
    with ThreadPoolExecutor(1) as threads:
        read = threads.submit(list, stream)
        assert provider.waiting.wait(DEADLINE)
        stream.close()
        assert [chunk.content for chunk in read.result(DEADLINE)] == [TextChunk("one ")]
    assert provider.closed == 1
    assert (stream.output, stream.partial, agent.messages) == (None, "one ", ())
    assert stream.collect().text == "one "


def test_a_stream_that_breaks_off_keeps_what_came() -> None:
    class Broken(Scripted):
        def pieces(self, request: ModelRequest) -> Iterator[Chunk]:  # noqa: ARG002 - it is the interface's
            yield Chunk("once upon ")
            yield Chunk("a time")
            raise CallError(ErrorKind.PROVIDER, "reset", {"status": 200})

    agent = LLMAgent(CONFIG, Broken())
    stream = agent.stream_execute(HELLO)
    with pytest.raises(CallError, match="reset") as raised:
        stream.collect()
    assert raised.value.details == {"status": 200, "text": "once upon a time"}
    assert stream.partial == "once upon a time"
    assert agent.metrics()["failures"] == 1
