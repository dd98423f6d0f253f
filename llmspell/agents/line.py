"""What is open between a question and its provider, and may be cut from any thread."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any


class Line:
    """The line of one question. One thread at a time has something open on it; any thread may cut it."""

    __slots__ = ("_close", "_lock", "is_cut")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._close: Callable[[], object] | None = None
        self.is_cut = False

    @contextlib.contextmanager
    def open(self, source: Any) -> Iterator[None]:
        """While it is open, cutting the line calls `source.close()`, if it has one; so does the end of the block."""
        close = getattr(source, "close", None)
        with self._lock:
            self._close = close
            cut = self.is_cut
        try:
            if cut:
                _call(close)
            yield
        finally:
            with self._lock:
                self._close = None
            _call(close)

    def cut(self) -> None:
        """Closes what is open, now and from now on. May be called again."""
        with self._lock:
            self.is_cut = True
            close = self._close
        _call(close)


def _call(close: Callable[[], object] | None) -> None:
    if close is not None:
        with contextlib.suppress(ValueError):  # a generator that runs on another thread: it sees that the line is cut
            close()
