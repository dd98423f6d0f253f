"""A tool that answers once all parties are there: it proves that calls are open at the same time."""

from __future__ import annotations

import threading


class Meeting:
    """`meet` gives the number of parties."""

    def __init__(self, parties: int) -> None:
        self._barrier = threading.Barrier(parties)

    def meet(self) -> int:
        """Waits for all others."""
        self._barrier.wait(timeout=250)
        return self._barrier.parties
