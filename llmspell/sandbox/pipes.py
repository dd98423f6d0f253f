"""A worker's pipes, seen from the host: reads that never block, writes that queue, and one place to wait.

The rules kept here: nothing blocks without a deadline; one waiting reads at most 64 KiB of each stream, so
that deadlines are seen under any flood; what waits to be written is one run of bytes, not a list of small
ones.
"""

from __future__ import annotations

import os
import select
from time import monotonic

from llmspell.sandbox.output import Tail
from llmspell.sandbox.process import WorkerProcess
from llmspell.sandbox.wake import Wake
from llmspell_workers.wire import TRIES, Pace

CHUNK = 64 * 1024
"""Bytes of one read: what a pipe holds."""
SMALL_CHUNK = 4096
"""Bytes of one try in a spin: the room for them is made anew at each."""
QUEUE_CAP = 16 * 1024 * 1024
"""Bytes that may wait for a worker that does not read; beyond it the worker is not listened to either
(`wire.md`, Caps).
"""
DEAD_DRAIN = 1024 * 1024
"""Bytes that are still read of a worker that has ended: the most that a pipe can hold without privileges."""
LIVE_DRAIN = 2 * CHUNK
"""The same of one that is about to be killed, and may be writing all the while: what a pipe usually holds."""
_WRITE = 1024 * 1024
_LONGEST_POLL = 3600.0

READABLE, ENDED, WOKEN, STIRRED = 1, 2, 4, 8
"""What `wait` tells: its stdout can be read; the process ended; the wake was called; it read its stdin or
wrote to stderr.
"""


class Pipes:
    """The three pipes of a process, its end and a wake, waited for together.

    `stalled_at` is when the queue last moved, None while it is empty; `broken_at` when the worker closed its
    stdin or stdout, None while both are open.
    """

    __slots__ = (
        "_listening", "_over", "_poll", "_process", "_queue", "_stdout", "_wake",
        "broken_at", "delivered", "stalled_at", "tail",
    )  # fmt: skip

    def __init__(self, process: WorkerProcess, wake: Wake) -> None:
        self._process, self._wake = process, wake
        self._stdout = process.stdout
        self._queue = bytearray()
        self._listening, self._over = True, False
        self.stalled_at: float | None = None
        self.broken_at: float | None = None
        self.delivered = True
        self.tail = Tail()
        self._poll = select.poll()
        for descriptor in (process.stdout, process.stderr, process.pidfd, wake.descriptor):
            self._poll.register(descriptor, select.POLLIN)

    @property
    def queued(self) -> int:
        """How many bytes wait for the worker to read."""
        return len(self._queue)

    @property
    def congested(self) -> bool:
        """Whether so much waits that nothing more may be asked for."""
        return len(self._queue) > QUEUE_CAP

    def send(self, data: bytes) -> None:
        """Writes what the pipe takes and queues the rest. What a worker that closed its stdin does not take
        is dropped.
        """
        if self._queue:
            self._queue += data
            return
        try:
            written = os.write(self._process.stdin, data)
        except BlockingIOError:
            written = 0
        except BrokenPipeError:
            self._break_stdin()
            return
        if written < len(data):
            with memoryview(data) as rest:
                self._queue += rest[written:]
            self.stalled_at = monotonic()
            self._poll.register(self._process.stdin, select.POLLOUT)

    def _flush(self) -> None:
        try:
            with memoryview(self._queue) as rest:
                written = os.write(self._process.stdin, rest[:_WRITE])
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._queue.clear()
            self._break_stdin()
            written = 0
        del self._queue[:written]
        self.stalled_at = monotonic()
        if not self._queue:
            self.stalled_at = None
            self._queue = bytearray()  # the room of a large frame is given back
            self._poll.unregister(self._process.stdin)

    def _break_stdin(self) -> None:
        self.delivered = False
        self.broken_at = self.broken_at or monotonic()

    def read(self) -> bytes | None:
        """What is there of its stdout, at most 64 KiB; None if that is nothing."""
        try:
            data = os.read(self._stdout, CHUNK)
        except BlockingIOError:
            return None
        if data:
            return data
        self._over = True
        self.broken_at = self.broken_at or monotonic()
        return None

    def spin(self, pace: Pace, now: float) -> bytes | None:
        """Tries to read for a moment from `now` on, and yields the processor in between (`wire.pace`)."""
        read, give_way, stdout, began = os.read, os.sched_yield, self._stdout, now
        while True:
            give_way()
            before, now = now, monotonic()
            for _ in TRIES:
                try:
                    data = read(stdout, SMALL_CHUNK)
                except BlockingIOError:
                    continue
                pace.spun = now - began
                return data or None  # the end of the stream is found again by `read`
            if not pace.goes_on(now - began, now - before):
                return None

    def wait(self, seconds: float) -> int:
        """Sleeps until something happens or `seconds` have passed; says what happened. Tends the queue and
        stderr itself.
        """
        if self._listening is (self._over or self.congested):
            self._turn()
        told = 0
        for descriptor, _ in self._poll.poll(min(max(seconds, 0.0), _LONGEST_POLL) * 1000):
            if descriptor == self._stdout:
                told |= READABLE
            elif descriptor == self._process.pidfd:
                told |= ENDED
            elif descriptor == self._wake.descriptor:
                self._wake.clear()
                told |= WOKEN
            else:
                told |= STIRRED
                self._tend(descriptor)
        return told

    def _tend(self, descriptor: int) -> None:
        if descriptor == self._process.stdin:
            self._flush()
        elif not self._read_stderr():
            self._poll.unregister(descriptor)

    def _turn(self) -> None:
        """Stops to wait for its stdout, or begins again."""
        self._listening = not self._listening
        if self._listening:
            self._poll.register(self._stdout, select.POLLIN)
        else:
            self._poll.unregister(self._stdout)

    def _read_stderr(self) -> int:
        try:
            data = os.read(self._process.stderr, CHUNK)
        except BlockingIOError:
            return -1
        self.tail.add(data)
        return len(data)

    def drain(self, cap: int = DEAD_DRAIN) -> bytes:
        """What is still to be read of a worker that is over, about `cap` bytes; its stderr goes to the tail."""
        for _ in range(cap // CHUNK):
            if self._read_stderr() <= 0:
                break
        rest = bytearray()
        while len(rest) < cap and (data := self.read()):
            rest += data
        return bytes(rest)
