"""Asks a worker where its script is, once a limit was crossed.

The rule kept here: the verdict stands already, nothing hangs on the answer, and the grace is short.
"""

from __future__ import annotations

import signal
from time import monotonic

from llmspell.sandbox import pipes as io
from llmspell.sandbox.process import WorkerProcess

LAST_BYTES = 2 * 1024 * 1024
"""Bytes that are read of a worker that was asked: a last print, and its last word."""
ASK_EVERY = 0.02
"""Seconds until it is asked again: the signal may have met it at a bad moment."""


def ask_line(process: WorkerProcess, pipes: io.Pipes, seconds: float) -> bytes:
    """What the worker writes from the first SIGURG on until it ends, or `seconds` of asking have passed."""
    rest = bytearray()
    for _ in range(round(seconds / ASK_EVERY)):  # not by the clock: a machine that stood still told nobody anything
        try:
            signal.pidfd_send_signal(process.pidfd, signal.SIGURG)
        except OSError:
            break  # it is gone
        now = monotonic()
        again = now + ASK_EVERY
        while now < again and len(rest) < LAST_BYTES:
            told = pipes.wait(again - now)
            if told & io.ENDED:
                return bytes(rest) + pipes.drain()
            if told & io.READABLE:
                rest += pipes.read() or b""
            now = monotonic()
    return bytes(rest)
