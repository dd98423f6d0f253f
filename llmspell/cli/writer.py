"""A script's output on its way to our stdout and stderr: as it comes, bytes unchanged, and never waiting for ever.

Theory of operation. A reader that does not read must not hold up the limits of a run. So a write to anything but a file
waits until the other end takes something, until the run is cancelled or until its time is over, whichever is first;
what is not taken by then is kept, and `finish` offers it once more when the run is over. The driver blocks meanwhile,
and with it the worker, whose pipe fills up: nothing piles up here while a reader is only slow.
"""

from __future__ import annotations

import errno
import os
import select
import stat
from time import monotonic

from llmspell.cli.terminal import Tamer
from llmspell.errors import SetupError
from llmspell.sandbox.output import KeptOutput
from llmspell.sandbox.wake import Cancellation, Wake

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmspell.cli.spinner import Spinner

PATIENCE = 2.0
"""Seconds without any progress after which a reader is given up, once the run was ended by a limit."""
_FOR_EVER = 1e6
"""Seconds: what `poll` can be asked to wait, and more."""
_OWN = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Sink:
    """One of our own descriptors, to which bytes are written without waiting where they cannot go at once."""

    def __init__(self, descriptor: int, *, tame: Tamer | None = None) -> None:
        self.descriptor = descriptor
        self._tame = tame
        self._own = False
        self.kept = bytearray()
        mode = os.fstat(descriptor).st_mode
        self.is_file = stat.S_ISREG(mode)
        self.is_terminal = os.isatty(descriptor)
        if stat.S_ISFIFO(mode) or self.is_terminal:
            # The open file is shared with other programs, so it may not be asked not to wait; one of our own may.
            try:
                self.descriptor = os.open(f"/proc/self/fd/{descriptor}", _OWN)
                self._own = True
            except OSError:
                pass  # somebody else's, nobody reads it, or no /proc
        self.poll = select.poll()
        self.poll.register(self.descriptor, select.POLLOUT)

    def add(self, data: bytes) -> None:
        """Takes bytes to be written."""
        self.kept += data if self._tame is None else self._tame.tamed(data)

    def end(self) -> None:
        """No more bytes come."""
        if self._tame is not None:
            self.kept += self._tame.end()

    def write_some(self) -> bool:
        """Writes what can go at once; whether that was anything.

        Raises BrokenPipeError when nobody reads any more, SetupError when it cannot be written to otherwise.
        """
        # What polls as writable takes PIPE_BUF bytes without waiting.
        most = len(self.kept) if self.is_file or self._own else select.PIPE_BUF
        try:
            with memoryview(self.kept) as rest:
                written = os.write(self.descriptor, rest[:most])
        except BlockingIOError:
            return False
        except BrokenPipeError:
            raise
        except OSError as error:
            if error.errno == errno.EIO:  # the terminal has gone
                raise BrokenPipeError from None
            raise SetupError(f"the output cannot be written: {(error.strerror or str(error)).lower()}") from None
        del self.kept[:written]
        return True

    def close(self) -> None:
        """Gives back what was opened here."""
        if self._own:
            os.close(self.descriptor)
            self._own = False


class Writer:
    """The way of a run's output: `emit` while it runs, `finish` when it is over. A context manager.

    `until` is when, on the monotonic clock, the run's time is over. A `spinner` gives way to what is written.
    """

    def __init__(
        self, sinks: dict[str, Sink], *, cancellation: Cancellation, until: float, spinner: Spinner | None = None
    ) -> None:
        self._sinks = sinks
        self._spinner = spinner
        self._cancellation = cancellation
        self._until = until
        self._held = KeptOutput()
        self._wake = Wake()
        cancellation.attach(self._wake)
        for sink in sinks.values():
            sink.poll.register(self._wake.descriptor, select.POLLIN)

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self._cancellation.detach(self._wake)
        self._wake.close()
        for sink in self._sinks.values():
            sink.close()
        self._held.close()

    def hold(self, stream: str, data: bytes) -> None:
        """Keeps bytes until `finish`, all of them, whatever the outcome holds."""
        self._held.keep(stream, data)

    def emit(self, stream: str, data: bytes) -> None:
        """Writes bytes of `stdout` or `stderr`; returns at the latest when the run is cancelled or its time is over."""
        sink = self._sinks[stream]
        sink.add(data)
        if self._spinner is None or not sink.is_terminal:
            self._write(sink, until=self._until)
            return
        with self._spinner.aside(data):
            self._write(sink, until=self._until)

    def finish(self, *, hurried: bool) -> int:
        """Writes what is left, and says how many bytes nobody took.

        After a run that ended by itself a reader may take all the time it wants, as with any other program. When it
        is `hurried`, as after a limit, the reader must go on taking, and after a cancellation it gets what it takes
        at once.
        """
        wait = 0.0 if self._cancellation.cancelled else PATIENCE if hurried else _FOR_EVER
        for stream, sink in self._sinks.items():
            for piece in self._held.whole(stream):
                sink.add(piece)
                if self._write(sink, patience=wait):  # else nobody reads: the rest is not waited for again
                    continue
                wait = 0.0
            sink.end()
            self._write(sink, patience=wait)
        return sum(len(sink.kept) for sink in self._sinks.values())

    def _write(self, sink: Sink, *, until: float = 0.0, patience: float | None = None) -> bool:
        """Writes all that the sink keeps, waiting at most until then, or for so long after it last took something."""
        last = monotonic()
        while sink.kept:
            deadline = until if patience is None else last + patience
            if not sink.is_file and not self._wait(sink, deadline - monotonic()):
                return False
            if sink.write_some():
                last = monotonic()
        return True

    def _wait(self, sink: Sink, seconds: float) -> bool:
        """Whether the other end takes something, within `seconds` and before the run is cancelled."""
        ready = sink.poll.poll(min(max(seconds, 0.0), _FOR_EVER) * 1000)
        return any(descriptor == sink.descriptor for descriptor, _ in ready)
