"""A limit that one of several answers crosses: the record says which call it was, and has the answers beside it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from llmspell import Limits
from llmspell.outcome import LimitHit
from llmspell.sandbox.broker import Handler, Later
from llmspell.sandbox.session import LimitCrossed
from llmspell.sandbox.threads import Threads
from llmspell.transcript import Cassette, TranscriptInMemory
from llmspell.transcript.live import doubtful
from llmspell.transcript.recorder import Recorder
from llmspell.transcript.recording import RecordingBroker
from llmspell.transcript.secrets import Masking
from tests.transcript.test_hostile_cassettes import EXAMPLE


@pytest.mark.parametrize("crossing", [0, 1, 2])
def test_a_limit_is_written_for_the_call_that_crossed_it_and_after_the_answers_that_came_with_it(crossing: int) -> None:
    ended = threading.Semaphore(0)

    def asked(arguments: Mapping[str, Any]) -> Later:
        def job() -> str:
            if arguments["name"] == f"call {crossing}":
                raise LimitCrossed(LimitHit("tokens", 1, 2, "tokens"))
            return "made"

        return Later(job)

    sink = TranscriptInMemory()
    sink.line(EXAMPLE.splitlines()[0].decode())
    handlers = {"tool.invoke": Handler(asked, named="name")}
    broker = RecordingBroker(handlers, Limits(), threads=Threads, recorder=Recorder(sink, Masking(())))
    broker.attach(ended.release)
    for number in range(3):
        assert broker.dispatch(number + 10, "tool.invoke", {"name": f"call {number}"}) is None
    for _ in range(3):
        assert ended.acquire(timeout=30)
    with pytest.raises(LimitCrossed) as raised:
        broker.finished()
    assert raised.value.call_id == crossing + 10
    cassette = Cassette.from_bytes(sink.data)
    others = {number + 1 for number in range(3) if number != crossing}
    *replies, limit = cassette.events[3:]
    assert {event["step"] for event in replies} == others
    assert all(event.value("value") == "made" for event in replies)
    assert (limit.kind, limit["step"]) == ("limit", crossing + 1)
    assert doubtful(cassette) == {}
    assert {(call.id - 9, call.ok) for call in broker.records} == {(step, step in others) for step in (1, 2, 3)}
    broker.abandon()
