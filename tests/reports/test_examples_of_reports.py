"""The examples in the docstrings of reports hold."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import llmspell.validate.reports

MODULES = [f"llmspell.validate.reports.{one.name}" for one in pkgutil.iter_modules(llmspell.validate.reports.__path__)]


@pytest.mark.parametrize("name", [*MODULES, "llmspell.escaping"])
def test_the_examples_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
