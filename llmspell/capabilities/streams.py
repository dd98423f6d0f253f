"""Streams that a script pulls: the next chunk is made when it is asked for, so nothing piles up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from llmspell.capabilities.arguments import invalid
from llmspell.errors import CallError, ErrorKind
from llmspell.sandbox.broker import Handler, Later

MAX_STREAMS = 64
_OPEN, _BUSY, _CLOSING = "open", "busy", "closing"
Chunk = TypeVar("Chunk")


class _Stream:
    """One answer on its way. `pull` gives the next chunk as a script sees it, None after the last."""

    __slots__ = ("blocking", "chunks", "pull", "state")

    def __init__(self, chunks: Any, pull: Callable[[], dict[str, Any] | None], *, blocking: bool) -> None:
        self.chunks = chunks
        self.pull = pull
        self.blocking = blocking
        self.state = _OPEN


class Streams:
    """The open streams of one run."""

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        self._streams: dict[int, _Stream] = {}
        self._last = 0

    def handlers(self) -> dict[str, Handler]:
        """The capabilities that this file answers; a stream was granted and counted when it was opened."""
        return {
            "stream.next": Handler(self.next, counted=False),
            "stream.close": Handler(self.close, counted=False),
        }

    def check_room(self) -> None:
        """Raises CallError (budget) when no further stream may be opened."""
        if len(self._streams) >= MAX_STREAMS:
            raise CallError(
                ErrorKind.BUDGET,
                f"{len(self._streams)} streams are open and {MAX_STREAMS} may be; read or close one first",
            )

    def open(
        self, chunks: Iterator[Chunk], shown: Callable[[Chunk], dict[str, Any]], *, blocking: bool
    ) -> dict[str, Any]:
        """The answer that opens a stream: `{stream = id}`. `shown` makes of a chunk what the script sees, on the thread
        that pulled it."""

        def pull() -> dict[str, Any] | None:
            chunk = next(chunks, None)
            return None if chunk is None else shown(chunk)

        self._last += 1
        self._streams[self._last] = _Stream(chunks, pull, blocking=blocking)
        return {"stream": self._last}

    def next(self, arguments: Mapping[str, Any]) -> Any:
        """The next chunk as a script sees it, or nil after the last."""
        number = arguments.get("stream")
        stream = self._streams.get(number) if type(number) is int else None
        if stream is None:
            return None
        if stream.state != _OPEN:
            raise invalid("the next chunk of this stream was asked for already")
        stream.state = _BUSY
        if stream.blocking:
            return Later(job=lambda: self._pull(number, stream), seconds=self._seconds, name="the stream")
        return self._pull(number, stream)

    def close(self, arguments: Mapping[str, Any]) -> None:
        """Ends a stream early and frees its connection."""
        number = arguments.get("stream")
        stream = self._streams.pop(number, None) if type(number) is int else None
        if stream is not None:
            _end(stream)

    def close_all(self) -> None:
        """The run is over."""
        for number in list(self._streams):
            self.close({"stream": number})

    def _pull(self, number: Any, stream: _Stream) -> dict[str, Any] | None:
        try:
            shown = stream.pull()
        except BaseException:
            self._streams.pop(number, None)
            raise
        if stream.state == _CLOSING:  # the run has ended, or the script has let go, while we waited for the provider
            _close(stream.chunks)
            return None
        stream.state = _OPEN
        if shown is None:
            self._streams.pop(number, None)
        return shown


def _end(stream: _Stream) -> None:
    if stream.state == _BUSY:
        stream.state = _CLOSING  # whoever waits for the provider closes it, if it cannot be closed from here
    _close(stream.chunks)


def _close(chunks: Any) -> None:
    closing = getattr(chunks, "close", None)
    if closing is not None:
        try:
            closing()
        except ValueError:
            pass  # a generator that runs on another thread cannot be closed from this one
