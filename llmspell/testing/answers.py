"""What the server can be told to answer, as values: an answer, a failure, or any document.

An answer is the same value whether it is asked for whole or as a stream; `wire.py` says what becomes of it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from llmspell.testing.gate import Gate

if TYPE_CHECKING:
    from llmspell.testing.request import Request


class Fault(enum.Enum):
    """How a connection goes wrong. What was sent before it has arrived, but for `RESET`, which may overtake it."""

    RESET = "reset"
    """The connection is reset."""
    CLOSE = "close"
    """The connection is closed in order: too early for the content-length, without the end of a stream."""
    SILENCE = "silence"
    """Nothing more comes, until the client hangs up."""
    FLOOD = "flood"
    """Blanks without end, until the client hangs up."""
    STOP = "stop"
    """The body ends as HTTP wants it, and too early: a stream without a finish_reason and without `[DONE]`."""


class Pause(NamedTuple):
    """Waits that many seconds. For demonstrations: a test says it better with a `Gate`."""

    seconds: float


class Raw(NamedTuple):
    """These bytes as a part of the body, whatever they are."""

    body: bytes


NONSENSE = Raw(b"data: {this is no JSON\n\n")
"""An event that is none."""

HALF_CHARACTER = Raw(b'data: {"choices": [{"index": 0, "delta": {"content": "\xe2\x82"}}]}\n\n')
"""An event whose text ends in the middle of a character of UTF-8."""

Piece = str | Gate | Pause | Raw | Fault
"""A part of an answer: a text is a chunk of its own when streamed."""


class ToolCall(NamedTuple):
    """A call of a tool by the model. `arguments` as text are sent as they are, JSON or not.

    In a stream the text of the arguments comes in pieces of `piece_size` characters. Without `id` one is made
    from the name, the arguments and the place.
    """

    name: str
    arguments: Mapping[str, Any] | str = "{}"
    id: str | None = None
    piece_size: int = 8


class Usage(NamedTuple):
    """The tokens that an answer reports; of those of the prompt, `cached_tokens` were there already."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0


class Answer(NamedTuple):
    """A model's answer. `text` is streamed word by word; `pieces`, instead of it, say what comes when.

    What stands in `pieces` before the first text happens before the head of the answer is sent; an empty text
    in front makes it happen after. In an answer that is not streamed all other steps happen in the middle of
    the body. Without `finish_reason` it is `tool_calls` or `stop`. Without `usage` the words between blanks
    are counted. Figures stand in every whole answer, and in a stream when they are asked for; `reports_usage` true
    or false puts them in every answer or in none. `sends_done` false ends a stream without `[DONE]`.
    `images` (PNG) and `sound` (samples of 16 bits, or a file of sound when not streamed) stand behind the text;
    what the sound says is the text.
    `bytes_at_once` cuts the body, characters too, into parts of that many bytes, each sent alone.
    """

    text: str = ""
    pieces: Sequence[Piece] | None = None
    tool_calls: Sequence[ToolCall] = ()
    finish_reason: str | None = None
    usage: Usage | None = None
    reports_usage: bool | None = None
    sends_done: bool = True
    refusal: str | None = None
    bytes_at_once: int | None = None
    images: Sequence[bytes] = ()
    sound: bytes | None = None

    @property
    def whole_text(self) -> str:
        """The text, whichever way it was given."""
        if self.pieces is None:
            return self.text
        return "".join(piece for piece in self.pieces if isinstance(piece, str))


class Failure(NamedTuple):
    """An error as OpenAI writes it; what is left out is what OpenAI says with that status.

    `retry_after` is sent as given when it is text, as seconds or as a date otherwise.
    """

    status: int = 500
    message: str | None = None
    type: str | None = None
    code: str | None = None
    retry_after: float | datetime | str | None = None
    headers: Mapping[str, str] = {}


class Plain(NamedTuple):
    """Any document: `body` is sent as it is when it is bytes, as JSON otherwise. `headers` replace the usual ones."""

    body: object = b""
    status: int = 200
    headers: Mapping[str, str] = {}


Reply = str | Answer | Failure | Plain
"""What answers a request; a text is short for `Answer(text)`."""

Scripted = Reply | Callable[["Request"], Reply]
"""A reply, or what makes it from the request, on a thread of the server's."""
