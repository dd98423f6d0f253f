"""Ctrl-C, SIGTERM and SIGHUP end the run, cleanly: the worker is gone, the terminal as it was, the code says which."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from llmspell.sandbox.wake import Cancellation

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


class CancelledBySignals:
    """A cancellation that these signals trigger while the block runs; a signal that was ignored stays so.

    Afterwards they do what they do by default: SIGINT raises KeyboardInterrupt. After a run that was cancelled any
    of them ends the process at once, with the code of the first: whoever sent two gets one answer. Where the program
    `goes_on` after the run, they do what they did before.
    """

    def __init__(self, *, goes_on: bool = False) -> None:
        self._goes_on = goes_on
        self._cancellation = Cancellation()
        before = {number: signal.getsignal(number) for number in CODES}
        self._before = {number: handler for number, handler in before.items() if handler is not signal.SIG_IGN}

    def __enter__(self) -> Cancellation:
        for number in self._before:
            signal.signal(number, self._cancel)
        return self._cancellation

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            if self._goes_on:
                signal.signal(number, before)
            elif self._cancellation.exit_code is not None:
                signal.signal(number, self._leave)
            else:
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

    def _cancel(self, number: int, _frame: FrameType | None) -> None:
        self._cancellation.cancel(CODES[signal.Signals(number)])

    def _leave(self, _number: int, _frame: FrameType | None) -> None:
        os._exit(self._cancellation.exit_code or 1)


@contextmanager
def postponed() -> Iterator[None]:
    """While the block runs these signals wait, and then do what they would have done: for a moment in which there is
    something that must not be left behind. Only for the main thread."""
    came: list[int] = []
    before = {number: signal.getsignal(number) for number in CODES}
    heeded = [number for number, handler in before.items() if handler not in (signal.SIG_IGN, None)]
    for number in heeded:
        signal.signal(number, lambda number, _frame: came.append(number))
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, before[number])
        for late in came:
            signal.raise_signal(late)
