"""The literals of a JavaScript source, as far as they can be read off: see `literals.py`."""

from __future__ import annotations

from llmspell_workers.facts.grammar import named, place_of, text_of
from llmspell_workers.facts.literals import CUT, MAX_DEPTH, MAX_ITEMS, OPEN, WHOLE, literal, number, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def written_text(node: Any) -> str | None:
    """A string's text, or a template's without any part, if it is written without escapes."""
    if node.type not in ("string", "template_string"):
        return None
    inside = list(named(node))
    if any(part.type != "string_fragment" for part in inside):
        return None
    written = "".join(map(text_of, inside))
    return None if "\ufffd" in written else written


def read_literal(node: Any, depth: int = 0) -> list[object]:
    """What an expression is, as `literals.py` has it."""
    kind, place = node.type, place_of(node)
    if kind in ("string", "template_string"):
        return text(written_text(node), place)
    if kind == "number":
        return number(text_of(node).removesuffix("n"), place)
    if kind in ("true", "false"):
        return literal("boolean", kind == "true", place)
    if kind in ("null", "undefined"):
        return literal("nil", None, place)
    if kind in ("arrow_function", "function_expression"):
        return literal("function", None, place)
    if kind == "unary_expression" and node.children[0].type == "-" and node.children[-1].type == "number":
        return number("-" + text_of(node.children[-1]), place)
    if kind == "array" and depth < MAX_DEPTH:
        inside = list(named(node))
        items = [read_literal(one, depth + 1) for one in inside[:MAX_ITEMS]]
        more = OPEN if any(one[0] == "many" for one in items) else WHOLE
        return literal("list", [items, CUT if len(inside) > MAX_ITEMS else more], place)
    if kind == "object" and depth < MAX_DEPTH:
        return _object(node, depth)
    return literal("many" if kind == "spread_element" else "other", None, place)


def _object(node: Any, depth: int) -> list[object]:
    entries: list[object] = []
    inside = list(named(node))
    more = WHOLE
    for one in inside[:MAX_ITEMS]:
        if one.type == "shorthand_property_identifier":
            place = list(place_of(one))
            entries.append([text_of(one), place, literal("other", None, place_of(one))])
        elif one.type == "pair":
            key, value = one.child_by_field_name("key"), one.child_by_field_name("value")
            written = written_text(key) if key.type == "string" else text_of(key)
            if key.type == "computed_property_name" or written is None:
                more = OPEN
            else:
                entries.append([written, list(place_of(key)), read_literal(value, depth + 1)])
        else:
            more = OPEN
    return literal("map", [entries, CUT if len(inside) > MAX_ITEMS else more], place_of(node))
