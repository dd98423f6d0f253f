"""The examples in the docstrings of utils and types hold, and every public function of utils has one."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest

import llmspell.types
import llmspell.utils
from llmspell.types import ImageContent, ImageFormat

GIVEN = {"photos": [ImageContent(b"...", ImageFormat.PNG)]}
"""Names that examples use without making them."""


def modules(package: ModuleType) -> list[ModuleType]:
    names = [found.name for found in pkgutil.iter_modules(package.__path__)]
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]


MODULES = [*modules(llmspell.utils), *modules(llmspell.types)]


def public(module: ModuleType) -> Iterator[tuple[str, object]]:
    """The public functions and classes that are defined there, exceptions and plain values aside."""
    for name, found in vars(module).items():
        if name.startswith("_") or getattr(found, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(found):
            yield name, found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_the_examples_hold(module: ModuleType) -> None:
    assert doctest.testmod(module, extraglobs=dict(GIVEN)).failed == 0


@pytest.mark.parametrize("module", modules(llmspell.utils), ids=lambda module: module.__name__)
def test_every_public_function_has_an_example(module: ModuleType) -> None:
    assert [name for name, found in public(module) if ">>> " not in (inspect.getdoc(found) or "")] == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_public_name_says_what_it_is(module: ModuleType) -> None:
    defined = [found for name, found in vars(module).items() if getattr(found, "__module__", "") == module.__name__]
    named = [found for found in defined if inspect.isclass(found) or inspect.isfunction(found)]
    assert [found for found in named if not found.__name__.startswith("_") and not inspect.getdoc(found)] == []
