"""The stack that a script may need, taken before memory is limited.

The kernel counts the stack as address space when it grows, and it grows by page faults: a process that has used up
its RLIMIT_AS is killed by SIGSEGV at a call that goes one page deeper than any before.
"""

from __future__ import annotations

STACK = 768 * 1024
"""Bytes: what nested callbacks of C functions, 200 deep, take of it in Lua is 460 KiB, measured."""
_LEVEL = 512
"""Bytes of stack that one call from C back into Python takes at the very least; mostly it is more."""


def hold_stack() -> None:
    """Calls down until the stack is `STACK` bytes deep; it never shrinks."""
    import sys

    levels = STACK // _LEVEL
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
