"""A place in an answer at which the server waits until the test lets it go on: no test needs to sleep."""

from __future__ import annotations

import threading

DEADLINE = 60.0
"""Seconds that a test waits at most for what must happen, on a machine that may be busy with others."""


class GateBrokenError(ConnectionError):
    """The server stopped while an answer waited."""


class Gate:
    """Closed at first; once open it stays open. One gate may stand in several answers."""

    __slots__ = ("_broken", "_opened", "_reached")

    def __init__(self) -> None:
        self._opened = threading.Event()
        self._reached = threading.Event()
        self._broken = False

    def open(self) -> None:
        """Lets every answer that waits here go on, and those that come later pass."""
        self._opened.set()

    def wait_until_reached(self, timeout: float = DEADLINE) -> None:
        """Waits until an answer has come to this gate. Raises TimeoutError after `timeout` seconds."""
        if not self._reached.wait(timeout):
            raise TimeoutError(f"no answer came to the gate within {timeout:g} s")

    def pass_through(self) -> None:
        """The server's side: waits until the gate is open. Raises GateBrokenError when the server stops."""
        self._reached.set()
        self._opened.wait()
        if self._broken:
            raise GateBrokenError("the server stopped at a closed gate")

    def break_down(self) -> None:
        """The server's side: sends those who wait home."""
        if not self._opened.is_set():
            self._broken = True
            self._opened.set()
