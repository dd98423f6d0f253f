"""How other threads and signal handlers reach the thread that drives a session.

The rule kept here: nothing in this file blocks, and everything may be called from a signal handler, in
whatever the handler has interrupted.
"""

from __future__ import annotations

import _thread
import os
from collections.abc import Callable


class Wake:
    """A descriptor that becomes readable when the object is called; calling it after `close` does nothing."""

    __slots__ = ("_lock", "descriptor")

    def __init__(self) -> None:
        self.descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        # Without it a late call could write into a descriptor of the same number that somebody has opened
        # since. Re-entrant, for a signal handler that interrupts its own thread in here.
        self._lock = _thread.RLock()

    def __call__(self) -> None:
        with self._lock:
            if self.descriptor >= 0:
                try:
                    os.eventfd_write(self.descriptor, 1)
                except BlockingIOError:
                    pass  # 2^64 calls wait: it is awake

    def __del__(self) -> None:
        if getattr(self, "_lock", None) is not None:
            self.close()

    def clear(self) -> None:
        """Forgets the calls so far."""
        try:
            os.eventfd_read(self.descriptor)
        except BlockingIOError:
            pass

    def close(self) -> None:
        """Gives the descriptor back."""
        with self._lock:
            descriptor, self.descriptor = self.descriptor, -1
            if descriptor >= 0:
                os.close(descriptor)


class Cancellation:
    """A wish that a run, or several at once, end now. The first `cancel` decides; it cannot be taken back."""

    __slots__ = ("_wakes", "exit_code")

    def __init__(self) -> None:
        self.exit_code: int | None = None
        self._wakes: dict[int, Callable[[], None]] = {}

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self.exit_code is not None

    def cancel(self, exit_code: int = 130) -> None:
        """Ends every run that was given this object; `exit_code` says what cancelled it (130 Ctrl-C, 143
        SIGTERM, ...).
        """
        if self.exit_code is None:
            self.exit_code = exit_code
        for wake in tuple(self._wakes.values()):
            wake()

    def attach(self, wake: Callable[[], None]) -> None:
        """Has `cancel` call `wake`. Look at `cancelled` afterwards: it may have been called before."""
        self._wakes[id(wake)] = wake

    def detach(self, wake: Callable[[], None]) -> None:
        """Undoes `attach`."""
        self._wakes.pop(id(wake), None)
