"""Ctrl-C, SIGTERM and SIGHUP end the run, cleanly: the worker is gone, the terminal as it was, the code says which."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from llmspell.sandbox.wake import Cancellation

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@contextmanager
def cancelled_by_signals() -> Iterator[Cancellation]:
    """A cancellation that these signals trigger while the block runs; a signal that was ignored stays so."""
    cancellation = Cancellation()

    def cancel(number: int, _frame: FrameType | None) -> None:
        cancellation.cancel(CODES[signal.Signals(number)])

    before = {number: signal.getsignal(number) for number in CODES}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, cancel)
        yield cancellation
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)
