"""The tool `json-processor` under attack: queries, inputs and schemas that are wrong or hostile end soon."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmspell.errors import CallError
from llmspell.tools.check import check_parameters
from llmspell.tools.json_processor import JsonProcessor
from llmspell.tools.tool import ToolGrants

from .shop import SHOP, TOOL, must_be_validation

Call = Callable[..., dict[str, Any]]
Refusal = Callable[..., str]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "ends too early"),
        (".a |", "ends too early"),
        (".[", "ends too early"),
        (".a b", "unexpected 'b'"),
        ("foo", "unknown function 'foo'"),
        ("lenght", "did you mean 'length'"),
        ("map", "needs an argument"),
        ("length(1)", "takes no argument"),
        ("env", "unknown function"),
        ("$ENV", "character '$'"),
        ("def f: .", "unknown function 'def'"),
        ("..", "ends too early"),
        (".. | .a", "unexpected '|'"),
        ('"a', "does not end"),
        ('"\\', "does not end"),
        ('"\\x"', "not a JSON text"),
        ('"\\(1)"', "is not supported"),
        ("1.2.3", "is not a number"),
        (".users.name", "cannot look up 'name' in a array"),
        (".text[0]", "cannot look up number in a string"),
        (".users[true]", "cannot look up boolean"),
        (".text[]", "cannot go through a string"),
        ('[1]["a":]', "must be whole numbers"),
        ("1 | .[1:]", "cannot take a part"),
        ('1 + "a"', "cannot add"),
        ("true + true", "cannot add a boolean"),
        ("{} - {}", "cannot apply -"),
        ("1 / 0", "with zero"),
        ("1e308 * 10", "unexpected 'e308'"),
        ("{a: .users[]}", "has 3 values, one is needed"),
        ("{a", "ends too early"),
        ("{1: 2}", "unexpected '1'"),
        ("true | length", "length does not take a boolean"),
        ("1 | keys", "does not take"),
        ("[1] | from_entries", "does not take"),
        ("[{key: 1}] | from_entries", "needs a text"),
        ('"x" | tonumber', "is not JSON"),
        ('"true" | tonumber', "is no number"),
        ('"{" | fromjson', "is not JSON"),
        ('[1] | has("a")', "does not look for"),
        ('"a" | split("")', "needs a separator"),
        ('1 | startswith("a")', "does not take"),
        ("[1] | join(1)", "does not take"),
        ("(" * 50 + "." + ")" * 50, "nested deeper"),
        ("-" * 100 + "1", "nested deeper"),
        ("{a:" * 60 + "1" + "}" * 60, "nested deeper"),
        (".|" * 300 + ".", "parts, the most"),
        ("." * 2001, "characters, the most"),
        (".users | map(" * 3, "ends too early"),
        ("99999999999999999999999 * " * 20 + "1", "too large"),
    ],
)
def test_query_mistakes(refused: Refusal, query: str, said: str) -> None:
    assert said in refused(TOOL, operation="query", input=SHOP, query=query)


@pytest.mark.parametrize(
    "query",
    [
        "|".join(["[.,.]"] * 40),
        "|".join(["[.,.]"] * 20) + "| tostring",
        '"aaaaaaaaaa" | ' + "|".join(["[.,.]|add"] * 40),
        '"aaaaaaaaaa" | ' + "|".join(['[.,.]|join("")'] * 40),
        "[" + ",".join("1" * 50) + "] | " + "|".join(["[.[] + .[]]"] * 5),
        "|".join(["(.,.)"] * 60),
        "(.,.)?|" * 60 + "1",
        ".a" * 190,
        ".|" * 190 + ".",
    ],
)
def test_hostile_queries_end_soon(query: str) -> None:
    tool = JsonProcessor()
    started = time.thread_time()
    try:
        tool.execute(check_parameters(tool, {"input": None, "query": query}), ToolGrants())
    except CallError as error:
        must_be_validation(error)
    assert time.thread_time() - started < 30


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("NaN", "NaN is not JSON"),
        ("1e999", "too large"),
        ("1" * 4000, "too large"),
        ("[" * 100_000, "nested deeper"),
        ("[" * 50 + "]" * 50, "nested deeper"),
        ("[" + "1," * 150_000 + "1]", "more than 100,000 values"),
        ('"\\ud800"', "lone surrogate"),
        ('"' + "x" * 2**20 + '"', "the most is"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_hostile_inputs(refused: Refusal, text: Any, said: str) -> None:
    started = time.thread_time()
    assert said in refused(TOOL, operation="parse", input=text)
    assert time.thread_time() - started < 30


def test_values_that_json_does_not_have(refused: Refusal) -> None:
    assert "holds bytes" in refused(TOOL, operation="query", input={"a": b"x"}, query=".")
    assert "NaN or an infinity" in refused(TOOL, operation="query", input=[float("nan")], query=".")
    assert "over 1,048,576 bytes" in refused(TOOL, operation="query", input=["x" * 2**20, "y"], query=".")
    assert "needs the parameter 'input'" in refused(TOOL, query=".")
    assert "needs the parameter 'query'" in refused(TOOL, operation="query", input=1)
    assert "is over 2,097,152 characters" in refused(TOOL, operation="stringify", input="\x00" * 2**19)


@pytest.mark.parametrize(
    ("value", "schema", "said"),
    [
        (["a" * 27 + "!"], {"items": {"pattern": "(a+)+$"}}, "regular expressions are not run"),
        ({"a": 1}, {"allOf": [{"patternProperties": {"(a+)+$": {}}}]}, "regular expressions are not run"),
        (1, {"type": "nonsense"}, "not a JSON schema"),
        (1, {"$ref": "http://127.0.0.1:1/schema"}, "refers to what it does not hold"),
        (1, {"$ref": "#"}, "steps"),
        (1, "[", "the schema is not JSON"),
        (1, "[]", "the schema must be a map"),
        (1, {"enum": list(range(20_000))}, "more than 5,000 values"),
        (1, {"enum": list(range(2000))}, "a list of 2,000 values, the most is 1,000"),
        ([{"a": n} for n in range(1000)], {"uniqueItems": True}, "steps"),
        (
            1,
            {
                "definitions": {f"d{n}": {"allOf": [{"$ref": f"#/definitions/d{n + 1}"}] * 2} for n in range(40)}
                | {"d40": {}},
                "$ref": "#/definitions/d0",
            },
            "steps",
        ),
        (["x" * 100_000] * 10, {"items": {"anyOf": [{"type": "integer"}] * 1000}}, "steps"),
    ],
)
def test_hostile_schemas_end_soon(refused: Refusal, value: Any, schema: Any, said: str) -> None:
    started = time.thread_time()
    message = refused(TOOL, operation="validate", input=value, schema=schema)
    assert said in message or "refers to itself" in message
    assert time.thread_time() - started < 30


@given(st.text(alphabet='.[](){}|,:?"<>=+-*/% abcdkeysmaplength019', max_size=60) | st.text(max_size=40))
@settings(deadline=None, max_examples=500)
def test_garbage_queries_are_refused_or_answered(query: str) -> None:
    tool = JsonProcessor()
    try:
        tool.execute(check_parameters(tool, {"input": SHOP, "query": query}), ToolGrants())
    except CallError as error:
        must_be_validation(error)


MANY = json.dumps([True] * 90_000)
WORDS = json.dumps(["x" * 8] * 80_000)
TEN_TIMES_TWICE = " | [.[], .[]]" * 10


@pytest.mark.parametrize(
    ("document", "query"),
    [
        (json.dumps({"l": [0] * 20_000, "b": {f"{n:x}": 0 for n in range(20_000)}}), "[(.l[:2000][] | {a: .}) == .b]"),
        (MANY, f"[.]{TEN_TIMES_TWICE} | map(all)"),
        (MANY, f"[.]{TEN_TIMES_TWICE} | map(any)"),
        (WORDS, f"[[., .]]{TEN_TIMES_TWICE} | map(tojson?)"),
        (WORDS, f"[[., .]]{TEN_TIMES_TWICE} | map(tostring?)"),
    ],
    ids=["maps compared", "all", "any", "tojson forgiven", "tostring forgiven"],
)
def test_the_same_large_value_many_times_is_charged_each_time(refused: Refusal, document: str, query: str) -> None:
    assert "takes more than 200,000 steps" in refused(TOOL, operation="query", input=document, query=query)
