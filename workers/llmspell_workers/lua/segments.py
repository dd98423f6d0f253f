"""Room for an interpreter that takes its memory from the system itself: what C has freed is of no use to it.

LuaJIT does (lj_alloc.c): segments of 128 KiB for what is small, and a mapping for each larger piece. So the system must
be asked. The rule kept here is that of `bridge.has_room`, which asks the allocator of C.
"""

from __future__ import annotations

from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap

_SEGMENTS = 4 * 128 * 1024
"""Bytes: one segment each for the value, for what stands around it and for Python's own, and what rounding takes."""


def has_room(size: int) -> bool:
    """Whether the memory for `size` bytes on both sides is there: twice that is mapped, and given back (E12)."""
    try:
        mmap(-1, 2 * size + _SEGMENTS, MAP_PRIVATE | MAP_ANONYMOUS).close()
    except (OSError, MemoryError):
        return False
    return True
