"""A call's script end: name and arguments in, value or error out.

The rule kept here: a reply is handed to an engine only when the memory for it is there, because an engine that is
refused memory in the middle of a hand-over may hang (E12).
"""

from __future__ import annotations

from llmspell_workers.channel import Channel
from llmspell_workers.wire import Output, Packed, Reply

TYPE_CHECKING = False  # not from typing: its import costs half a worker's start (E16)
if TYPE_CHECKING:
    from llmspell_workers.seeded import Seeded

_PIECE = 1024 * 1024
_LEAST_TRIAL = 4096
"""Bytes: also the smallest reply finds room for its parts."""


class Bridge:
    """Calls of one engine. Several may be open at once; their replies come in any order.

    The value of a reply is `Packed`, or None where the memory was not there to read it.
    `seeded` is what a deterministic run draws from (`seeded.py`).
    """

    seeded: Seeded | None
    __slots__ = ("_answered", "_channel", "_forgotten", "_next", "seeded")

    def __init__(self, channel: Channel, seeded: Seeded | None = None) -> None:
        self.seeded = seeded
        self._channel = channel
        self._next = 1
        self._answered: dict[int, Reply] = {}
        self._forgotten: set[int] = set()

    def call(self, capability: str, packed: bytes) -> tuple[bool, int, bytes] | None:
        """Makes a call: its ok flag, and the bytes in which its value begins at a place; None without memory for them.

        Raises Unsendable.
        """
        number = self._next
        self._next = number + 1
        found = self._channel.exchange(number, capability, packed)
        if found is not None:
            return found
        reply = self.wait(number)
        value = reply.value
        return (reply.ok, value.start, value.data) if type(value) is Packed else None

    def begin(self, capability: str, packed: bytes) -> int:
        """Sends a call and gives its id. Raises Unsendable."""
        number = self._next
        self._next = number + 1
        channel = self._channel
        channel.write(channel.conversation.send_packed_call(number, capability, packed))
        return number

    def wait(self, number: int) -> Reply:
        """The reply to call `number`; replies to other calls are kept until they are asked for."""
        if number in self._answered:
            return self._answered.pop(number)
        try:
            while (reply := self._next_reply()).call != number:
                if reply.call in self._forgotten:
                    self._forgotten.remove(reply.call)
                else:
                    self._answered[reply.call] = reply
        except MemoryError:
            self.forget(number)  # whoever asked is told that there is no memory
            raise
        return reply

    def answer(self, number: int) -> tuple[bool, int, bytes] | None:
        """Waits for the reply to call `number`, the only one that is open; as of `call`, the quick way.

        None if something else came: `wait_any` is to be asked.
        """
        return None if self._answered or self._forgotten else self._channel.answer(number)

    def wait_any(self) -> Reply:
        """The next reply, whichever call it answers."""
        if self._answered:
            return self._answered.pop(next(iter(self._answered)))
        while (reply := self._next_reply()).call in self._forgotten:
            self._forgotten.remove(reply.call)
        return reply

    def has_arrived(self) -> bool:
        """Whether `wait_any` would find something, without waiting for it to begin."""
        return bool(self._answered) or self._channel.has_arrived()

    def forget(self, number: int) -> None:
        """Nobody waits for call `number` any more."""
        if self._answered.pop(number, None) is None:
            self._forgotten.add(number)

    def output(self, stream: str, data: bytes) -> None:
        """Sends what the script printed, in pieces that fit a frame."""
        if len(data) <= _PIECE:
            self._channel.send(Output(stream, data))
            return
        for start in range(0, len(data), _PIECE):
            self._channel.send(Output(stream, data[start : start + _PIECE]))

    def abandon(self) -> None:
        """The run is over: what was not waited for is dropped."""
        self._answered.clear()
        self._forgotten.clear()

    def _next_reply(self) -> Reply:
        frame = self._channel.receive()
        if not isinstance(frame, Reply):  # the table of states admits nothing else while a script runs
            raise TypeError(f"{type(frame).__name__} instead of a Reply")
        return frame


def has_room(size: int) -> bool:
    """Whether the memory for `size` bytes on both sides is there: twice that is allocated, and freed (E12)."""
    try:
        bytearray(2 * size + _LEAST_TRIAL)
    except MemoryError:
        return False
    return True
