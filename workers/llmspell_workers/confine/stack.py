"""A stack that is deep because calls went down it, where its end is not told: the same in 3 ms, and with the pages."""

from __future__ import annotations

import sys

_LEVEL = 512
"""Bytes of stack that one call from C back into Python takes at the very least; mostly it is more."""


def call_down(size: int) -> None:
    """Makes the stack of this process `size` bytes deep."""
    levels = size // _LEVEL
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(2 * levels + before)

    def deeper(left: int) -> int:
        return max((left - 1,), key=deeper) if left else 0  # `max` is C: each level takes stack of the process

    try:
        deeper(levels)
    except RecursionError:
        pass  # the interpreter knows how deep its own stack is
    finally:
        sys.setrecursionlimit(before)
