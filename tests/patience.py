"""Time on a machine that may stand still for a moment: how long is waited for, and a limit that is widened.

The rule kept here: no test fails because its machine is slow. What comes at once on an idle machine is waited for
as long as `PATIENTLY`; where a limit has to be short, so that a test is, it is tried again with more.
"""

from __future__ import annotations

PATIENTLY = 60.0
"""Seconds after which nothing will come any more."""


def growing(seconds: float) -> tuple[float, float, float]:
    """The limits to try one after another, until what had to happen within them has happened."""
    return seconds, 5 * seconds, 25 * seconds
