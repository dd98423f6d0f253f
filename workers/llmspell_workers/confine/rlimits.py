"""Limits of the kernel on one process."""

from __future__ import annotations

import resource


def limit_memory(memory: int) -> None:
    """Holds the address space to `memory` bytes: resident memory can never be above it."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def limit_files() -> None:
    """No file may grow, no core file is written; pipes are not concerned."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
