"""Calls of a script: arguments packed, the reply unpacked, an error raised.

Theory of operation. A call is made in one of three ways, by where the script is. In a branch of `parallel` it is begun,
and the branch gives way to others until the reply is there. In a coroutine that asyncio runs it is begun, and a future
is waited for. Anywhere else it blocks. Whoever waits for the wire takes every reply that comes (`pump`) and hands it to
what waits for it.
"""

from __future__ import annotations

import sys

from msgpack import unpackb  # type: ignore[import-untyped]

from llmspell_workers.python.errors import ValidationError, call_error
from llmspell_workers.wire import Packed, Reply, Unsendable, pack
from llmspell_workers.wire.quick import pack_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable

    from llmspell_workers.bridge import Bridge

MAX_OPEN = 250
"""Calls that may be open at once; the wire admits 256."""


class Calls:
    """The calls of one engine. `before` is run before each: what was printed so far goes first.

    `give_way` is set while branches run: it is given the id of a call that was begun, and comes back with the reply, or
    gives None outside of a branch. `still` counts what must not give way: imports.
    `counted_elsewhere`: an answer that found no room is a refusal as any other, and need not be counted here.
    """

    __slots__ = ("_bridge", "_dropped", "_takers", "before", "counted_elsewhere", "give_way", "refusals", "still")

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._takers: dict[int, Callable[[Reply], None]] = {}
        self._dropped: list[tuple[str, dict[str, object]]] = []
        self.before: Callable[[], None] = lambda: None
        self.give_way: Callable[[], Callable[[int], Reply] | None] = lambda: None
        self.refusals = 0
        self.counted_elsewhere = False
        self.still = 0

    def call(self, capability: str, arguments: dict[str, object]) -> object:
        """Makes a call and gives its value; raises CallError, or MemoryError where the reply finds no room."""
        packed = self._packed(arguments)
        wait = self.give_way()
        if wait is not None and not self.still:
            return self._taken(wait(self._begin(capability, packed)))
        try:
            found = self._bridge.call(capability, packed)
        except Unsendable as error:
            raise ValidationError(str(error)) from None
        if found is None:
            raise self._refused()
        ok, start, data = found
        return _value(ok, data, start)

    async def acall(self, capability: str, arguments: dict[str, object]) -> object:
        """The same from a coroutine: others run meanwhile."""
        loop = running_loop()
        if loop is None or self.give_way() is not None or self.still:
            return self.call(capability, arguments)
        answer = loop.create_future()
        number = self.begin(capability, arguments, lambda reply: None if answer.done() else answer.set_result(reply))
        try:
            return self._taken(await answer)
        finally:
            if self._takers.pop(number, None) is not None:  # it was cancelled
                self._bridge.forget(number)

    def begin(self, capability: str, arguments: dict[str, object], taker: Callable[[Reply], None]) -> int:
        """Begins a call whose reply is given to `taker` by whoever waits for the wire then."""
        number = self._begin(capability, self._packed(arguments))
        self._takers[number] = taker
        return number

    def expect(self, number: int, taker: Callable[[Reply], None]) -> None:
        """The reply to a call that `give_way` was given goes to `taker`."""
        self._takers[number] = taker

    def pump(self) -> None:
        """Waits for a reply and hands it on, and all others that are there. Raises RuntimeError if none can come."""
        if not self._takers:
            raise RuntimeError("everything waits for something else, and no call is open that could wake it")
        self._hand_on(self._bridge.wait_any())
        self.take_arrived()

    def take_arrived(self) -> None:
        """Hands on the replies that are there, and does not wait."""
        while self._takers and self._bridge.has_arrived():
            self._hand_on(self._bridge.wait_any())

    def later(self, capability: str, arguments: dict[str, object]) -> None:
        """Has a call made before the next one, whose answer nobody waits for. May be called at any moment."""
        self._dropped.append((capability, arguments))

    def reset(self) -> None:
        """Between two runs."""
        self._takers.clear()
        self._dropped.clear()
        self.refusals = self.still = 0

    def _packed(self, arguments: dict[str, object]) -> bytes:
        self.before()
        while self._dropped:
            capability, dropped = self._dropped.pop()
            self._bridge.forget(self._begin(capability, pack(dropped)))
        packed = pack_plain(arguments)
        if packed is not None:
            return packed
        try:
            return pack(arguments, "")
        except Unsendable as error:
            raise ValidationError(f"{error.place.removeprefix('.') or 'the call'} {error.why}") from None

    def _begin(self, capability: str, packed: bytes) -> int:
        while len(self._takers) >= MAX_OPEN:
            self.pump()
        try:
            return self._bridge.begin(capability, packed)
        except Unsendable as error:
            raise ValidationError(str(error)) from None

    def _hand_on(self, reply: Reply) -> None:
        taker = self._takers.pop(reply.call, None)
        if taker is not None:
            taker(reply)

    def _taken(self, reply: Reply) -> object:
        value = reply.value
        if type(value) is not Packed:
            raise self._refused()
        return _value(reply.ok, value.data, value.start)

    def _refused(self) -> MemoryError:
        self.refusals += not self.counted_elsewhere
        return MemoryError("not enough memory for the answer")


def running_loop() -> AbstractEventLoop | None:
    """The loop that runs this coroutine, if asyncio was ever loaded."""
    events = sys.modules.get("asyncio.events")
    return None if events is None else events._get_running_loop()


def _value(ok: bool, data: bytes, start: int) -> object:
    value: object = unpackb(data[start:] if start else data)
    if ok:
        return value
    raise call_error(value)
