"""The stack of a worker: deep enough before memory is limited, whatever limit the process was started with."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.programs import COMMAND

ENGINES = {"lua": "return 1 + 1", "javascript": "1 + 1", "python": "1 + 1"}


def limited(limit: str, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", f'ulimit {limit}; exec "$@"', "sh", *command], capture_output=True, text=True)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_low_limit_that_may_be_raised_is_raised(engine: str) -> None:
    ran = limited("-S -s 256", *COMMAND, "exec", "--engine", engine, ENGINES[engine])
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "2\n", "")


@pytest.mark.parametrize(("engine", "needs"), [("lua", 896), ("javascript", 896), ("python", 2752)])
def test_a_low_limit_that_may_not_be_raised_is_named_and_not_run_into(engine: str, needs: int) -> None:
    ran = limited("-s 256", *COMMAND, "exec", "--engine", engine, ENGINES[engine])
    assert ran.returncode == 2
    assert f"a stack of 256 KiB is too small for it, it needs {needs}: raise ulimit -s" in ran.stderr


TOLD = """
import ctypes
from llmspell_workers.confine.stack import told_by_kernel

print(abs(ctypes.c_void_p.in_dll(ctypes.pythonapi, "__libc_stack_end").value - told_by_kernel()))
"""


def test_where_the_c_library_does_not_tell_the_start_the_kernel_does() -> None:
    ran = subprocess.run([sys.executable, "-c", TOLD], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 4096
