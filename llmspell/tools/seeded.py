"""The tools of a deterministic run: those built-in ones that draw random numbers or read a clock do so from its seed.

The rule kept here: a tool that a caller has put in the place of a built-in one stays: nobody knows what it does.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from llmspell.tools.catalog import ToolCatalog

STEP = 1e-6
"""Seconds by which each reading moves the clock."""


def seeded_tools(tools: ToolCatalog, *, seed: int, start: float) -> ToolCatalog:
    """The same tools. The clock of theirs that tell the time starts at `start`, in seconds since 1970."""
    from random import Random

    from llmspell.tools.dates import DateTimes
    from llmspell.tools.uuid_generator import UuidGenerator

    clock = _clock(start)
    return tools.in_place_of_builtin(
        DateTimes(clock=clock), UuidGenerator(random_bytes=Random(seed).randbytes, clock=clock)
    )


def _clock(start: float) -> Callable[[], float]:
    readings = count(1)
    return lambda: start + next(readings) * STEP
