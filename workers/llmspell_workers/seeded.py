"""A deterministic run: one seed, a clock of its own, and calls whose replies come in the order of the calls.

Theory of operation. The clock moves by a fixed step at each reading and by what is slept, and by nothing else: a call
takes no time of it. A sleep is no call then. It ends when no call is open any more, the one that is due first before
all others, and takes no real time. So what a script sees of time and order hangs on what it does alone. An engine
asks `Bridge.seeded`, which is None in all other runs.

A run that is recorded does the same, but its sleeps are calls (`sleeps`): they last as long as they say, and a replay,
which answers them at once, sees the same times and the same order.
"""

from __future__ import annotations

import os
import time

from msgpack import unpackb  # type: ignore[import-untyped]

from llmspell_workers.bridge import Bridge
from llmspell_workers.channel import Channel
from llmspell_workers.wire import Packed, Reply

STEP = 1000
"""Nanoseconds by which each reading moves the clock."""
MOST_SLEEP = 86_400.0
"""Seconds. What is no number up to this is left to the host, which says what is wrong with it."""
POLLS = 100
"""How often a script may look for replies that are there, and find none, before it is made to wait for one."""
_SECOND = 1_000_000_000
_NIL = b"\xc0"


class Clock:
    """Starts at `start` seconds after 1970-01-01 UTC. All readings are different, and rise."""

    __slots__ = ("_passed", "_start")

    def __init__(self, start: float) -> None:
        self._start = round(start * _SECOND)
        self._passed = 0

    def monotonic_ns(self) -> int:
        """Nanoseconds since the start."""
        self._passed += STEP
        return self._passed

    def time_ns(self) -> int:
        """Nanoseconds since 1970-01-01 UTC."""
        return self._start + self.monotonic_ns()

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self.monotonic_ns() / _SECOND

    def time(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return self.time_ns() / _SECOND

    def after(self, seconds: float) -> int:
        """When so many seconds have passed; reads nothing."""
        return self._passed + round(seconds * _SECOND)

    def reach(self, moment: int) -> None:
        """Moves it to a moment that `after` gave, never back."""
        self._passed = max(self._passed, moment)


class Seeded:
    """What a deterministic run draws from."""

    __slots__ = ("clock", "seed", "sleeps")

    def __init__(self, replay: dict[str, object]) -> None:
        """`replay` is the field of Configure. Raises ValueError if it is not what a host sends."""
        seed, start = replay.get("seed"), replay.get("clock")
        if type(seed) is not int or not isinstance(start, int | float):
            raise ValueError("replay needs a seed, an integer, and a clock, a number of seconds")
        self.seed = seed
        self.clock = Clock(start)
        self.sleeps = replay.get("sleeps") is True


class SeededBridge(Bridge):
    """The calls of a deterministic run."""

    __slots__ = ("_clock", "_lasting", "_open", "_polls", "_sleeps")

    def __init__(self, channel: Channel, seeded: Seeded) -> None:
        super().__init__(channel, seeded)
        self._clock = seeded.clock
        self._lasting = seeded.sleeps
        self._open: dict[int, None] = {}  # in the order in which they were begun
        self._sleeps: dict[int, int] = {}  # when each is due
        self._polls = 0
        os.putenv("TZ", "UTC0")  # also for what asks the C library
        time.tzset()

    def call(self, capability: str, packed: bytes) -> tuple[bool, int, bytes] | None:
        """As always; a sleep has passed at once, unless it is to last."""
        seconds = _seconds(packed) if capability == "sleep" else None
        if seconds is None:
            return super().call(capability, packed)
        until = self._clock.after(seconds)
        answer = super().call(capability, packed) if self._lasting else (True, 0, _NIL)
        self._clock.reach(until)
        return answer

    def begin(self, capability: str, packed: bytes) -> int:
        """As always; a sleep is begun without the host, unless it is to last."""
        seconds = _seconds(packed) if capability == "sleep" else None
        if seconds is None:
            number = super().begin(capability, packed)
            self._open[number] = None
            return number
        if self._lasting:
            number = super().begin(capability, packed)
        else:
            number = self._next
            self._next = number + 1
        self._sleeps[number] = self._clock.after(seconds)
        return number

    def wait_any(self) -> Reply:
        """The reply to the oldest call; without one, the end of the sleep that is due first."""
        self._polls = 0
        for oldest in self._open:
            return self._reply_to(oldest)
        if not self._sleeps:
            return super().wait_any()
        first = min(self._sleeps, key=self._sleeps.__getitem__)
        reply = self._received(first) if self._lasting else Reply(first, True, Packed(_NIL))
        self._clock.reach(self._sleeps.pop(first))
        return reply

    def answer(self, number: int) -> None:
        """None: `wait_any` knows which reply is the next."""

    def wait(self, number: int) -> Reply:
        """As always: whoever asks for one call waits for that one."""
        reply = super().wait(number)
        self._open.pop(number, None)
        self._clock.reach(self._sleeps.pop(number, 0))
        return reply

    def has_arrived(self) -> bool:
        """Whether a reply is to be waited for now: by the number of polls, because when one comes hangs on the host."""
        self._polls += 1
        return self._polls > POLLS and bool(self._open or self._sleeps)

    def forget(self, number: int) -> None:
        """Nobody waits for call `number` any more."""
        is_ours = self._sleeps.pop(number, None) is not None and not self._lasting
        self._open.pop(number, None)
        if not is_ours:
            super().forget(number)

    def abandon(self) -> None:
        """The run is over: what was not waited for is dropped."""
        self._open.clear()
        self._sleeps.clear()
        super().abandon()

    def _reply_to(self, number: int) -> Reply:
        reply = self._received(number)
        del self._open[number]
        return reply

    def _received(self, number: int) -> Reply:
        while number not in self._answered:
            reply = self._next_reply()  # MemoryError: nothing is lost, and this may be called again
            if reply.call in self._forgotten:
                self._forgotten.remove(reply.call)
            else:
                self._answered[reply.call] = reply
        return self._answered.pop(number)


def _seconds(packed: bytes) -> float | None:
    """How long a call of `sleep` is to last, if it says so as it should."""
    arguments = unpackb(packed)
    seconds = arguments.get("seconds") if isinstance(arguments, dict) else None
    if type(seconds) not in (int, float) or not 0 <= seconds <= MOST_SLEEP:  # type: ignore[operator]
        return None
    return float(seconds)  # type: ignore[arg-type]


def bridge_for(channel: Channel, replay: dict[str, object] | None) -> Bridge:
    """The calls of a worker that was configured with this `replay`. Raises ValueError."""
    return Bridge(channel) if replay is None else SeededBridge(channel, Seeded(replay))
