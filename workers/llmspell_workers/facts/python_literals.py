"""The literals of a Python source, as far as they can be read off: see `literals.py`."""

from __future__ import annotations

import _ast

from llmspell_workers.facts.literals import CUT, MAX_DEPTH, MAX_ITEMS, OPEN, WHOLE, literal, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from llmspell_workers.facts.scopes import Place


def place_of(node: Any) -> Place:
    """Where a node stands."""
    return node.lineno - 1, node.col_offset, node.end_lineno - 1, node.end_col_offset


def read_literal(node: Any, depth: int = 0) -> list[object]:
    """What an expression is, as `literals.py` has it."""
    place = place_of(node)
    if isinstance(node, _ast.Constant):
        return _constant(node.value, place)
    if isinstance(node, _ast.Lambda):
        return literal("function", None, place)
    if isinstance(node, _ast.UnaryOp) and isinstance(node.op, _ast.USub) and isinstance(node.operand, _ast.Constant):
        value = node.operand.value
        return _constant(-value, place) if isinstance(value, (int, float)) else literal("other", None, place)
    if isinstance(node, (_ast.List, _ast.Tuple)) and depth < MAX_DEPTH:
        items = [read_literal(one, depth + 1) for one in node.elts[:MAX_ITEMS]]
        more = OPEN if any(one[0] == "many" for one in items) else WHOLE
        return literal("list", [items, CUT if len(node.elts) > MAX_ITEMS else more], place)
    if isinstance(node, _ast.Dict) and depth < MAX_DEPTH:
        return _entries("map", [*zip(node.keys, node.values, strict=True)], place, depth)
    return literal("many" if isinstance(node, _ast.Starred) else "other", None, place)


def read_keywords(node: Any) -> list[object]:
    """The arguments that are given by name: a literal of the kind `keywords`, which is else as a map."""
    pairs = [(_Named(one), one.value) if one.arg is not None else (None, one.value) for one in node.keywords]
    return _entries("keywords", pairs, place_of(node), 0)


class _Named:
    """The name of a keyword, as a key."""

    def __init__(self, keyword: Any) -> None:
        self.value = keyword.arg
        row, column = keyword.lineno - 1, keyword.col_offset
        self.place = (row, column, row, column + len(keyword.arg.encode()))


def _entries(kind: str, pairs: list[Any], place: Place, depth: int) -> list[object]:
    entries: list[object] = []
    more = WHOLE
    for key, value in pairs[:MAX_ITEMS]:
        written = getattr(key, "value", None)
        if type(written) is str:
            at = key.place if isinstance(key, _Named) else place_of(key)
            entries.append([written, list(at), read_literal(value, depth + 1)])
        else:
            more = OPEN
    return literal(kind, [entries, CUT if len(pairs) > MAX_ITEMS else more], place)


def _constant(value: object, place: Place) -> list[object]:
    if isinstance(value, bool):
        return literal("boolean", value, place)
    if value is None:
        return literal("nil", None, place)
    if isinstance(value, str):
        return text(value if value.isprintable() or value.isascii() else None, place)
    if isinstance(value, int):
        return literal("number", value if abs(value) < 1 << 63 else None, place)
    return literal("number", value, place) if isinstance(value, float) else literal("other", None, place)
