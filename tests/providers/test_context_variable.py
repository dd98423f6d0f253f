"""A context variable that is set for a while, whatever a garbage collection does meanwhile."""

from __future__ import annotations

import subprocess
import sys
from contextvars import ContextVar

import pytest

from llmspell.providers.context_variable import set_to
from tests.patience import PATIENTLY

COLLECTED = """
import gc
from contextvars import ContextVar
from llmspell.providers.context_variable import set_to

variable = ContextVar("variable")
others = [ContextVar(f"other {number}") for number in range(40)]

class Garbage:
    def __init__(self):
        self.itself = self
    def __del__(self):  # what a library may do in one
        for other in others:
            other.set(object())

for other in others:
    other.set(object())
for round in range(20_000):
    Garbage()
    gc.set_threshold(1 + round % 40, 1, 1)  # so that a collection comes at every moment of a change
    with set_to(variable, object()):
        pass
    gc.set_threshold(0)
"""


def test_it_is_what_it_was_afterwards() -> None:
    variable = ContextVar("variable", default=1)
    with set_to(variable, 2):
        with pytest.raises(ValueError, match="x"), set_to(variable, 3):
            raise ValueError("x")
        assert variable.get() == 2
    assert variable.get() == 1


def test_a_finalizer_that_sets_variables_ends_no_process() -> None:
    done = subprocess.run([sys.executable, "-c", COLLECTED], capture_output=True, timeout=PATIENTLY, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
