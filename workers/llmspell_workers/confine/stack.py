"""The stack that a script may need, taken before memory is limited.

The kernel counts the stack as address space when it grows, and it grows by page faults: a process that has used up
its RLIMIT_AS is killed by SIGSEGV at a call that goes one page deeper than any before.
"""

from __future__ import annotations

import ctypes
import sys

from llmspell_workers.confine.calls import SystemCalls

STACK = 768 * 1024
"""Bytes: what nested callbacks of C functions, 200 deep, take of it in Lua is 460 KiB, measured."""
_MARGIN = 64 * 1024
"""Bytes: what the process has used of it by now, and more."""
_LEVEL = 512
"""Bytes of stack that one call from C back into Python takes at the very least; mostly it is more."""
_RLIMIT_STACK = 3


def hold_stack(calls: SystemCalls, size: int = STACK) -> None:
    """Makes the stack `size` bytes deep and more; it never shrinks.

    One byte at its far end is read: the kernel then counts all that lies before it, and fills none of it.
    """
    try:
        top = ctypes.c_void_p.in_dll(ctypes.CDLL(None), "__libc_stack_end").value or 0
    except ValueError:
        top = 0  # another C library than glibc does not tell
    if top and _stack_limit(calls) >= 2 * (size + _MARGIN):  # beyond the limit, the read would be the end
        ctypes.c_char.from_address(top - size - _MARGIN).value  # noqa: B018
    else:
        _call_down(size)


def _stack_limit(calls: SystemCalls) -> int:
    limits = ctypes.create_string_buffer(16)
    calls("prlimit64", 0, _RLIMIT_STACK, 0, limits)
    return int.from_bytes(limits.raw[:8], "little")


def _call_down(size: int) -> None:
    """Calls down until the stack is deep: the same in 3 ms, and with the pages."""
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
