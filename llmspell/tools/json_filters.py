"""What the parts of a query do: each filter turns one value into any number of values.

The rule kept here: every value that passes is a step of the budget that runs along, and texts and lists
that are built cost their length, so a short query cannot make much of little.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from llmspell.tools import arithmetic
from llmspell.tools.answer import hint
from llmspell.tools.json_order import Budget, Filter, QueryError, compared, kind, take_text, truthy

LITERALS: dict[str, Any] = {"true": True, "false": False, "null": None}


def SAME(value: Any, budget: Budget) -> Iterator[Any]:  # noqa: N802
    """`.`"""
    budget.take()
    yield value


def NOTHING(value: Any, budget: Budget) -> Iterator[Any]:  # noqa: ARG001, N802
    """No value at all."""
    yield from ()


def EACH(value: Any, budget: Budget) -> Iterator[Any]:  # noqa: N802
    """`.[]`"""
    if not isinstance(value, list | dict):
        raise QueryError(f"cannot go through a {kind(value)}")
    for each in value if isinstance(value, list) else list(value.values()):
        budget.take()
        yield each


def constant(given: Any) -> Filter:
    """A literal."""

    def run(value: Any, budget: Budget) -> Iterator[Any]:  # noqa: ARG001
        budget.take()
        yield given

    return run


def piped(parts: list[Filter]) -> Filter:
    """`a | b | c`"""

    def run(value: Any, budget: Budget, at: int = 0) -> Iterator[Any]:
        if at == len(parts) - 1:
            yield from parts[at](value, budget)
        else:
            for each in parts[at](value, budget):
                yield from run(each, budget, at + 1)

    return run


def together(parts: list[Filter]) -> Filter:
    """`a, b, c`"""

    def run(value: Any, budget: Budget) -> Iterator[Any]:
        for part_ in parts:
            yield from part_(value, budget)

    return run


def member(key: str) -> Filter:
    """`.key`"""

    def run(value: Any, budget: Budget) -> Iterator[Any]:
        budget.take()
        yield _at(value, key)

    return run


def looked_up(index: Filter) -> Filter:
    """`[index]`, of the value before it; the index is a filter of that same value."""

    def run(value: Any, budget: Budget) -> Iterator[Any]:
        for key in index(value, budget):
            budget.take()
            yield _at(value, key)

    return run


def _at(value: Any, key: Any) -> Any:
    if isinstance(key, str) and (value is None or isinstance(value, dict)):
        return None if value is None else value.get(key)
    if isinstance(key, int | float) and not isinstance(key, bool) and (value is None or isinstance(value, list)):
        at = int(key) if key == key and abs(key) < 2**62 else 2**62
        return value[at] if value is not None and -len(value) <= at < len(value) else None
    what = repr(key[:40]) if isinstance(key, str) else kind(key)
    raise QueryError(f"cannot look up {what} in a {kind(value)}")


def part(first: Filter | None, last: Filter | None) -> Filter:
    """`[first:last]` of a list or a text."""

    def bound(edge: Filter | None, value: Any, budget: Budget) -> int | None:
        found = None if edge is None else next(edge(value, budget), None)
        if found is not None and (not isinstance(found, int) or isinstance(found, bool)):
            raise QueryError("the bounds of a part must be whole numbers")
        return found

    def run(value: Any, budget: Budget) -> Iterator[Any]:
        if value is not None and not isinstance(value, list | str):
            raise QueryError(f"cannot take a part of a {kind(value)}")
        if value is None:
            yield None
            return
        made = value[bound(first, value, budget) : bound(last, value, budget)]
        if isinstance(made, str):
            take_text(budget, len(made), made)
        else:
            budget.take(1 + len(made))
        yield made

    return run


def forgiving(inner: Filter) -> Filter:
    """`inner?`: what does not fit gives nothing. Budgets are not forgiven."""

    def run(value: Any, budget: Budget) -> Iterator[Any]:
        try:
            yield from inner(value, budget)
        except QueryError:
            budget.take()

    return run


def both(left: Filter, right: Filter) -> Filter:
    """`left and right`"""

    def run(value: Any, budget: Budget) -> Iterator[Any]:
        for one in left(value, budget):
            if not truthy(one):
                yield False
            else:
                yield from (truthy(other) for other in right(value, budget))

    return run


def either(left: Filter, right: Filter) -> Filter:
    """`left or right`"""

    def run(value: Any, budget: Budget) -> Iterator[Any]:
        for one in left(value, budget):
            if truthy(one):
                yield True
            else:
                yield from (truthy(other) for other in right(value, budget))

    return run


def listed(inner: Filter) -> Filter:
    """`[inner]`"""

    def run(value: Any, budget: Budget) -> Iterator[Any]:
        budget.take()
        yield list(inner(value, budget))

    return run


def mapped(members: list[tuple[str, Filter]]) -> Filter:
    """`{key: filter, ...}`; each filter must give exactly one value."""

    def run(value: Any, budget: Budget) -> Iterator[Any]:
        made = {}
        budget.take(1 + len(members))
        for key, inner in members:
            found = list(inner(value, budget))
            if len(found) != 1:
                raise QueryError(f"member {key[:40]!r} has {len(found)} values, one is needed")
            made[key] = found[0]
        yield made

    return run


def applied(operator: str, left: Filter, right: Filter) -> Filter:
    """`left operator right`, for every pair."""

    def run(value: Any, budget: Budget) -> Iterator[Any]:
        for other in right(value, budget):
            for one in left(value, budget):
                budget.take()
                yield _result(operator, one, other, budget)

    return run


_COMPARISONS: dict[str, Callable[[int], bool]] = {
    "==": lambda order: order == 0,
    "!=": lambda order: order != 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": arithmetic.add,
    "-": arithmetic.subtract,
    "*": arithmetic.multiply,
    "/": arithmetic.divide,
    "%": arithmetic.modulo,
}


def _result(operator: str, left: Any, right: Any, budget: Budget) -> Any:
    if operator in _COMPARISONS:
        return _COMPARISONS[operator](compared(left, right, budget))
    if kind(left) == kind(right) == "number":
        return _number(operator, left, right)
    if operator == "+":
        return plus(left, right, budget)
    if operator == "-" and isinstance(left, list) and isinstance(right, list):
        return [each for each in left if not any(compared(each, other, budget) == 0 for other in right)]
    raise QueryError(f"cannot apply {operator} to a {kind(left)} and a {kind(right)}")


def _number(operator: str, left: Any, right: Any) -> Any:
    if operator in "/%" and right == 0:
        raise QueryError(f"cannot apply {operator} with zero")
    try:
        return _ARITHMETIC[operator](left, right)
    except OverflowError:
        raise QueryError("a number is too large for a 64-bit float") from None


def plus(left: Any, right: Any, budget: Budget) -> Any:
    """jq's `+`: numbers add, texts and lists join, maps merge, null leaves the other."""
    if left is None or right is None:
        return right if left is None else left
    if kind(left) != kind(right) or isinstance(left, bool):
        raise QueryError(f"cannot add a {kind(left)} and a {kind(right)}")
    if kind(left) == "number":
        return _number("+", left, right)
    length = len(left) + len(right)
    if isinstance(left, str):
        take_text(budget, length, left, right)
    else:
        budget.take(length)
    return {**left, **right} if isinstance(left, dict) else left + right


def named(name: str, argument: Filter | None) -> Filter:
    """A function by name, with its argument."""
    from llmspell.tools import json_functions

    table = json_functions.PLAIN if argument is None else json_functions.WITH_ARGUMENT
    if name not in table:
        other = json_functions.WITH_ARGUMENT if argument is None else json_functions.PLAIN
        if name in other:
            raise QueryError(f"function {name!r} {'needs an argument' if argument is None else 'takes no argument'}")
        known = [*json_functions.PLAIN, *json_functions.WITH_ARGUMENT]
        raise QueryError(f"unknown function {name[:40]!r}{hint(name[:40], known)}")
    if argument is None:
        return json_functions.plain(json_functions.PLAIN[name])
    return json_functions.WITH_ARGUMENT[name](argument)
