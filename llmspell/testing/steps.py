"""What the server does to answer, step by step: a head, bytes of the body, a wait, a fault.

Faults, gates and the order of it all are decided here, without a socket; `connection.py` does the steps.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from llmspell.testing import documents
from llmspell.testing.answers import Answer, Failure, Fault, Pause, Piece, Plain, Raw
from llmspell.testing.failures import document_of, headers_of
from llmspell.testing.gate import Gate
from llmspell.testing.request import Request

ENDLESS = 2**40
"""The content-length of a body that never ends."""

_WORD = re.compile(r"\s*\S+\s*|\s+")


class Head(NamedTuple):
    """The status and the headers of an answer. With `chunked` each part of the body is a chunk of HTTP's."""

    status: int
    headers: Mapping[str, str]

    @property
    def chunked(self) -> bool:
        """Whether the body has no length of its own."""
        return "transfer-encoding" in self.headers


Step = Head | bytes | Gate | Pause | Fault


def steps_of(reply: Answer | Failure | Plain, request: Request) -> Iterator[Step]:
    """The steps of a reply to a chat completion."""
    match reply:
        case Failure():
            yield from document_steps(document_of(reply), reply.status, headers_of(reply))
        case Plain():
            yield from document_steps(reply.body, reply.status, reply.headers)
        case Answer() if request.streams:
            yield from _in_parts(_stream(reply, request), reply.bytes_at_once)
        case Answer():
            yield from _in_parts(_whole(reply, request), reply.bytes_at_once)


def document_steps(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Iterator[Step]:
    """A document and its length: bytes as they are, all else as JSON."""
    body = document if isinstance(document, bytes) else documents.to_bytes(document)
    kind = "application/octet-stream" if isinstance(document, bytes) else "application/json"
    usual = {"content-type": kind, "content-length": str(len(body))}
    yield Head(status, usual | {name.lower(): value for name, value in (headers or {}).items()})
    yield body


def _whole(answer: Answer, request: Request) -> Iterator[Step]:
    body = documents.to_bytes(documents.completion(answer, request))
    before, after = _around_first_text(answer.pieces or ())
    middle = [piece for piece in after if not isinstance(piece, str)]
    length = len(body) + sum(len(piece.body) for piece in middle if isinstance(piece, Raw))
    if Fault.STOP in middle:
        length = len(body) // 2
    if Fault.FLOOD in middle:
        length = ENDLESS
    yield from _bare(before)
    yield Head(200, {"content-type": "application/json", "content-length": str(length)})
    yield body[: len(body) // 2]
    yield from _bare(middle)
    yield body[len(body) // 2 :]


def _stream(answer: Answer, request: Request) -> Iterator[Step]:
    before, after = _around_first_text(_pieces(answer) if answer.sound is None else ())
    yield from _bare(before)
    yield Head(200, {"content-type": "text/event-stream; charset=utf-8", "transfer-encoding": "chunked"})
    yield _event(documents.chunk(request, {"role": "assistant", "content": "", "refusal": None}))
    for piece in after:
        if isinstance(piece, str):
            if piece:
                yield _event(documents.chunk(request, {"content": piece}))
        else:
            yield from _bare([piece])
    for delta in documents.media_deltas(answer):
        yield _event(documents.chunk(request, delta))
    if answer.refusal is not None:
        yield _event(documents.chunk(request, {"refusal": answer.refusal}))
    for delta in documents.tool_call_deltas(answer):
        yield _event(documents.chunk(request, delta))
    yield _event(documents.chunk(request, {}, documents.finish_reason(answer)))
    if answer.reports_usage or (answer.reports_usage is None and _wants_usage(request)):
        yield _event(documents.usage_chunk(answer, request))
    if answer.sends_done:
        yield b"data: [DONE]\n\n"


def _pieces(answer: Answer) -> list[Piece]:
    """The pieces of a stream; a text alone is cut behind the blanks after each word."""
    return _WORD.findall(answer.text) if answer.pieces is None else list(answer.pieces)


def _around_first_text(pieces: Iterable[Piece]) -> tuple[list[Piece], list[Piece]]:
    every = list(pieces)
    first = next((at for at, piece in enumerate(every) if isinstance(piece, str)), len(every))
    return every[:first], every[first:]


def _bare(pieces: Iterable[Piece]) -> Iterator[Step]:
    for piece in pieces:
        if isinstance(piece, Raw):
            yield piece.body
        elif not isinstance(piece, str):
            yield piece


def _in_parts(steps: Iterable[Step], size: int | None) -> Iterator[Step]:
    for step in steps:
        if isinstance(step, bytes) and size:
            yield from (step[begin : begin + size] for begin in range(0, len(step), size))
        else:
            yield step


def _event(document: object) -> bytes:
    return b"data: " + documents.to_bytes(document) + b"\n\n"


def _wants_usage(request: Request) -> bool:
    options = request.json.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True
