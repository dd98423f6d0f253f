"""A worker's pipes, seen from the host: reads that never block, writes that queue, and one place to wait.

The rules kept here: nothing blocks without a deadline; one waiting reads at most 64 KiB of each stream, so
that deadlines are seen under any flood; what waits to be written is held once: large data as it is, small data
joined.
"""

from __future__ import annotations

import os
import select
from collections import deque
from time import monotonic

from llmspell.sandbox.heap import LARGE, give_back_large
from llmspell.sandbox.output import Tail
from llmspell.sandbox.process import WorkerProcess
from llmspell.sandbox.wake import Wake
from llmspell_workers.wire import TRIES, TRY_SIZE, Pace

CHUNK = 64 * 1024
"""Bytes of one read: what a pipe holds."""
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

    `queued` is how many bytes wait for the worker to read; `stalled_at` is when they last moved, None while there
    are none; `broken_at` when the worker closed its stdin or stdout, None while both are open.
    """

    __slots__ = (
        "_listening", "_over", "_poll", "_process", "_queue", "_stdout", "_wake",
        "_written", "broken_at", "delivered", "queued", "stalled_at", "tail",
    )  # fmt: skip

    def __init__(self, process: WorkerProcess, wake: Wake) -> None:
        self._process, self._wake = process, wake
        self._stdout = process.stdout
        self._queue: deque[bytes | bytearray] = deque()
        self._written = 0  # of the first in the queue
        self.queued = 0
        self._listening, self._over = True, False
        self.stalled_at: float | None = None
        self.broken_at: float | None = None
        self.delivered = True
        self.tail = Tail()
        self._poll = select.poll()
        for descriptor in (process.stdout, process.stderr, process.pidfd, wake.descriptor):
            self._poll.register(descriptor, select.POLLIN)

    @property
    def congested(self) -> bool:
        """Whether so much waits that nothing more may be asked for."""
        return self.queued > QUEUE_CAP

    def send(self, data: bytes) -> None:
        """Writes what the pipe takes and queues the rest. What a worker that closed its stdin does not take
        is dropped.
        """
        if self._queue:
            self._enqueue(data)
            return
        try:
            written = os.write(self._process.stdin, data)
        except BlockingIOError:
            written = 0
        except BrokenPipeError:
            self._break_stdin()
            return
        if written < len(data):
            self._enqueue(data)
            self._written = written
            self.queued -= written
            self.stalled_at = monotonic()
            self._poll.register(self._process.stdin, select.POLLOUT)

    def _enqueue(self, data: bytes) -> None:
        self.queued += len(data)
        last = self._queue[-1] if self._queue else b""
        if len(data) > CHUNK:
            if len(data) > LARGE:
                give_back_large()
            self._queue.append(data)
        elif isinstance(last, bytearray) and len(last) < _WRITE:
            last += data
        else:
            self._queue.append(bytearray(data))

    def _flush(self) -> None:
        first = self._queue[0]
        try:
            with memoryview(first) as whole, whole[self._written :] as rest:
                written = os.write(self._process.stdin, rest)
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._queue.clear()
            self.queued = written = 0
            self._break_stdin()
        self._written += written
        self.queued -= written
        self.stalled_at = monotonic()
        if self._queue and self._written == len(first):
            self._queue.popleft()
            self._written = 0
        if not self._queue:
            self.stalled_at = None
            self._written = 0
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
                    data = read(stdout, TRY_SIZE)
                except BlockingIOError:
                    continue
                pace.spun = now - began
                if len(data) < TRY_SIZE:
                    return data or None  # the end of the stream is found again by `read`
                try:
                    return data + read(stdout, CHUNK - TRY_SIZE)
                except BlockingIOError:
                    return data
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
