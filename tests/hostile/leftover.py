"""What is still running when a case is over."""

from __future__ import annotations

import psutil

from tests.cli.programs import left_over


def swept() -> list[psutil.Process]:
    """What descends from this process and still runs; ended here, so that it disturbs no other case."""
    alive = left_over()
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=250)
    return alive
