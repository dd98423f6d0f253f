"""Values in jq's order, and the budget that every query runs under.

The rule kept here: comparing costs steps too, so that sorting large values is bounded like everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cmp_to_key
from typing import Any

MOST_STEPS = 200_000
"""Values that pass through the filters of one query, and the memory of what is built, in units of 64 bytes."""


class QueryError(ValueError):
    """The query is not one, asks for more than its budget, or does not fit the value."""


class Budget:
    """The steps that are left."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MOST_STEPS

    def take(self, steps: int = 1) -> None:
        """Raises `QueryError` when the steps are used up."""
        self._left -= steps
        if self._left < 0:
            raise QueryError(f"the query takes more than {MOST_STEPS:,} steps")


def take_text(budget: Budget, length: int, *parts: str) -> None:
    """Takes the steps of a text of `length` characters, made of `parts`: what is no ASCII may take 4 bytes for each."""
    budget.take(1 + length // (64 if all(map(str.isascii, parts)) else 16))


Filter = Callable[[Any, Budget], Iterator[Any]]
"""What a part of a query is: one value in, any number out."""

_ORDER = {"null": 0, "boolean": 1, "number": 2, "string": 3, "array": 4, "object": 5}


def kind(value: Any) -> str:
    """jq's name for the type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def truthy(value: Any) -> bool:
    """All but null and false."""
    return value is not None and value is not False


def compared(left: Any, right: Any, budget: Budget) -> int:
    """-1, 0 or 1 in jq's order: null, false, true, numbers, texts, lists, maps."""
    budget.take()
    left_kind, right_kind = kind(left), kind(right)
    if left_kind != right_kind:
        return -1 if _ORDER[left_kind] < _ORDER[right_kind] else 1
    if left_kind == "array":
        for one, other in zip(left, right, strict=False):
            if found := compared(one, other, budget):
                return found
        return (len(left) > len(right)) - (len(left) < len(right))
    if left_kind == "object":
        budget.take(len(left) + len(right))  # before they are sorted
        keys = sorted(left)
        names = compared(keys, sorted(right), budget)
        return names or compared([left[key] for key in keys], [right[key] for key in keys], budget)
    if left_kind == "null":
        return 0
    if left_kind == "string":
        budget.take(min(len(left), len(right)) // 64)
    return int(left > right) - int(left < right)


def ordered(values: list[Any], budget: Budget, key: Filter | None = None) -> list[Any]:
    """Sorted in jq's order, by what `key` gives for each."""
    keyed: list[tuple[Any, Any]] = [(value if key is None else list(key(value, budget)), value) for value in values]

    def order(left: tuple[Any, Any], right: tuple[Any, Any]) -> int:
        return compared(left[0], right[0], budget)

    keyed.sort(key=cmp_to_key(order))
    return [value for _, value in keyed]
