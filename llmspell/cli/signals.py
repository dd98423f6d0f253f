"""Ctrl-C, SIGTERM and SIGHUP end the run, cleanly: the worker is gone, the terminal as it was, the code says which."""

from __future__ import annotations

import signal
from types import FrameType

from llmspell.sandbox.wake import Cancellation

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


class CancelledBySignals:
    """A cancellation that these signals trigger while the block runs; a signal that was ignored stays so.

    Afterwards the others do what they do by default: SIGINT raises KeyboardInterrupt.
    """

    def __init__(self) -> None:
        self._cancellation = Cancellation()
        self._heeded = [number for number in CODES if signal.getsignal(number) is not signal.SIG_IGN]

    def __enter__(self) -> Cancellation:
        for number in self._heeded:
            signal.signal(number, self._cancel)
        return self._cancellation

    def __exit__(self, *_: object) -> None:
        for number in self._heeded:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

    def _cancel(self, number: int, _frame: FrameType | None) -> None:
        self._cancellation.cancel(CODES[signal.Signals(number)])
