"""A fuzzer that needs nothing: seeds, mutations, and no knowledge of what the code does with them.

Everywhere the same: the same seed of the random numbers gives the same inputs.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from time import monotonic
from typing import NamedTuple, NoReturn

from fuzz.target import Check

MOST_BYTES = 4096
LONGEST = 1.0
"""Seconds of processor time for one execution; then it counts as hung."""
_EDGES = tuple(bytes([byte]) for byte in (0x00, 0x01, 0x7F, 0x80, 0xC0, 0xDC, 0xDF, 0xE0, 0xFE, 0xFF))


class Hunt(NamedTuple):
    """How a hunt went. `found` is the input that broke something, with what came out."""

    executions: int
    seconds: float
    found: bytes | None
    error: BaseException | None


class Hung(BaseException):
    """An execution did not come to its end. No Exception, which the code under test may catch."""


class Mutator:
    """Inputs made of seeds."""

    def __init__(self, seeds: Sequence[bytes], words: Sequence[bytes], random: Random) -> None:
        self._seeds, self._words, self._random = list(seeds) or [b""], words, random

    def next(self) -> bytes:
        """One more input."""
        data = bytearray(self._random.choice(self._seeds))
        for _ in range(self._random.choice((1, 1, 2, 3, 5, 8))):
            self._mutate(data)
        return bytes(data[:MOST_BYTES])

    def _mutate(self, data: bytearray) -> None:
        random = self._random
        at = random.randrange(len(data) + 1)
        span = random.choice((1, 1, 2, 3, 4, 8, 16))
        match random.randrange(9):
            case 0 if at < len(data):
                data[at] ^= 1 << random.randrange(8)
            case 1 if at < len(data):
                data[at] = random.randrange(256)
            case 2 if at < len(data):
                data[at] = (data[at] + random.choice((-2, -1, 1, 2))) % 256
            case 3:
                data[at : at + span] = random.choice(_EDGES) * random.choice((1, span))
            case 4:
                data[at : at + span] = b""
            case 5:
                data[at:at] = data[at : at + span] * random.choice((1, 2, 16, 200))
            case 6:
                other = random.choice(self._seeds)
                start = random.randrange(len(other) + 1)
                data[at : at + random.choice((0, span))] = other[start : start + random.randrange(1, 40)]
            case _ if self._words:
                data[at : at + random.choice((0, 0, span))] = random.choice(self._words)


def hunt(
    check: Check,
    seeds: Sequence[bytes],
    words: Sequence[bytes],
    *,
    random: Random,
    seconds: float,
    executions: int | None = None,
) -> Hunt:
    """Runs the seeds, then inputs made of them, until something breaks or the time or the number is used up."""
    mutator = Mutator(seeds, words, random)
    began = monotonic()
    done = 0
    with _alarm():
        while monotonic() - began < seconds and (executions is None or done < executions):
            data = seeds[done] if done < len(seeds) else mutator.next()
            done += 1
            try:
                signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST)
                check(data)
            except (Exception, Hung) as error:  # noqa: BLE001 - that is what is hunted
                return Hunt(done, monotonic() - began, data, error)
    return Hunt(done, monotonic() - began, None, None)


@contextmanager
def _alarm() -> Iterator[None]:
    """Turns the timer's signal into Hung; in the main thread only."""

    def hung(_signal: int, _frame: object) -> NoReturn:
        raise Hung(f"over {LONGEST:g} s of processor time")

    before = signal.signal(signal.SIGVTALRM, hung)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
