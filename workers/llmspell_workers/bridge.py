"""A call's script end: name and arguments in, value or error out.

The rule kept here: a reply is handed to an engine only when the memory for it is there, because an engine that is
refused memory in the middle of a hand-over may hang (E12).
"""

from __future__ import annotations

from llmspell_workers.channel import Channel
from llmspell_workers.wire import Call, Output, Packed, Reply

_LEAST_TRIAL = 32 * 1024
"""Bytes: also the smallest reply finds room for its parts."""


class ReplyTooLarge(MemoryError):
    """The memory that is left cannot take the reply; the script may catch it."""


class Bridge:
    """Calls of one engine. Several may be open at once; their replies come in any order."""

    __slots__ = ("_answered", "_channel", "_next")

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._next = 1
        self._answered: dict[int, Reply] = {}

    def begin(self, capability: str, arguments: Packed | dict[str, object]) -> int:
        """Sends a call and gives its id. Raises Unsendable."""
        number = self._next
        self._next = number + 1
        self._channel.send(Call(number, capability, arguments))
        return number

    def wait(self, number: int) -> Reply:
        """The reply to call `number`; replies to other calls are kept until they are asked for."""
        if number in self._answered:
            return self._answered.pop(number)
        while (reply := self._next_reply()).call != number:
            self._answered[reply.call] = reply
        return reply

    def wait_any(self) -> Reply:
        """The next reply, whichever call it answers."""
        if self._answered:
            return self._answered.pop(next(iter(self._answered)))
        return self._next_reply()

    def output(self, stream: str, data: bytes) -> None:
        """Sends what the script printed, in pieces that fit a frame."""
        for start in range(0, len(data), 1 << 20):
            self._channel.send(Output(stream, data[start : start + (1 << 20)]))

    def abandon(self) -> None:
        """The run is over: what was not waited for is dropped."""
        self._answered.clear()

    def _next_reply(self) -> Reply:
        frame = self._channel.receive()
        if not isinstance(frame, Reply):  # the table of states admits nothing else while a script runs
            raise TypeError(f"{type(frame).__name__} instead of a Reply")
        return frame


def make_room(size: int) -> None:
    """Allocates and frees twice `size` bytes; raises ReplyTooLarge if the memory is not there (E12)."""
    try:
        bytearray(2 * size if size > _LEAST_TRIAL // 2 else _LEAST_TRIAL)
    except MemoryError:
        raise ReplyTooLarge(f"a reply of {size:,} bytes does not fit the memory that is left") from None
