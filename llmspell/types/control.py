"""What a stream says about itself, between the pieces of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from llmspell.types.reading import read_moment, read_number, read_text, read_texts, read_whole
from llmspell.types.value import Value

ANSWER_RESTARTS = "answer_restarts"
"""The `message_type` of a CustomControl: the text before it is no part of the answer, which begins anew behind it."""


class ControlMessage(Value):
    """One of `StreamStart`, `StreamEnd`, `StreamCancelled`, `Heartbeat`, `RateLimit`, `CustomControl`."""

    @classmethod
    def _variants(cls) -> tuple[type[Value], ...]:
        return _VARIANTS


class StreamStart(ControlMessage):
    """The stream begins, with so many chunks if that is known."""

    type_name = "stream_start"

    expected_chunks: int | None = None
    config: Mapping[str, str] = {}

    reads = {"expected_chunks": read_whole, "config": read_texts}


class StreamEnd(ControlMessage, kw_only=True):
    """The stream has come to its end, after so many chunks, tokens, milliseconds."""

    type_name = "stream_end"

    total_chunks: int
    total_tokens: int | None = None
    duration_ms: float

    reads = {"total_chunks": read_whole, "total_tokens": read_whole, "duration_ms": read_number}


class StreamCancelled(ControlMessage):
    """The stream was ended early."""

    type_name = "stream_cancelled"

    reason: str

    reads = {"reason": read_text}


class Heartbeat(ControlMessage):
    """Nothing new, and the stream is alive."""

    type_name = "heartbeat"


class RateLimit(ControlMessage):
    """How many requests the provider still takes before `reset_at`, which has a time zone."""

    type_name = "rate_limit"

    remaining: int
    reset_at: datetime

    reads = {"remaining": read_whole, "reset_at": read_moment}


class CustomControl(ControlMessage):
    """Anything else that an agent and its caller have agreed on."""

    type_name = "custom"

    message_type: str
    payload: Mapping[str, str] = {}

    reads = {"message_type": read_text, "payload": read_texts}


_VARIANTS = (StreamStart, StreamEnd, StreamCancelled, Heartbeat, RateLimit, CustomControl)
