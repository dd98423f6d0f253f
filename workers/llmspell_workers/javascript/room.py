"""The stack that JavaScript may take, held before memory is limited; and what is left of the memory.

The kernel counts the stack as address space when it grows, and kills a process that has none left (`confine/steps.py`).
A call in QuickJS takes 1.7 KB of it, so it needs more than what every worker holds.
"""

from __future__ import annotations

import ctypes

from llmspell_workers.confine import steps

STACK = 4 * 1024 * 1024
"""Bytes of stack that JavaScript may take: some 2,400 calls inside one another, measured."""
LEAST_STACK = 512 * 1024
"""Bytes, where the stack of the process is bounded more closely: every worker holds as much."""
_MARGIN = 256 * 1024
"""Bytes: what Python takes of it around a run."""


def hold_stack() -> int:
    """Makes the stack deep enough, and gives the bytes of it that JavaScript may take."""
    try:
        steps.hold_stack(steps.SystemCalls(), STACK + _MARGIN)
    except OSError:
        return LEAST_STACK
    return STACK


class _Allocated(ctypes.Structure):
    """`struct mallinfo2` (malloc.h): what glibc's allocator has, and what of it is free."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"
        )
    )  # fmt: skip


class Room:
    """Whether there is memory left, from the kernel or among what was freed: that never goes back to the kernel.

    It is asked at every turn of the machine, so not a byte of what is tried is touched: to fill 2 MiB takes 50 us.
    """

    def __init__(self) -> None:
        library = ctypes.PyDLL(None)
        self._take, self._give_back = library.malloc, library.free
        self._take.restype, self._take.argtypes = ctypes.c_void_p, (ctypes.c_size_t,)
        self._give_back.restype, self._give_back.argtypes = None, (ctypes.c_void_p,)
        # another C library than glibc, and an old one, do not tell: then only the kernel is asked
        self._look = getattr(library, "mallinfo2", None)
        if self._look is not None:
            self._look.restype = _Allocated

    def has(self, size: int) -> bool:
        """Whether about `size` bytes may be had, in pieces."""
        taken = self._take(size)
        if taken:
            self._give_back(taken)
            return True
        return self._look is not None and self._look().fordblks >= size
