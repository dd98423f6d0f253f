"""Large pieces of memory go back to the system when they are freed.

glibc takes a large allocation from the system and gives it back, until one was freed: from then on it takes those of
its size from its heaps (mallopt(3), M_MMAP_THRESHOLD), of which each thread has one, and keeps what is freed there.
Measured: 250 answers of 12 MiB, of which three at most are held, leave the host at 207 MiB instead of 63.
"""

from __future__ import annotations

LARGE = 1024 * 1024
"""Bytes from which on an allocation is one of its own; a program that never sends as much is left alone."""
_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD = -3, -1
_TRIM = 128 * 1024
"""Bytes that a heap keeps at its end, as at first (mallopt(3))."""
_done = False


def give_back_large() -> None:
    """From here on in this process; a C library that knows nothing of this has no such habit."""
    global _done
    if _done:
        return
    _done = True
    import ctypes  # 5 ms, and few hosts send large answers

    try:
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, LARGE)
        libc.mallopt(_M_TRIM_THRESHOLD, _TRIM)  # it has grown with the other one
    except (OSError, AttributeError):
        pass
