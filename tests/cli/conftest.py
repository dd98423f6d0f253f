"""Every test of the command line has a folder of its own, and leaves no process behind."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.programs import Place, left_over

_PR_SET_CHILD_SUBREAPER = 36


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where commands keep their bytecode, so that not every one of them compiles the package."""
    return tmp_path_factory.mktemp("bytecode")


@pytest.fixture
def place(tmp_path: Path, bytecode: Path) -> Place:
    """An empty folder."""
    return Place(tmp_path, bytecode)


@pytest.fixture(autouse=True)
def _nothing_is_left_running() -> Iterator[None]:
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    yield
    alive = left_over()
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    while True:  # the corpses of what lost its host
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                break
        except ChildProcessError:
            break
    assert alive == []
