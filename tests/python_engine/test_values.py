"""Values there and back, and those that cannot travel."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.python_engine.spells import error, spell, value

VALUES: dict[str, Any] = {
    "none": None, "true": True, "zero": 0, "greatest": 2**63 - 1, "least": -(2**63), "float": 1.5, "whole": 1.0,
    "infinite": math.inf, "text": "\u00e9\0\U0001f600", "empty": "", "bytes": b"\xff\0", "list": [1, [2, []], {}],
    "map": {"a": {"b": None}, "": 1}, "long": "x" * 100_000,
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_a_value_comes_back_as_it_was_sent(name: str) -> None:
    seen: list[Any] = []

    def give(value: Any) -> Any:
        seen.append(value)
        return value

    sent = VALUES[name]
    literal = f"float({str(sent)!r})" if sent == math.inf else repr(sent)
    assert value(f"Tool.execute('give', {{'value': {literal}}})", give) == sent
    assert seen == [sent]
    assert type(seen[0]) is type(sent)


def test_tuples_are_lists_and_subclasses_are_what_they_are_made_of() -> None:
    source = """
    import collections, enum
    class Colour(enum.IntEnum):
        RED = 1
    class Name(str):
        pass
    Point = collections.namedtuple("Point", "x y")
    [Colour.RED, Name("n"), Point(1, 2), collections.OrderedDict(a=1), (1,)]
    """
    assert value(source) == [1, "n", [1, 2], {"a": 1}, [1]]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("2**63", "result is an integer of over 64 bits"),
        ("{'items': [1, {'callback': lambda: 0}]}", "result.items[1].callback is a function, which cannot travel"),
        ("{1: 2}", "result has a key that is no text but an int"),
        ("{1, 2}", "result is a set, which cannot travel"),
        ("'\\ud800'", "result is text that is no valid Unicode (a lone surrogate)"),
        ("a = []\na.append(a)\na", "is nested deeper than 48 levels, or holds itself"),
        ("object()", "result is an object, which cannot travel"),
        ("print", "result is a builtin_function_or_method, which cannot travel"),
    ],
    ids=["integer", "function", "key", "set", "surrogate", "cycle", "object", "builtin"],
)
def test_a_value_that_cannot_travel_names_the_place(source: str, says: str) -> None:
    kind, message, _ = error(source)
    assert kind == "validation"
    assert says in message


def test_an_argument_that_cannot_travel_is_an_error_that_can_be_caught() -> None:
    source = """
    try:
        Tool.execute("calculator", {"input": 2**64})
    except ValidationError as problem:
        found = [problem.kind, problem.message, isinstance(problem, ValueError)]
    try:
        Tool.execute("calculator", {"input": [0] * 262_145})
    except ValidationError as problem:
        found.append(problem.message)
    found
    """
    outcome = spell(source)
    assert outcome.value == [
        "validation", "parameters.input is an integer of over 64 bits", True,
        "the call holds over 262,144 values, and one frame holds no more",
    ]  # fmt: skip
    assert outcome.usage.calls == 0


def test_json_loses_nothing() -> None:
    source = """
    value = {"b": [1, 2.0, float("inf"), b"\\xff", None, True, "\u00e9"], "a": {}}
    text = JSON.stringify(value)
    again = JSON.parse(text)
    [text, again["b"][3], JSON.stringify([1], 2), JSON.stringify({}), JSON.null is None, JSON.parse("[1.0, 1]")]
    """
    assert value(source) == [
        '{"a":{},"b":[1,2.0,"Infinity",{"$bytes":"/w=="},null,true,"\u00e9"]}', b"\xff", "[\n  1\n]", "{}", True,
        [1.0, 1],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", "{", "[1,]", "NaN", "[" * 100_000, "'a'", "1" * 5000, "\ud800"[:0] + "tru"], ids=range(8)
)
def test_json_that_is_none_is_a_validation_error(text: str) -> None:
    kind, message, line = error(f"JSON.parse({text!r})")
    assert (kind, message[:6], line) == ("validation", "JSON: ", 1)
