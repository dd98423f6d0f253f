"""Whether a waiting end tries again or sleeps.

Waking a process that sleeps on another core costs some 50 us, most of a round trip. So an end that has lately
been answered quickly tries for a moment and yields the processor in between, before it really sleeps (E18). With
busy cores a yield hands the processor away for milliseconds: one slow yield, and the next waits all sleep (E19).
"""

from __future__ import annotations

SPIN = 100e-6
"""Seconds: how long an end tries before it sleeps; twice a wake-up across cores."""
SLOW_YIELD = 200e-6
"""Seconds: a yield that took longer says that the cores are busy (E19); another program's turn takes milliseconds, and
that of an engine on the same core some 50 us."""
REST_WAITS = 256
"""For how many waits the spin is given up at most (E19); a first slow yield may be a hiccup, and costs few."""
FIRST_REST_WAITS = 8
TRIES = range(8)
"""Tries after each yield: with an end on a core of its own, a yield is but time lost."""
TRY_SIZE = 479
"""Bytes of one try: with its header the room for them is 512 bytes, the most that Python has at hand."""
QUICK = 400e-6
"""Seconds: an answer within this time counts as quick."""


class Pace:
    """One end's memory of how its last waits went. No I/O: the caller tries, yields and sleeps.

    A spin that was answered is noted in `spun`, the seconds it took: what follows from it is thought of at the next
    wait, because now somebody waits for what was read.
    """

    __slots__ = ("_quick", "_rest", "_rest_waits", "spun")

    def __init__(self) -> None:
        self.spun = 0.0
        self._quick = True
        self._rest = 0
        self._rest_waits = FIRST_REST_WAITS

    def may_spin(self) -> bool:
        """Whether this wait may begin with a spin."""
        if self.spun > SPIN:  # its last yield was slow, and the answer was there after it
            self._give_up()
        elif self.spun and self._rest_waits > FIRST_REST_WAITS:
            self._rest_waits -= 1  # the cores have been free for a while
        self.spun = 0.0
        if self._rest:
            self._rest -= 1
            return False
        return self._quick

    def goes_on(self, waited: float, yielded: float) -> bool:
        """Whether the spin goes on, after a yield that took `yielded`, `waited` into the wait."""
        if yielded > SLOW_YIELD:
            self._give_up()
            return False
        return waited < SPIN

    def answered(self, waited: float) -> None:
        """A sleep is over after `waited`."""
        self._quick = waited < QUICK

    def _give_up(self) -> None:
        self._rest = self._rest_waits
        self._rest_waits = min(4 * self._rest_waits, REST_WAITS)
