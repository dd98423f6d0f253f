"""A parsed file held against the schema: unknown keys and wrong values end here."""

from __future__ import annotations

from typing import Any

from llmspell.config.kinds import MAX_DEPTH, read, read_free
from llmspell.config.refusal import dotted, shown
from llmspell.config.schema import KEYS, NAME_RULES, SHAPE, Key, Kind, Shape
from llmspell.config.tree import Origin, Setting, Tree
from llmspell.errors import ConfigError, nearest
from llmspell.tools.tool import canonical


def checked(table: dict[str, Any], origin: Origin) -> Tree:
    """The settings of a parsed file; raises ConfigError for the first fault."""
    return _table(table, SHAPE, (), origin)


def setting(value: object, key: Key, path: tuple[str, ...], origin: Origin) -> Tree | Setting:
    """One value of a known key, a tree of values where the key is a free table; raises ConfigError."""
    try:
        found = read(key.kind, value, origin.folders)
    except ValueError as error:
        raise origin.refuse(path, str(error)) from None
    return _free(found, key, path, origin) if key.kind is Kind.TABLE else Setting(found, origin, key)


def free_value(value: object, key: Key, path: tuple[str, ...], origin: Origin) -> Tree | Setting:
    """One value in a free table, `path` being its own; raises ConfigError if it cannot travel to a script."""
    depth = len(path) - key.path.count(".") - 1
    if isinstance(value, dict) and depth < MAX_DEPTH:
        return _free(value, key, path, origin)
    try:
        return Setting(read_free(value, depth), origin, key)
    except ValueError as error:
        raise origin.refuse(path, str(error)) from None


def chosen_name(table: str, name: str, path: tuple[str, ...], origin: Origin) -> str:
    """A name that the user chose, as llmspell spells it; raises ConfigError for an impossible one."""
    rule = NAME_RULES[table]
    if rule.pattern.fullmatch(name) is None:
        raise origin.refuse(path, f"expected {rule.expected}")
    return canonical(name) if table == "tools" else name


def unknown_key(path: tuple[str, ...], shape: Shape, origin: Origin) -> ConfigError:
    """The error for a key that nobody knows, with the one that was likely meant."""
    parents, name = path[:-1], path[-1]
    here = [known for known in shape if known != "*"]
    elsewhere = next((key.path for key in KEYS if "*" not in key.path and key.path.endswith("." + name)), None)
    meant = nearest(name, here)
    if meant is not None:
        hint = f"did you mean {shown(dotted((*parents, meant)))}?"
    elif elsewhere is not None:
        hint = f"did you mean {elsewhere}?"
    elif not here:
        hint = f"{shown(dotted(parents))} holds no named keys"
    else:
        hint = "known here: " + ", ".join(sorted(here))
    return origin.refuse(path, f"unknown key; {hint}")


def _table(table: dict[str, Any], shape: Shape, path: tuple[str, ...], origin: Origin) -> Tree:
    tree: Tree = {}
    for name, value in table.items():
        here = (*path, name)
        below = shape.get(name) if name != "*" else None
        if below is None and "*" in shape:
            below = shape["*"]
            name = chosen_name(path[-1], name, here, origin)
        if below is None:
            raise unknown_key(here, shape, origin)
        if isinstance(below, Key):
            tree[name] = setting(value, below, here, origin)
        elif isinstance(value, dict):
            tree[name] = _table(value, below, here, origin)
        else:
            meant = nearest(name, [known for known in shape if known != "*"])
            hint = f"; did you mean {shown(dotted((*path, meant)))}?" if meant not in (None, name) else ""
            raise origin.refuse(here, f"expected a table{hint}")
    return tree


def _free(table: dict[str, Any], key: Key, path: tuple[str, ...], origin: Origin) -> Tree:
    """A free table, taken apart so that a higher layer can replace a single value in it."""
    return {name: free_value(item, key, (*path, name), origin) for name, item in table.items()}
