"""What moves on a terminal while a script waits for a model, and is gone before anything else is shown.

Theory of operation. The spinner stands on stderr, at the begin of a line, and only where nothing else stands: where the
last thing that was written did not end its line, nothing is drawn. It is drawn by a thread of its own once somebody has
waited for a moment, and erased by whoever has an answer or is about to write. A terminal that takes no more bytes is
never waited for, and the cursor and the terminal's settings are left as they are: no end of the process, however
sudden, leaves more behind than the spinner itself.
"""

from __future__ import annotations

import _thread
import os
import select
import time
from contextlib import contextmanager

from llmspell.capabilities.scripting import LogSink

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping
    from typing import Any

DELAY = 0.15
"""Seconds that somebody has waited before it is shown: a quick answer shows none."""
EVERY = 0.1
"""Seconds from one frame to the next."""
REST = 1.0
"""Seconds without anybody who waits after which its thread sleeps."""
FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
WORDS = "waiting for the model"
ERASE = b"\r\x1b[K"
_LEAST_COLUMNS = len(WORDS) + 4
_OWN = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Spinner:
    """Is told who waits (`begin`, `end`, from any thread) and what is written (`aside`). A context manager: when it is
    left, nothing of it is on the terminal, and nothing will be.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = own_terminal(descriptor)
        self._lock = _thread.allocate_lock()
        self._waiting = 0
        self._since = 0.0
        self._shown = False
        self._clear_line = True
        self._writing = 0
        self._frame = 0
        self._closed = False
        self._begun: threading.Event | None = None

    def begin(self) -> None:
        """Somebody waits."""
        with self._lock:
            self._waiting += 1
            if self._waiting == 1:
                self._since = time.monotonic()
            if self._begun is None:
                self._start()
            elif not self._begun.is_set():
                self._begun.set()

    def end(self) -> None:
        """Somebody waits no longer."""
        with self._lock:
            self._waiting -= 1
            if not self._waiting:
                self._erase()

    @contextmanager
    def aside(self, data: bytes) -> Iterator[None]:
        """While bytes are written on the same terminal: it is gone, and does not come back meanwhile."""
        with self._lock:
            self._writing += 1
            self._erase()
        try:
            yield
        finally:
            with self._lock:
                self._writing -= 1
                self._since = time.monotonic()
                if data:
                    self._clear_line = data.endswith(b"\n")

    def beside(self, log: LogSink) -> LogSink:
        """The same log, whose lines do not meet the spinner."""

        def log_alone(level: str, message: str, fields: Mapping[str, Any]) -> None:
            with self.aside(b"\n"):
                log(level, message, fields)

        return log_alone

    def close(self) -> None:
        """Takes it away for good."""
        with self._lock:
            if self._closed:
                return
            self._erase()
            self._closed = True
            os.close(self._descriptor)
            if self._begun is not None:
                self._begun.set()

    def __enter__(self) -> Spinner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> None:
        import threading  # a run that waits for no model needs none

        self._begun = threading.Event()
        self._begun.set()
        threading.Thread(target=self._turn, args=(self._begun,), name="llmspell-spinner", daemon=True).start()

    def _turn(self, begun: threading.Event) -> None:
        last = time.monotonic()
        while begun.wait():
            time.sleep(EVERY)
            with self._lock:
                if self._closed:
                    return
                now = time.monotonic()
                if self._waiting:
                    last = now
                    if self._clear_line and not self._writing and now - self._since >= DELAY:
                        self._draw()
                elif now - last >= REST:
                    begun.clear()

    def _draw(self) -> None:
        self._frame = (self._frame + 1) % len(FRAMES)
        frame = f"\r{FRAMES[self._frame]} {WORDS}".encode()
        self._shown = write_at_once(self._descriptor, frame, 0) or self._shown

    def _erase(self) -> None:
        if self._shown and not self._closed:
            write_at_once(self._descriptor, ERASE, 100)
            self._shown = False


def own_terminal(descriptor: int) -> int:
    """The terminal of a descriptor, opened anew: as nobody else's it can be asked not to wait. Raises OSError."""
    return os.open(f"/proc/self/fd/{descriptor}", _OWN)


def write_at_once(descriptor: int, data: bytes, milliseconds: int) -> bool:
    """Whether it was written, as far as one can without waiting for longer than so many milliseconds."""
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        return bool(poll.poll(milliseconds)) and os.write(descriptor, data) > 0
    except OSError:
        return False  # the terminal has gone, or is full


def spinner_for(descriptor: int) -> Spinner | None:
    """A spinner, where there is a terminal that can show one."""
    if not os.isatty(descriptor) or os.environ.get("TERM", "dumb") == "dumb":
        return None
    try:
        if os.get_terminal_size(descriptor).columns < _LEAST_COLUMNS:
            return None
        return Spinner(descriptor)
    except OSError:
        return None  # somebody else's terminal, or no /proc
