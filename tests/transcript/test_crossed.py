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
from llmspell.transcript.replay import ReplayBroker
from llmspell.transcript.secrets import Masking
from tests.transcript.test_hostile_cassettes import EXAMPLE


@pytest.mark.parametrize("crossing", [{0}, {1}, {2}, {0, 2}, {0, 1, 2}], ids=str)
def test_a_limit_is_written_for_each_call_that_crossed_it_and_after_the_answers_that_came_with_it(
    crossing: set[int],
) -> None:
    ended = threading.Semaphore(0)

    def asked(arguments: Mapping[str, Any]) -> Later:
        def job() -> str:
            number = int(arguments["name"][-1])
            if number in crossing:
                raise LimitCrossed(LimitHit("tokens", 1, 2 + number, "tokens"))
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
    first = raised.value.call_id
    assert first is not None
    assert first - 10 in crossing
    cassette = Cassette.from_bytes(sink.data)
    others = {number + 1 for number in range(3) if number not in crossing}
    replies, limits = cassette.events[3 : 3 + len(others)], cassette.events[3 + len(others) :]
    assert {event["step"] for event in replies} == others
    assert all(event.value("value") == "made" for event in replies)
    assert {event["step"] for event in limits} == {number + 1 for number in crossing}
    assert all((event.kind, event["used"]) == ("limit", 1 + event["step"]) for event in limits)
    assert doubtful(cassette) == {}
    records = {(call.id - 9, call.ok) for call in broker.records}
    assert records == {(step, step in others) for step in (1, 2, 3)}
    again = ReplayBroker(cassette, Limits(), script="s", log=lambda *_: None)
    for number in range(2):
        assert again.dispatch(number + 10, "tool.invoke", {"name": f"call {number}"}) is None
    with pytest.raises(LimitCrossed) as replayed:
        _last_call_and_all_answers(again)
    assert replayed.value.hit == raised.value.hit
    assert {(call.id - 9, call.ok) for call in again.records} == records
    broker.abandon()


def _last_call_and_all_answers(broker: ReplayBroker) -> None:
    broker.dispatch(12, "tool.invoke", {"name": "call 2"})
    while True:
        broker.finished()
