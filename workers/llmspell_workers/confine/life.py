"""A worker dies with its host."""

from __future__ import annotations

import os
from _signal import SIGKILL  # type: ignore[import-not-found] # `signal` makes enums of its numbers: 2 ms

from llmspell_workers.confine.calls import SystemCalls

_PR_SET_PDEATHSIG = 1


def die_with_host(calls: SystemCalls) -> None:
    """Asks the kernel to kill this process when the host's spawning thread ends (E27).

    The race: a host that died before this line leaves no signal. Then the parent has changed, or, where it died
    before the first reading of the parent, stdin is at its end before a script can arrive.
    """
    parent = os.getppid()
    calls("prctl", _PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
