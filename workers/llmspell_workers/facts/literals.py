"""Literal values of a source, as they are told: what can be read off, and that something stands where it cannot.

A literal is a list `[kind, value, place]`: `text` (None for one that was not read), `number`, `boolean`, `nil`, `list`
(its literals, and one of `WHOLE`, `OPEN`, `CUT`), `map` (the same of entries `[key, place of the key, literal]`),
`function`, `other`, and `many` for any number of arguments.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmspell_workers.facts.scopes import Place

MAX_DEPTH = 8
MAX_ITEMS = 200
MAX_TEXT = 500
WHOLE, OPEN, CUT = 0, 1, 2
"""What else a list or a map holds: nothing, what cannot be read off, or what could be and is left out."""


def literal(kind: str, value: object, place: Place) -> list[object]:
    """One literal."""
    return [kind, value, list(place)]


def text(value: str | None, place: Place) -> list[object]:
    """A text; one that is too long is only known to be one."""
    return literal("text", value if value is not None and len(value) <= MAX_TEXT else None, place)


def number(written: str, place: Place) -> list[object]:
    """A number as it was written, a whole one as an integer where it has 64 bits."""
    plain = written.replace("_", "")
    try:
        whole = int(plain, 0) if len(plain) < 25 else 1 << 64
    except ValueError:
        try:
            return literal("number", float(plain), place)
        except ValueError:
            return literal("number", None, place)
    return literal("number", whole if -(1 << 63) <= whole < 1 << 63 else None, place)
