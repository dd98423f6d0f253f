"""Streams that a script pulls: one chunk for each question, and nothing left when it lets go."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from llmspell import CallError, ErrorKind
from llmspell.capabilities.kept import Kept
from llmspell.capabilities.streams import MAX_STREAMS, Streams
from llmspell.providers.provider import Chunk, Completion
from llmspell.sandbox.broker import Later

WHOLE = Completion("one two", "echo", 1, 2)


class Pulled:
    """Chunks that are counted as they are made, and closed once."""

    def __init__(self, *chunks: Chunk) -> None:
        self.made = 0
        self.closed = 0
        self._chunks = chunks

    def __iter__(self) -> Iterator[Chunk]:
        return self

    def __next__(self) -> Chunk:
        if self.made == len(self._chunks):
            raise StopIteration
        self.made += 1
        return self._chunks[self.made - 1]

    def close(self) -> None:
        self.closed += 1


def open_one(streams: Streams, chunks: Iterator[Chunk], *, blocking: bool = False) -> tuple[int, list[Chunk]]:
    seen: list[Chunk] = []

    def shown(chunk: Chunk) -> dict[str, Any]:
        seen.append(chunk)
        return {"text": chunk.text, "is_final": chunk.final is not None}

    return streams.open(chunks, shown, blocking=blocking)["stream"], seen


def test_a_chunk_is_made_when_it_is_asked_for_and_not_before() -> None:
    streams, chunks = Streams(seconds=9), Pulled(Chunk("one "), Chunk("two", WHOLE))
    number, seen = open_one(streams, chunks)
    assert chunks.made == 0
    assert streams.next({"stream": number}) == {"text": "one ", "is_final": False}
    assert (chunks.made, len(seen)) == (1, 1)
    assert streams.next({"stream": number}) == {"text": "two", "is_final": True}
    assert streams.next({"stream": number}) is None
    assert streams.next({"stream": number}) is None
    assert (chunks.made, len(seen)) == (2, 2)


@pytest.mark.parametrize("number", [None, "1", 99, [1]])
def test_a_stream_that_is_not_there_is_at_its_end(number: object) -> None:
    assert Streams(seconds=9).next({"stream": number}) is None
    Streams(seconds=9).close({"stream": number})


def test_letting_go_closes_the_provider_once() -> None:
    streams, chunks = Streams(seconds=9), Pulled(Chunk("a"), Chunk("b"))
    number, _ = open_one(streams, chunks)
    streams.next({"stream": number})
    streams.close({"stream": number})
    streams.close({"stream": number})
    assert chunks.closed == 1
    assert streams.next({"stream": number}) is None


def test_the_end_of_a_run_closes_all_of_them() -> None:
    streams, pulled = Streams(seconds=9), [Pulled(Chunk("a")), Pulled(Chunk("b"))]
    for chunks in pulled:
        open_one(streams, chunks)
    streams.close_all()
    assert [chunks.closed for chunks in pulled] == [1, 1]


def test_the_number_of_open_streams_is_bounded() -> None:
    streams = Streams(seconds=9)
    for _ in range(MAX_STREAMS):
        streams.check_room()
        open_one(streams, Pulled())
    with pytest.raises(CallError) as refused:
        streams.check_room()
    assert refused.value.kind is ErrorKind.BUDGET


def test_an_error_of_the_provider_ends_the_stream() -> None:
    def fails() -> Iterator[Chunk]:
        yield Chunk("a")
        raise CallError(ErrorKind.PROVIDER, "gone")

    streams = Streams(seconds=9)
    number, _ = open_one(streams, fails())
    streams.next({"stream": number})
    with pytest.raises(CallError, match="gone"):
        streams.next({"stream": number})
    assert streams.next({"stream": number}) is None


def test_while_a_chunk_is_waited_for_another_question_is_refused_and_the_end_is_noticed() -> None:
    asked, go = threading.Event(), threading.Event()

    def waits() -> Iterator[Chunk]:
        asked.set()
        go.wait(60)
        yield Chunk("late")

    streams, results = Streams(seconds=9), list[object]()
    number, _ = open_one(streams, waits(), blocking=True)
    later = streams.next({"stream": number})
    assert isinstance(later, Later)
    job = later.job
    assert job is not None
    thread = threading.Thread(target=lambda: results.append(job()))
    thread.start()
    assert asked.wait(60)
    with pytest.raises(CallError, match="was asked for already"):
        streams.next({"stream": number})
    streams.close_all()  # a generator that runs on another thread is closed by that thread
    go.set()
    thread.join()
    assert results == [None]


def test_what_is_kept_is_bounded_by_the_sum_and_given_back() -> None:
    kept = Kept(100)
    kept.hold("a", 60)
    with pytest.raises(CallError, match="would keep 110 bytes"):
        kept.hold("b", 50)
    kept.hold("a", 40)
    kept.hold("b", 50)
    kept.release("a")
    kept.hold("b", 100)
    kept.release("nobody")


def test_what_is_there_already_is_counted_and_refuses_what_comes_next() -> None:
    kept = Kept(100)
    kept.count("a", 60)
    kept.check()
    kept.count("b", 60)
    with pytest.raises(CallError, match="would keep 120 bytes"):
        kept.check()
    with pytest.raises(CallError, match="would keep 121 bytes"):
        kept.hold("c", 1)
    kept.count("a", 10)
    kept.check()
