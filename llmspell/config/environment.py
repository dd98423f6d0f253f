"""`LLMSPELL_*` variables as settings: `LLMSPELL_LIMITS__MEMORY=64M` is `limits.memory`.

This file keeps the rule that a variable nobody understands is an error, never a limit that silently does
not hold.
"""

from __future__ import annotations

from llmspell.config.check import chosen_name, free_value, setting, unknown_key
from llmspell.config.document import parse
from llmspell.config.kinds import read_variable
from llmspell.config.schema import SHAPE, Key, Kind, Shape
from llmspell.config.tree import Origin, Setting, Tree, branch
from llmspell.errors import ConfigError

_PREFIX_LENGTH = len("LLMSPELL_")
_LISTS = (Kind.NAMES, Kind.HOSTS, Kind.TOOLS, Kind.PATHS, Kind.VARIABLES, Kind.SUFFIXES)


def find_key(variable: str, lower: Tree, origin: Origin) -> tuple[tuple[str, ...], Key]:
    """The path and the row of the schema that a variable stands for; raises ConfigError when there is none.

    Variables cannot say `-`, `.` or `/`: a name that the layers below have with such a sign is found with `_` too.
    """
    names = variable[_PREFIX_LENGTH:].lower().split("__")
    shape: Shape = SHAPE
    tree = lower
    path: tuple[str, ...] = ()
    for position, name in enumerate(names):
        below = shape.get(name) if name != "*" else None
        if below is None and "*" in shape and name:
            below = shape["*"]
            name = chosen_name(path[-1], _known_name(name, tree), (*path, name), origin)
        if below is None:
            raise unknown_key((*path, name), shape, origin)
        path = (*path, name)
        if isinstance(below, Key):
            rest = tuple(names[position + 1 :])
            if rest and (below.kind is not Kind.TABLE or "" in rest):
                raise unknown_key((*path, *rest), {}, origin)
            return (*path, *rest), below
        shape = below
        tree = _subtree(tree, name)
    raise origin.refuse(
        path,
        "is a table, and a variable sets one key of it: " + ", ".join(sorted(shape)).replace("*", "NAME"),
    )


def from_variable(text: str, path: tuple[str, ...], key: Key, origin: Origin) -> Tree:
    """The one setting of a variable, its text parsed by the key's kind; an empty text sets only lists.

    Raises ConfigError for a text that is not UTF-8 or does not fit the key.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise origin.refuse(path, "is not UTF-8") from None
    if not text and key.kind not in _LISTS:
        return {}
    if key.kind is Kind.TABLE:
        return _free(text, path, key, origin)
    try:
        return branch(path, Setting(read_variable(key.kind, text, origin.folders), origin, key))
    except ValueError as error:
        raise origin.refuse(path, str(error)) from None


def _free(text: str, path: tuple[str, ...], key: Key, origin: Origin) -> Tree:
    """A free table, or a value in one: TOML where the text is that, else the text itself."""
    try:
        table = parse(f"value = {text}", origin.name)
        value = table["value"] if table.keys() == {"value"} else text
    except ConfigError:
        value = text
    whole = len(path) == key.path.count(".") + 1
    return branch(path, setting(value, key, path, origin) if whole else free_value(value, key, path, origin))


def _known_name(name: str, tree: Tree) -> str:
    """The name in the layers below that reads like this one when its other signs are written `_`."""
    folded = _folded(name)
    return next((known for known in tree if _folded(known.lower()) == folded), name)


def _folded(name: str) -> str:
    return "".join(char if char.isalnum() else "_" for char in name)


def _subtree(tree: Tree, name: str) -> Tree:
    below = tree.get(name)
    return below if isinstance(below, dict) else {}
