"""An answer of litellm, chunk by chunk.

This file keeps the rules that exactly the last chunk carries `final`, that an answer which breaks off is an
error and never a short success, and that `close` frees the connection, even while another thread waits in it.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from llmspell.errors import ErrorKind
from llmspell.providers.provider import Chunk, Completion

if TYPE_CHECKING:
    from llmspell.providers.litellm_call import Call

_KEPT_CHUNKS = 16
"""litellm keeps every chunk of a stream, some KiB each, to count tokens. Figures that a provider reports are
in the first or the last ones; where it reports none, the text is counted."""


class LiteLLMStream:
    """The iterator that `LiteLLMProvider.stream` gives. One thread iterates; any thread may close."""

    __slots__ = (
        "_call",
        "_closed",
        "_ended",
        "_finish",
        "_prepare",
        "_reading",
        "_size",
        "_source",
        "_text",
        "_usage",
    )

    def __init__(self, prepare: Callable[[], Call]) -> None:
        self._prepare = prepare
        self._call: Call | None = None
        self._source: Any = None
        self._text = io.StringIO()
        self._size = 0
        self._usage: Any = None
        self._finish: str | None = None
        self._ended = False
        self._closed = False
        self._reading = threading.Lock()

    def __iter__(self) -> LiteLLMStream:
        return self

    def __next__(self) -> Chunk:
        """The next chunk with text, or the last one. Raises CallError, and StopIteration after either end."""
        with self._reading:
            if self._closed or self._ended:
                raise StopIteration
            try:
                chunk = self._read()
            except BaseException:
                self._finish_reading()
                raise
            if chunk.final is not None:
                self._finish_reading()
        if self._closed:
            self.close()
        return chunk

    def close(self) -> None:
        """Ends the stream and frees its connection; a thread that waits in `next` gets a CallError."""
        self._closed = True
        if self._call is not None:
            self._call.exchange.interrupt()
        if self._reading.acquire(blocking=False):
            try:
                self._finish_reading()
            finally:
                self._reading.release()

    def _read(self) -> Chunk:
        if self._call is None:
            self._call = self._prepare()
        call = self._call
        if self._closed:  # while the call was being prepared, before there was an exchange to interrupt
            raise call.asked.error(ErrorKind.PROVIDER, "the call was closed before it was sent")
        return call.guard(lambda: self._next_piece(call))

    def _next_piece(self, call: Call) -> Chunk:
        if self._source is None:
            self._source = iter(call.litellm.completion(**call.arguments))
        for event in self._source:
            text = self._take(event)
            if text:
                return Chunk(self._add(call, text))
        return Chunk("", final=self._final(call))

    def _take(self, event: Any) -> str:
        """The text of one chunk of litellm's; its other findings are noted."""
        usage = getattr(event, "usage", None)
        if usage is not None:
            self._usage = usage
        kept = getattr(self._source, "chunks", None)
        if isinstance(kept, list):
            del kept[_KEPT_CHUNKS:-_KEPT_CHUNKS]
        if not event.choices:
            return ""
        choice = event.choices[0]
        if choice.finish_reason:
            self._finish = choice.finish_reason
        return choice.delta.content or ""

    def _add(self, call: Call, text: str) -> str:
        text = call.checked(text, self._size)
        self._size += len(text.encode())
        self._text.write(text)
        return text

    def _final(self, call: Call) -> Completion:
        # litellm makes up a "stop" for a stream that ended without one; what it received stands beside it.
        reasons = ("received_finish_reason", "intermittent_finish_reason")
        if not any(getattr(self._source, name, True) for name in reasons):
            raise call.ended_early()
        kept = getattr(self._source, "chunks", None)
        is_guess = isinstance(kept, list) and not any(getattr(chunk, "usage", None) for chunk in kept)
        return call.completion(self._text.getvalue(), None if is_guess else self._usage, self._finish)

    def _finish_reading(self) -> None:
        self._ended = True
        if self._call is not None:
            self._call.exchange.release()
        close = getattr(getattr(self._source, "completion_stream", None), "close", None)
        self._source = None
        if close is not None:
            close()
