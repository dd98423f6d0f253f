"""How fast one provider is asked: so many calls a minute, and none while it wants to be left alone.

This file keeps the rule that all calls of a provider wait at the same gate, whichever thread makes them, and that
waiting is somebody else's: here it is only said for how long.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

MINUTE = 60.0


class Pace:
    """The gate of one provider. `clock` is monotonic seconds."""

    __slots__ = ("_begun", "_clock", "_lock", "_per_minute", "_quiet_until")

    def __init__(self, per_minute: int | None, clock: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._begun: deque[float] = deque(maxlen=per_minute)
        self._quiet_until = float("-inf")
        self._lock = threading.Lock()

    def enter(self) -> float:
        """0 for a call that may be sent now, and is counted; else the seconds after which to ask again."""
        with self._lock:
            now = self._clock()
            wait = self._quiet_until - now
            if self._per_minute is not None and len(self._begun) == self._per_minute:
                wait = max(wait, self._begun[0] + MINUTE - now)
            if wait > 0:
                return wait
            if self._per_minute is not None:
                self._begun.append(now)
            return 0.0

    def be_quiet(self, seconds: float) -> None:
        """Nobody may pass for so long, because the provider said so."""
        with self._lock:
            self._quiet_until = max(self._quiet_until, self._clock() + seconds)
