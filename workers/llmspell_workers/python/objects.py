"""What calls give beside plain values: objects with methods, streams, generators, builders.

The rule kept here: an object is text, its name, so it prints, compares and travels as that; its fields are attributes
and items of it.
"""

from __future__ import annotations

from llmspell_workers.python.calls import Calls
from llmspell_workers.python.errors import CallError, ValidationError
from llmspell_workers.wire import kind_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
    from typing import Any, Self

    Fields = dict[str, object]


class Handle(str):
    """An object of the host: an agent, a tool. Each class of them is a subclass, made from the table."""

    named: str | None = None
    id: object

    def __new__(cls, fields: Fields) -> Self:
        made = super().__new__(cls, fields.get(cls.named or "", cls.__name__))
        made.__dict__.update(fields)
        return made

    def __getitem__(self, key: object) -> object:  # type: ignore[override]
        if isinstance(key, str):
            return self.__dict__[key]
        return super().__getitem__(key)  # type: ignore[index]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {str(self)!r}>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _seen: object) -> Self:
        return self


class Stream:
    """Chunks that the script pulls, with `for` or `async for`: the reader sets the pace. Dropped, it is closed."""

    __slots__ = ("_calls", "_closes", "_id", "_open", "_pulls")

    def __init__(self, calls: Calls, spec: Mapping[str, str], opened: object | Callable[[], Awaitable[object]]) -> None:
        """`opened` is the answer that opened it, or what makes the call that does so, for `async for`."""
        self._calls, self._pulls, self._closes = calls, spec["pulls"], spec["closes"]
        self._open: Callable[[], Awaitable[object]] | None = opened if callable(opened) else None
        self._id: object = None if callable(opened) else _stream_id(opened)

    def next(self) -> object:
        """The next chunk; None after the last."""
        if self._open is not None:
            raise TypeError("this stream is opened by `async for`, or by `await` of its anext()")
        if self._id is None:
            return None
        try:
            return self._kept(self._calls.call(self._pulls, {"stream": self._id}))
        except BaseException:
            self._id = None
            raise

    async def anext(self) -> object:
        """The same from a coroutine."""
        if self._open is not None:
            opening, self._open = self._open, None
            self._id = _stream_id(await opening())
        if self._id is None:
            return None
        try:
            return self._kept(await self._calls.acall(self._pulls, {"stream": self._id}))
        except CallError:
            self._id = None
            raise

    def close(self) -> None:
        """Ends it early."""
        self._open = None
        if self._id is not None:
            ended, self._id = self._id, None
            self._calls.call(self._closes, {"stream": ended})

    def is_done(self) -> bool:
        """Whether the last chunk was given, or it was closed."""
        return self._id is None and self._open is None

    isDone = is_done  # noqa: N815 - the name it has in every language

    def _kept(self, chunk: object) -> object:
        if chunk is None:
            self._id = None
        return chunk

    def __iter__(self) -> Iterator[object]:
        return self

    def __next__(self) -> object:
        chunk = self.next()
        if chunk is None:
            raise StopIteration
        return chunk

    def __aiter__(self) -> AsyncIterator[object]:
        return self

    async def __anext__(self) -> object:
        chunk = await self.anext()
        if chunk is None:
            raise StopAsyncIteration
        return chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if self._id is not None:  # at any moment, in the middle of a call too: the next one takes it along
            self._calls.later(self._closes, {"stream": self._id})


def _stream_id(opened: object) -> object:
    return opened.get("stream") if isinstance(opened, dict) else None


class Generated:
    """`Streaming.create(function)`: what a generator of the script yields, one by one; an async one by `async for`."""

    __slots__ = ("_ahead", "_done", "_iterator")

    def __init__(self, function: Callable[[], object]) -> None:
        if not callable(function):
            raise ValidationError(f"Streaming.create needs a function, not {kind_of(function)}")
        made = function()
        self._iterator: Any = made if hasattr(made, "__anext__") else iter(made)  # type: ignore[call-overload]
        self._ahead: list[object] = []
        self._done = False

    def next(self) -> object:
        """The next value; None after the last."""
        return next(self, None)

    def is_done(self) -> bool:
        """Whether there is no further value."""
        if not self._ahead and not self._done:
            try:
                self._ahead.append(self._step())
            except StopIteration:
                pass
        return self._done and not self._ahead

    isDone = is_done  # noqa: N815 - the name it has in every language

    def collect(self) -> list[object]:
        """All that is left."""
        return list(self)

    async def anext(self) -> object:
        """`next` from a coroutine."""
        async for value in self:
            return value
        return None

    async def acollect(self) -> list[object]:
        """`collect` from a coroutine."""
        return [value async for value in self]

    def _step(self) -> object:
        if hasattr(self._iterator, "__anext__"):
            raise TypeError("what an async generator yields is read by `async for`, or by `await` of acollect()")
        try:
            return next(self._iterator)
        except BaseException:
            self._done = True
            raise

    def __iter__(self) -> Iterator[object]:
        return self

    def __next__(self) -> object:
        if self._ahead:
            return self._ahead.pop()
        if self._done:
            raise StopIteration
        return self._step()

    def __aiter__(self) -> AsyncIterator[object]:
        return self

    async def __anext__(self) -> object:
        if self._done or not hasattr(self._iterator, "__anext__"):
            for value in self:
                return value
            raise StopAsyncIteration
        try:
            return await self._iterator.__anext__()
        except BaseException:
            self._done = True
            raise


def drain(stream: Stream, each: Callable[[object], object]) -> dict[str, object]:
    """Runs a stream to its end through a function of the script."""
    heard = _Heard()
    with stream:
        for chunk in stream:
            heard.hear(chunk)
            each(chunk)
    return heard.told()


async def adrain(stream: Stream, each: Callable[[object], object]) -> dict[str, object]:
    """The same from a coroutine; `each` may be one itself."""
    heard = _Heard()
    async with stream:
        async for chunk in stream:
            heard.hear(chunk)
            made = each(chunk)
            if hasattr(made, "__await__"):
                await made
    return heard.told()


class _Heard:
    """What a drained stream has said so far."""

    def __init__(self) -> None:
        self._chunks = 0
        self._parts: list[str] = []

    def hear(self, chunk: object) -> None:
        self._chunks += 1
        fields = chunk if isinstance(chunk, dict) else {}
        if fields.get("restarts"):
            self._parts.clear()  # what follows takes the place of what came
        text = fields.get("text")
        if isinstance(text, str):
            self._parts.append(text)

    def told(self) -> dict[str, object]:
        return {"success": True, "chunks_received": self._chunks, "text": "".join(self._parts)}
