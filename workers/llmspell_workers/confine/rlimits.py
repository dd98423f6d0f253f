"""Limits of the kernel on one process, soft and hard alike: without capabilities nothing raises them again."""

from __future__ import annotations

from llmspell_workers.confine.calls import SystemCalls

_RLIMIT_FSIZE = 1  # the numbers of x86-64 and aarch64; `resource` would be one more library to map
_RLIMIT_CORE = 4
_RLIMIT_NOFILE = 7
_RLIMIT_AS = 9


def limit_memory(calls: SystemCalls, memory: int) -> None:
    """Holds the address space to `memory` bytes: resident memory can never be above it."""
    _limit(calls, _RLIMIT_AS, memory)


def limit_file_size(calls: SystemCalls) -> None:
    """No file may grow; pipes are not concerned."""
    _limit(calls, _RLIMIT_FSIZE, 0)


def limit_core_files(calls: SystemCalls) -> None:
    """No core file is written."""
    _limit(calls, _RLIMIT_CORE, 0)


def limit_open_files(calls: SystemCalls, files: int) -> None:
    """No descriptor from `files` on can be made; those that are open stay, and `select` takes them (E1)."""
    _limit(calls, _RLIMIT_NOFILE, files)


def _limit(calls: SystemCalls, which: int, value: int) -> None:
    both = value.to_bytes(8, "little")
    calls("prlimit64", 0, which, both + both, 0)
