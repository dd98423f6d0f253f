"""Settings on their way to a configuration: trees of values that know where they came from.

This file keeps the rule of merging: a higher layer replaces single values, never a whole table.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Union

from llmspell.config.document import Document
from llmspell.config.readers import Folders
from llmspell.config.refusal import Refusal, dotted, refusal
from llmspell.config.schema import Key


class Origin(NamedTuple):
    """A file or a variable, and what its relative paths are relative to.

    `place` is that of its `Source`, `variable` or `default`.
    """

    name: str
    folders: Folders
    document: Document | None = None
    place: str = "variable"

    def line_of(self, path: tuple[str, ...]) -> int | None:
        """The line of a key, where this is a file and has it."""
        return self.document.line_of(path) if self.document is not None and path else None

    def refuse(self, path: tuple[str, ...], problem: str, advice: str = "") -> Refusal:
        """The error for a key that came from here."""
        return refusal(self.name, self.line_of(path), path, problem, advice)


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


def without(tree: Tree, path: tuple[str, ...]) -> Tree:
    """The tree without what is at a path of one name or more, and without the tables that are empty then."""
    first, *rest = path
    below = tree.get(first)
    left = without(below, tuple(rest)) if rest and isinstance(below, dict) else {}
    return {name: left if name == first else item for name, item in tree.items() if name != first or left}


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
