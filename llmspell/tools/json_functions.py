"""The functions of the query language, by name: `PLAIN` ones and those `WITH_ARGUMENT`.

The rule kept here: a function charges the budget for what it builds before it builds it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from llmspell.tools.json_filters import plus
from llmspell.tools.json_order import Budget, Filter, QueryError, compared, kind, ordered, truthy
from llmspell.tools.json_texts import as_text, cased, from_json, join, listed, need, of_text, split, to_number


def plain(function: Callable[[Any, Budget], Any]) -> Filter:
    """A function of the value alone as a filter."""

    def run(value: Any, budget: Budget) -> Iterator[Any]:
        budget.take()
        yield function(value, budget)

    return run


def _length(value: Any, budget: Budget) -> Any:  # noqa: ARG001
    need(value, "length", "null", "number", "string", "array", "object")
    if value is None:
        return 0
    return abs(value) if isinstance(value, int | float) else len(value)


def _keys(value: Any, budget: Budget) -> list[Any]:
    need(value, "keys", "array", "object")
    budget.take(len(value))
    return sorted(value) if isinstance(value, dict) else list(range(len(value)))


def _values(value: Any, name: str) -> list[Any]:
    need(value, name, "array", "object")
    return list(value.values()) if isinstance(value, dict) else value


def _add(value: Any, budget: Budget) -> Any:
    total: Any = None
    members = _values(value, "add")
    budget.take(len(members))
    for each in members:
        total = plus(total, each, budget)
    return total


def _grouped(values: list[Any], budget: Budget, key: Filter | None = None) -> list[list[Any]]:
    groups: list[list[Any]] = []
    previous: Any = None
    for each in ordered(values, budget, key):
        current = [each] if key is None else list(key(each, budget))
        if groups and compared(previous, current, budget) == 0:
            groups[-1].append(each)
        else:
            groups.append([each])
        previous = current
    return groups


def _extreme(values: list[Any], budget: Budget, at: int, key: Filter | None = None) -> Any:
    found = ordered(values, budget, key)
    return found[at] if found else None


def _flat(values: list[Any], budget: Budget, depth: int = 40) -> list[Any]:
    made: list[Any] = []
    for each in values:
        budget.take()
        made.extend(_flat(each, budget, depth - 1) if isinstance(each, list) and depth > 0 else [each])
    return made


def _entries(value: Any, budget: Budget) -> list[Any]:
    need(value, "to_entries", "object")
    budget.take(3 * len(value))
    return [{"key": key, "value": each} for key, each in value.items()]


def _from_entries(value: Any, budget: Budget) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for each in listed(value, "from_entries"):
        budget.take()
        need(each, "from_entries", "object")
        key = each.get("key", each.get("name"))
        if not isinstance(key, str):
            raise QueryError("from_entries needs a text as every key")
        made[key] = each.get("value")
    return made


def _rounded(change: Callable[[float], int]) -> Callable[[Any, Budget], Any]:
    def run(value: Any, budget: Budget) -> Any:  # noqa: ARG001
        need(value, "rounding", "number")
        return change(value) if math.isfinite(value) and abs(value) < 2**62 else value

    return run


def _reverse(value: Any, budget: Budget) -> list[Any]:
    budget.take(len(listed(value, "reverse")))
    return listed(value, "reverse")[::-1]


def _any(value: Any, budget: Budget) -> bool:
    members = _values(value, "any")
    budget.take(len(members))
    return any(map(truthy, members))


def _all(value: Any, budget: Budget) -> bool:
    members = _values(value, "all")
    budget.take(len(members))
    return all(map(truthy, members))


PLAIN: dict[str, Callable[[Any, Budget], Any]] = {
    "length": _length,
    "keys": _keys,
    "add": _add,
    "type": lambda value, _: kind(value),
    "not": lambda value, _: not truthy(value),
    "any": _any,
    "all": _all,
    "first": lambda value, _: (listed(value, "first") or [None])[0],
    "last": lambda value, _: (listed(value, "last") or [None])[-1],
    "reverse": _reverse,
    "sort": lambda value, budget: ordered(listed(value, "sort"), budget),
    "unique": lambda value, budget: [group[0] for group in _grouped(listed(value, "unique"), budget)],
    "min": lambda value, budget: _extreme(listed(value, "min"), budget, 0),
    "max": lambda value, budget: _extreme(listed(value, "max"), budget, -1),
    "flatten": lambda value, budget: _flat(listed(value, "flatten"), budget),
    "to_entries": _entries,
    "from_entries": _from_entries,
    "tostring": as_text,
    "tojson": lambda value, budget: as_text([value], budget)[1:-1],
    "tonumber": to_number,
    "fromjson": from_json,
    "ascii_upcase": cased(ascii_lowercase, ascii_uppercase),
    "ascii_downcase": cased(ascii_uppercase, ascii_lowercase),
    "floor": _rounded(math.floor),
    "ceil": _rounded(math.ceil),
    "round": _rounded(lambda value: math.floor(abs(value) + 0.5) * (-1 if value < 0 else 1)),
}


def _select(test: Filter) -> Filter:
    def run(value: Any, budget: Budget) -> Iterator[Any]:
        for found in test(value, budget):
            if truthy(found):
                yield value

    return run


def _map(inner: Filter) -> Filter:
    def each(value: Any, budget: Budget) -> list[Any]:
        return [made for member in _values(value, "map") for made in inner(member, budget)]

    return plain(each)


def _has(key: Filter) -> Filter:
    def run(value: Any, budget: Budget) -> Iterator[Any]:
        need(value, "has", "array", "object")
        for each in key(value, budget):
            if kind(each) != ("string" if isinstance(value, dict) else "number"):
                raise QueryError(f"has does not look for a {kind(each)} in a {kind(value)}")
            yield each in value if isinstance(value, dict) else 0 <= each < len(value)

    return run


def _contains(wanted: Any, value: Any, budget: Budget) -> bool:
    budget.take()
    if isinstance(wanted, str) and isinstance(value, str):
        budget.take(len(value) // 64)
        return wanted in value
    if isinstance(wanted, list) and isinstance(value, list):
        return all(any(_contains(one, each, budget) for each in value) for one in wanted)
    if isinstance(wanted, dict) and isinstance(value, dict):
        return all(key in value and _contains(one, value[key], budget) for key, one in wanted.items())
    return compared(wanted, value, budget) == 0


def _keyed(does: Callable[[list[Any], Budget, Filter], Any], name: str) -> Callable[[Filter], Filter]:
    return lambda key: plain(lambda value, budget: does(listed(value, name), budget, key))


WITH_ARGUMENT: dict[str, Callable[[Filter], Filter]] = {
    "select": _select,
    "map": _map,
    "has": _has,
    "contains": lambda wanted: plain(
        lambda value, budget: all(_contains(each, value, budget) for each in wanted(value, budget))
    ),
    "startswith": of_text("startswith", lambda value, begin, _: value.startswith(begin)),
    "endswith": of_text("endswith", lambda value, end, _: value.endswith(end)),
    "split": of_text("split", split),
    "join": join,
    "sort_by": _keyed(ordered, "sort_by"),
    "group_by": _keyed(_grouped, "group_by"),
    "unique_by": _keyed(lambda values, budget, key: [group[0] for group in _grouped(values, budget, key)], "unique_by"),
    "min_by": _keyed(lambda values, budget, key: _extreme(values, budget, 0, key), "min_by"),
    "max_by": _keyed(lambda values, budget, key: _extreme(values, budget, -1, key), "max_by"),
}
