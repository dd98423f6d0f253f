"""An answer of litellm, chunk by chunk.

This file keeps the rules that exactly the last chunk carries `final`, that an answer which breaks off is an error and
never a short success, that nothing is asked again once a chunk is out, and that `close` frees the connection, even
while another thread waits in it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from llmspell.providers.attempts import Attempts
from llmspell.providers.provider import Chunk

if TYPE_CHECKING:
    from llmspell.providers.gathered import Gathered
    from llmspell.providers.litellm_call import Call
    from llmspell.providers.litellm_whole import Ask

_KEPT_CHUNKS = 16
"""litellm keeps every chunk of a stream, some KiB each, to count tokens. Figures that a provider reports are
in the first or the last ones; where it reports none, the text is counted."""


class LiteLLMStream:
    """The iterator that `LiteLLMProvider.stream` gives. One thread iterates; any thread may close.

    `prepare` makes one attempt's call. `ask_whole` asks a model that streams nothing: its answer is one chunk.
    `when_begun` is told at the first `next`, `when_over` once there will be no more chunks: an iterator that nobody
    asks is held by nobody.
    """

    __slots__ = (
        "_ask_whole",
        "_attempts",
        "_call",
        "_closed",
        "_ended",
        "_gathered",
        "_pending",
        "_prepare",
        "_reading",
        "_source",
        "_when_begun",
        "_when_over",
    )

    def __init__(
        self,
        attempts: Attempts,
        prepare: Callable[[], Call],
        *,
        ask_whole: Ask | None = None,
        when_begun: Callable[[LiteLLMStream], None],
        when_over: Callable[[LiteLLMStream], None],
    ) -> None:
        self._attempts = attempts
        self._prepare = prepare
        self._ask_whole = ask_whole
        self._when_begun = when_begun
        self._when_over = when_over
        self._call: Call | None = None
        self._source: Any = None
        self._gathered: Gathered | None = None
        self._pending: deque[Chunk] = deque()
        self._ended = False
        self._closed = False
        self._reading = threading.Lock()

    def __iter__(self) -> LiteLLMStream:
        return self

    def __next__(self) -> Chunk:
        """The next chunk that holds something. Raises CallError, and StopIteration after either end."""
        with self._reading:
            if self._closed or self._ended:
                raise StopIteration
            try:
                if not self._pending:
                    self._read()
                chunk = self._pending.popleft()
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
        self._attempts.close()
        call = self._call
        if call is not None:
            call.exchange.interrupt()
        if self._reading.acquire(blocking=False):
            try:
                self._finish_reading()
            finally:
                self._reading.release()

    def _read(self) -> None:
        if self._call is None:
            self._when_begun(self)
            self._attempts.run(self._begin)
        else:
            self._guarded(self._call)

    def _begin(self) -> None:
        """One attempt, up to its first chunk."""
        call = self._call = self._prepare()
        try:
            if self._closed:  # while the call was being prepared, before there was an exchange to interrupt
                raise call.closed("the call was closed before it was sent")
            self._guarded(call)
        except BaseException:
            self._let_go()
            raise

    def _guarded(self, call: Call) -> None:
        call.guard(lambda: self._next_pieces(call))

    def _next_pieces(self, call: Call) -> None:
        if self._ask_whole is not None:
            self._pending += _in_chunks(self._ask_whole, call)
            return
        if self._source is None or self._gathered is None:
            from llmspell.providers.gathered import Gathered

            self._gathered = Gathered(call)
            self._source = iter(call.litellm.completion(**call.arguments))
        for event in self._source:
            kept = getattr(self._source, "chunks", None)
            if isinstance(kept, list) and len(kept) > 2 * _KEPT_CHUNKS:
                del kept[_KEPT_CHUNKS:-_KEPT_CHUNKS]
            made = self._gathered.take(event)
            if made:
                call.exchange.taken()
                self._pending += made
                return
        self._check_end(call, self._gathered)
        self._pending += self._gathered.last()

    def _check_end(self, call: Call, gathered: Gathered) -> None:
        # litellm makes up a "stop" for a stream that ended without one; what it received stands beside it.
        reasons = ("received_finish_reason", "intermittent_finish_reason")
        if not any(getattr(self._source, name, True) for name in reasons):
            raise call.ended_early()
        kept = getattr(self._source, "chunks", None)
        if isinstance(kept, list) and not any(getattr(chunk, "usage", None) for chunk in kept):
            gathered.usage = None  # a guess of litellm's, from the chunks that were kept

    def _let_go(self) -> None:
        """Frees the connection of an attempt, and forgets what came of it."""
        call, self._call = self._call, None
        close = getattr(getattr(self._source, "completion_stream", None), "close", None)
        self._source = self._gathered = None
        self._pending.clear()
        if call is not None:
            call.exchange.release()
        if close is not None:
            close()

    def _finish_reading(self) -> None:
        ended, self._ended = self._ended, True
        self._let_go()
        if not ended:
            self._when_over(self)


def _in_chunks(ask: Ask, call: Call) -> list[Chunk]:
    completion = ask(call)
    return [*(Chunk("", media=media) for media in completion.media), Chunk(completion.text, final=completion)]
