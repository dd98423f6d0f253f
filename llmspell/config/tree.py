"""Settings on their way to a configuration: trees of values that know where they came from.

This file keeps the rule of merging: a higher layer replaces single values, never a whole table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Union

from llmspell.config.document import Document
from llmspell.config.readers import Folders
from llmspell.config.refusal import dotted, refusal
from llmspell.config.schema import Key
from llmspell.errors import ConfigError


class Origin(NamedTuple):
    """A file or a variable, and what its relative paths are relative to."""

    name: str
    folders: Folders
    document: Document | None = None

    def refuse(self, path: tuple[str, ...], problem: str) -> ConfigError:
        """The error for a key that came from here."""
        line = self.document.line_of(path) if self.document is not None and path else None
        return refusal(self.name, line, path, problem)


class Setting(NamedTuple):
    """One value, read, with the row of the schema that it belongs to."""

    value: Any
    origin: Origin
    key: Key


Tree = dict[str, Union["Tree", Setting]]


def overlay(lower: Tree, upper: Tree) -> Tree:
    """Both trees in one; where both have a value, the upper one's."""
    merged = dict(lower)
    for name, above in upper.items():
        below = merged.get(name)
        merged[name] = overlay(below, above) if isinstance(below, dict) and isinstance(above, dict) else above
    return merged


def branch(path: tuple[str, ...], leaf: Tree | Setting) -> Tree:
    """The tree that holds nothing but `leaf`, at a path of one name or more."""
    first, *rest = path
    return {first: branch(tuple(rest), leaf) if rest else leaf}


def subtree(tree: Tree, name: str) -> Tree:
    """The table of that name, or an empty one."""
    found = tree.get(name, {})
    assert isinstance(found, dict)  # what the schema calls a table was checked to be one
    return found


def plain(tree: Tree | Setting) -> Any:
    """The values alone."""
    if isinstance(tree, Setting):
        return tree.value
    return {name: plain(below) for name, below in tree.items()}


def settings(tree: Tree, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Setting]]:
    """Every value with its path, in order."""
    for name, below in tree.items():
        if isinstance(below, Setting):
            yield (*path, name), below
        else:
            yield from settings(below, (*path, name))


def origins(tree: Tree) -> dict[str, str]:
    """By dotted key, the file or variable that each value came from."""
    return {dotted(path): setting.origin.name for path, setting in settings(tree)}
