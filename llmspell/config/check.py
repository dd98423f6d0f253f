"""A parsed file held against the schema: unknown keys and wrong values end here."""

from __future__ import annotations

from typing import Any

from llmspell.config.kinds import MAX_DEPTH, read, read_free
from llmspell.config.refusal import Refusal, Report, dotted, raised, shown
from llmspell.config.schema import KEYS, NAME_RULES, SHAPE, Key, Kind, Shape
from llmspell.config.tree import Origin, Setting, Tree
from llmspell.errors import nearest
from llmspell.tools.tool import canonical


def checked(table: dict[str, Any], origin: Origin, report: Report = raised) -> Tree:
    """The settings of a parsed file; every fault is reported, and without a `report` the first one raised."""
    return _table(table, SHAPE, (), origin, report)


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


def unknown_key(path: tuple[str, ...], shape: Shape, origin: Origin) -> Refusal:
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


def _table(table: dict[str, Any], shape: Shape, path: tuple[str, ...], origin: Origin, report: Report) -> Tree:
    tree: Tree = {}
    for name, value in table.items():
        try:
            known, below = _known(name, shape, path, origin)
            if known in tree:
                raise origin.refuse((*path, name), f"stands twice: {shown(known)} is the same name")
            if isinstance(below, Key):
                tree[known] = setting(value, below, (*path, name), origin)
            elif isinstance(value, dict):
                tree[known] = _table(value, below, (*path, name), origin, report)
            else:
                raise _no_table(name, shape, path, origin)
        except Refusal as fault:
            report(fault)
    return tree


def _known(name: str, shape: Shape, path: tuple[str, ...], origin: Origin) -> tuple[str, Shape | Key]:
    """The name as llmspell spells it, and what belongs there."""
    below = shape.get(name) if name != "*" else None
    if below is None and "*" in shape:
        return chosen_name(path[-1], name, (*path, name), origin), shape["*"]
    if below is None:
        raise unknown_key((*path, name), shape, origin)
    return name, below


def _no_table(name: str, shape: Shape, path: tuple[str, ...], origin: Origin) -> Refusal:
    meant = nearest(name, [known for known in shape if known != "*"])
    hint = f"; did you mean {shown(dotted((*path, meant)))}?" if meant not in (None, name) else ""
    return origin.refuse((*path, name), f"expected a table{hint}")


def _free(table: dict[str, Any], key: Key, path: tuple[str, ...], origin: Origin) -> Tree:
    """A free table, taken apart so that a higher layer can replace a single value in it."""
    return {name: free_value(item, key, (*path, name), origin) for name, item in table.items()}
