"""What every case of the corpus is run with: nothing is left of it in this process, or below it."""

from __future__ import annotations

import ctypes
import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmspell import ScriptRuntime
from llmspell.sandbox.spawner import THREAD_NAME
from tests.hostile.leftover import swept

pytest.register_assert_rewrite("tests.hostile.ended", "tests.hostile.scene", "tests.hostile.by_api")

_PR_SET_CHILD_SUBREAPER = 36
_LASTING = {THREAD_NAME, "llmspell-call"}
"""Threads of ours that are there to stay, the second kind for ten idle seconds."""


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where commands keep their bytecode, so that not every one of them compiles the package."""
    return tmp_path_factory.mktemp("bytecode")


@pytest.fixture(scope="session")
def runtime() -> ScriptRuntime:
    """The runtime of the peaceful runs: one for all, as a host would have it."""
    return ScriptRuntime.with_lua()


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0  # what loses its host becomes a child of ours
    descriptors, threads = _descriptors(), _threads()
    yield
    gc.collect()
    for thread in threading.enumerate():
        if thread.name == "llmspell-preload":  # it loads litellm, once in the life of a host
            thread.join(120)
    alive = swept()
    _reap()
    assert libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) == 0
    assert alive == []
    assert _descriptors() - descriptors == set()
    assert _threads() - threads == set()


def _reap() -> None:
    """The corpses of what lost its host."""
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                return
        except ChildProcessError:
            return


def _descriptors() -> set[tuple[str, str]]:
    found = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            found.add((number, os.readlink(f"/proc/self/fd/{number}")))
        except FileNotFoundError:
            pass  # the descriptor of the listing itself
    return found


def _threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name not in _LASTING}
