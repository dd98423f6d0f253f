"""Whether a waiting end tries again or sleeps.

Waking a process that sleeps on another core costs some 50 us, most of a round trip. So an end that has lately
been answered quickly tries for a moment and yields the processor in between, before it really sleeps (E18). With
busy cores a yield hands the processor away for milliseconds: one slow yield, and the next waits all sleep (E19).
"""

from __future__ import annotations

SPIN_NS = 100_000
"""How long an end tries before it sleeps; twice a wake-up across cores."""
SLOW_YIELD_NS = 50_000
"""A yield that took longer says that the cores are busy (E19)."""
REST_WAITS = 256
"""For how many waits the spin is given up at most (E19); a first slow yield may be a hiccup, and costs few."""
FIRST_REST_WAITS = 8
QUICK_NS = 400_000
"""An answer within this time counts as quick."""


class Pace:
    """One end's memory of how its last waits went. No I/O: the caller tries, yields and sleeps."""

    __slots__ = ("_quick", "_rest", "_rest_waits")

    def __init__(self) -> None:
        self._quick = True
        self._rest = 0
        self._rest_waits = FIRST_REST_WAITS

    def may_spin(self) -> bool:
        """Whether this wait may begin with a spin."""
        if self._rest:
            self._rest -= 1
            return False
        return self._quick

    def goes_on(self, waited_ns: int, yield_ns: int) -> bool:
        """Whether the spin goes on, after a yield that took `yield_ns`, `waited_ns` into the wait."""
        if yield_ns > SLOW_YIELD_NS:
            self._give_up()
            return False
        return waited_ns < SPIN_NS

    def spun(self, waited_ns: int) -> None:
        """A spin was answered, `waited_ns` into the wait."""
        if waited_ns > SPIN_NS:  # its last yield was slow, and the answer was there after it
            self._give_up()
        elif self._rest_waits > FIRST_REST_WAITS:
            self._rest_waits -= 1  # the cores have been free for a while

    def answered(self, waited_ns: int) -> None:
        """A sleep is over after `waited_ns`."""
        self._quick = waited_ns < QUICK_NS

    def _give_up(self) -> None:
        self._rest = self._rest_waits
        self._rest_waits = min(4 * self._rest_waits, REST_WAITS)
