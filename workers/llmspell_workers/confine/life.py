"""A worker dies with its host."""

from __future__ import annotations

import ctypes
import os
from _signal import SIGKILL  # type: ignore[import-not-found] # `signal` makes enums of its numbers: 2 ms

_PR_SET_PDEATHSIG = 1


def die_with_host() -> None:
    """Asks the kernel to kill this process when the host's spawning thread ends (E27).

    The race: a host that died before this line leaves no signal. Then the parent has changed, or, where it died
    before the first reading of the parent, stdin is at its end before a script can arrive.
    """
    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl(PR_SET_PDEATHSIG): {os.strerror(number)}")
    if os.getppid() != parent:
        os._exit(1)
