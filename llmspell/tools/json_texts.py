"""The functions of the query language that take or make text, and what is told of a value that they do not take.

The rule kept here: a text costs what it takes of memory, and what is made of one is counted before it is made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from llmspell.tools.answer import RESULT_CAP
from llmspell.tools.json_order import Budget, Filter, QueryError, kind, take_text
from llmspell.tools.json_values import UnfitError, measure, read_json


def need(value: Any, name: str, *kinds: str) -> None:
    """Raises `QueryError` unless the value is of one of the kinds."""
    if kind(value) not in kinds:
        raise QueryError(f"{name} does not take a {kind(value)}")


def listed(value: Any, name: str) -> list[Any]:
    """The value, if it is a list; else `QueryError`."""
    need(value, name, "array")
    found: list[Any] = value
    return found


def as_text(value: Any, budget: Budget) -> str:
    """`tostring`: a text as it is, all else as JSON."""
    if isinstance(value, str):
        return value
    try:
        measure(value, cap=RESULT_CAP, charge=budget.take)
    except UnfitError as error:
        raise QueryError(f"the value {error}") from None
    made = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    take_text(budget, len(made), made)
    return made


def to_number(value: Any, budget: Budget) -> Any:  # noqa: ARG001
    """`tonumber`"""
    need(value, "tonumber", "string", "number")
    if not isinstance(value, str):
        return value
    found = _read(value[:400])
    if kind(found) != "number":
        raise QueryError("tonumber of a text that is no number")
    return found


def _read(value: Any) -> Any:
    need(value, "fromjson", "string")
    try:
        return read_json(value, cap=RESULT_CAP)
    except UnfitError as error:
        raise QueryError(f"the text {error}") from None


def from_json(value: Any, budget: Budget) -> Any:
    """`fromjson`"""
    budget.take(len(value) // 8 if isinstance(value, str) else 1)
    made = _read(value)
    measure(made, cap=RESULT_CAP, charge=budget.take)
    return made


def cased(letters: str, changed: str) -> Callable[[Any, Budget], str]:
    """A text with the `letters` changed, one by one."""
    table = str.maketrans(letters, changed)

    def run(value: Any, budget: Budget) -> str:
        need(value, "changing case", "string")
        take_text(budget, len(value), value)
        return str(value.translate(table))

    return run


def of_text(name: str, does: Callable[[str, str, Budget], Any]) -> Callable[[Filter], Filter]:
    """A function of a text and of another, which its argument gives."""

    def with_argument(argument: Filter) -> Filter:
        def run(value: Any, budget: Budget) -> Iterator[Any]:
            for each in argument(value, budget):
                need(value, name, "string")
                need(each, name, "string")
                take_text(budget, len(value), value)
                yield does(value, each, budget)

        return run

    return with_argument


def split(value: str, separator: str, budget: Budget) -> list[str]:
    """`split(separator)`"""
    if not separator:
        raise QueryError("split needs a separator")
    budget.take(2 * value.count(separator))
    return value.split(separator)


def join(separator: Filter) -> Filter:
    """`join(separator)`"""

    def run(value: Any, budget: Budget) -> Iterator[Any]:
        for each in separator(value, budget):
            need(each, "join", "string")
            budget.take(len(listed(value, "join")))
            parts = ["" if part is None else as_text(part, budget) for part in value]
            take_text(budget, sum(map(len, parts)) + len(parts) * len(each), each, *parts)
            yield each.join(parts)

    return run
