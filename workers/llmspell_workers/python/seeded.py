"""A deterministic run in Python: what reads the machine's clocks and random numbers reads the run's own.

The rule kept here: bound methods take the place of functions of C, because neither becomes a method of a class that
holds it. `datetime` is then the one that is written in Python: the other asks the machine.
"""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from llmspell_workers.seeded import Seeded

_MACHINE_CLOCKS = ("_datetime", "_zoneinfo")
"""Extension modules that ask the machine what time it is, or need one that does."""


class _Times:
    """The functions of `time` that say what time it is."""

    def __init__(self, seeded: Seeded) -> None:
        self._clock = seeded.clock
        self._local, self._universal = time.localtime, time.gmtime
        self._shown, self._formatted = time.asctime, time.strftime

    def replace(self) -> None:
        """Puts them in the place of those of the module."""
        clock = self._clock
        time.time, time.time_ns = clock.time, clock.time_ns
        for name in ("monotonic", "perf_counter", "process_time", "thread_time"):
            setattr(time, name, clock.monotonic)
            setattr(time, name + "_ns", clock.monotonic_ns)
        for name in ("clock_gettime", "clock_gettime_ns", "localtime", "gmtime", "asctime", "ctime", "strftime"):
            setattr(time, name, getattr(self, name))
        os.times = self.times

    def clock_gettime(self, clock: int) -> float:
        return self.clock_gettime_ns(clock) / 1e9

    def clock_gettime_ns(self, clock: int) -> int:
        return self._clock.time_ns() if clock == time.CLOCK_REALTIME else self._clock.monotonic_ns()

    def localtime(self, seconds: float | None = None, /) -> time.struct_time:
        return self._local(self._clock.time() if seconds is None else seconds)

    def gmtime(self, seconds: float | None = None, /) -> time.struct_time:
        return self._universal(self._clock.time() if seconds is None else seconds)

    def asctime(self, parts: Any = None, /) -> str:
        return self._shown(self.localtime() if parts is None else parts)

    def ctime(self, seconds: float | None = None, /) -> str:
        return self._shown(self.localtime(seconds))

    def strftime(self, text: str, parts: Any = None, /) -> str:
        return self._formatted(text, self.localtime() if parts is None else parts)

    def times(self) -> os.times_result:
        passed = self._clock.monotonic()
        return os.times_result((passed, 0.0, 0.0, 0.0, passed))


class _Noise:
    """What the machine's random bytes are replaced by."""

    def __init__(self, seed: int) -> None:
        from _random import Random

        self._bits = Random(seed).getrandbits

    def urandom(self, size: int, /) -> bytes:
        if size < 0:
            raise ValueError("negative argument not allowed")
        return self._bits(8 * size).to_bytes(size, "big") if size else b""

    def getrandom(self, size: int, flags: int = 0) -> bytes:  # noqa: ARG002 - it never blocks
        return self.urandom(size)

    def in_random(self) -> None:
        """`random` takes its seeds from here: the one of its own numbers, and those that nobody has given."""
        module: Any = sys.modules["random"]
        real, bits = module.Random.seed, self._bits

        def seed(self: Any, a: Any = None, version: int = 2) -> None:
            """Initialize internal state from a seed; without one, from that of the run."""
            real(self, bits(256) if a is None else a, version)

        module.Random.seed = seed
        module.seed = module._inst.seed
        module.seed()

    def in_uuid(self) -> None:
        """`uuid1` is made of the run's clock, and of a node that no machine has."""
        module: Any = sys.modules["uuid"]
        module._generate_time_safe = module._UuidCreate = None
        module._node = self._bits(48) | 1 << 40  # as RFC 9562 marks one that is random


def make_deterministic(seeded: Seeded, after: Callable[[str, Callable[[], None]], None]) -> None:
    """Makes the interpreter so, before the script has imported anything. `after` is the Finder's."""
    _Times(seeded).replace()
    noise = _Noise(seeded.seed)
    os.urandom = noise.urandom
    if hasattr(os, "getrandom"):
        os.getrandom = noise.getrandom
    after("random", noise.in_random)
    after("uuid", noise.in_uuid)
    sys.modules.pop("datetime", None)  # msgpack's, made of `_datetime`
    for name in _MACHINE_CLOCKS:
        sys.modules[name] = None  # type: ignore[assignment] # an import of it raises ImportError
