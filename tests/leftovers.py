"""Nothing is left behind by any test of a folder that imports this fixture: no process, no descriptor."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psutil
import pytest


def _there() -> tuple[set[int], int]:
    """The processes below this one, dead ones included, and how many descriptors are open."""
    return {child.pid for child in psutil.Process().children(recursive=True)}, len(os.listdir("/proc/self/fd"))


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    before = _there()
    yield
    after = _there()
    assert after[0] <= before[0]
    assert after[1] <= before[1]
