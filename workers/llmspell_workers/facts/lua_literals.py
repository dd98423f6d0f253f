"""The literals of a Lua source, as far as they can be read off: see `literals.py`."""

from __future__ import annotations

from llmspell_workers.facts.grammar import named, place_of, text_of
from llmspell_workers.facts.literals import CUT, MAX_DEPTH, MAX_ITEMS, OPEN, WHOLE, literal, number, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def written_text(node: Any) -> str | None:
    """A string's text, if it is written without escapes."""
    content = node.child_by_field_name("content")
    if content is None:
        return ""
    written = text_of(content)
    return None if "\\" in written or "\ufffd" in written else written


def read_literal(node: Any, depth: int = 0) -> list[object]:
    """What an expression is, as `literals.py` has it."""
    kind, place = node.type, place_of(node)
    if kind == "string":
        return text(written_text(node), place)
    if kind == "number":
        return number(text_of(node), place)
    if kind in ("true", "false"):
        return literal("boolean", kind == "true", place)
    if kind == "nil":
        return literal("nil", None, place)
    if kind == "function_definition":
        return literal("function", None, place)
    if kind == "unary_expression" and node.children[0].type == "-" and node.children[-1].type == "number":
        return number("-" + text_of(node.children[-1]), place)
    if kind == "table_constructor" and depth < MAX_DEPTH:
        return _table(node, depth)
    return literal("many" if kind in ("function_call", "vararg_expression") else "other", None, place)


def _table(node: Any, depth: int) -> list[object]:
    """A table with named values is a map, one without names a list; an empty one is a map."""
    entries: list[object] = []
    items: list[object] = []
    more = WHOLE
    for field in named(node):
        name, value = field.child_by_field_name("name"), field.child_by_field_name("value")
        if field.type != "field" or value is None:
            continue
        if len(entries) + len(items) >= MAX_ITEMS:
            more = CUT
            break
        made = read_literal(value, depth + 1)
        if name is None:
            items.append(made)
            more = OPEN if made[0] == "many" else more
            continue
        bracketed = field.children[0].type == "["
        key = (written_text(name) if name.type == "string" else None) if bracketed else text_of(name)
        if key is None:
            more = OPEN
        else:
            entries.append([key, list(place_of(name)), made])
    if items and not entries:
        return literal("list", [items, more], place_of(node))
    return literal("map", [entries, OPEN if items and more is WHOLE else more], place_of(node))
