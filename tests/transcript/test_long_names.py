"""The name of a call is cut, and no part of a key stays where it is."""

from __future__ import annotations

import pytest

from llmspell import Limits
from llmspell.sandbox.broker import Handler
from llmspell.sandbox.threads import Threads
from llmspell.transcript import Cassette, TranscriptInMemory
from llmspell.transcript.recorder import Recorder
from llmspell.transcript.recording import RecordingBroker
from llmspell.transcript.secrets import MASK, Masking
from tests.transcript.test_hostile_cassettes import EXAMPLE

KEY = "sk-0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("before", [0, 170, 190, 200, 300])
def test_a_key_that_a_name_is_cut_in_is_taken_out_of_it_whole(before: int) -> None:
    sink = TranscriptInMemory()
    sink.line(EXAMPLE.splitlines()[0].decode())
    handlers = {"tool.invoke": Handler(lambda _: None, named="name")}
    broker = RecordingBroker(handlers, Limits(), threads=Threads, recorder=Recorder(sink, Masking((KEY,))))
    broker.dispatch(1, "tool.invoke", {"name": "x" * before + KEY + "y" * 300})
    Recorder(sink, Masking((KEY,))).nested("tool.invoke", "x" * before + KEY + "y" * 300, "bee", {})
    for call in Cassette.from_bytes(sink.data).events[::2]:
        assert call["name"] == ("x" * before + MASK + "y" * 300)[:200]
    assert KEY[:7].encode() not in sink.data
