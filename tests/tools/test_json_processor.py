"""The tool `json-processor`: the query language, validation, and that hostile queries and schemas end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .shop import SHOP, TOOL

Call = Callable[..., dict[str, Any]]
Refusal = Callable[..., str]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (".", SHOP),
        (".text", "abc"),
        (".missing", None),
        (".none.deeper", None),
        ('."a key"', 1),
        ('.["a key"]', 1),
        (".users[0].name", "Ada"),
        (".users[-1].name", "Cyd"),
        (".users[9]", None),
        (".users[].age", [36, 25, 30]),
        (".users[1:] | map(.name)", ["Bob", "Cyd"]),
        (".users[:1] | length", 1),
        (".users[1:2][0].name", "Bob"),
        (".text[1:]", "bc"),
        (".none[1:]", None),
        (".users | map(.name) | sort", ["Ada", "Bob", "Cyd"]),
        (".users[] | select(.age > 26) | .name", ["Ada", "Cyd"]),
        ('.users[] | select(.age > 26 and .name != "Ada").name', "Cyd"),
        ("[.users[] | select(.age < 26 or .age >= 36) | .name]", ["Ada", "Bob"]),
        (".users | map(.age) | add / length", 91 / 3),
        (".users | map({name, adult: (.age >= 30)}) | .[0]", {"name": "Ada", "adult": True}),
        (
            ".projects | group_by(.status) | map({status: .[0].status, count: length})",
            [{"status": "active", "count": 2}, {"status": "done", "count": 1}],
        ),
        (
            '.users | map(select(.skills | contains(["rust"]))) | map({name, n: (.skills | length)})',
            [{"name": "Ada", "n": 2}],
        ),
        (".text | ascii_upcase", "ABC"),
        ('"ABC" | ascii_downcase', "abc"),
        (".users[0], .text | type", ["object", "string"]),
        (".text?", "abc"),
        (".text.x?", []),
        ("[.text[]?]", []),
        ("[]", []),
        ("{}", {}),
        ('{a: 1, "b": [2, 3]}', {"a": 1, "b": [2, 3]}),
        ("1 + 2 * 3 - 4 / 2 % 3", 5),
        ("-1 + 2", 1),
        ("-(.users | length)", -3),
        ('"a" + "b"', "ab"),
        ("[1, 2] + [3]", [1, 2, 3]),
        ("[1, 2, 1] - [1]", [2]),
        ("{a: 1} + {b: 2}", {"a": 1, "b": 2}),
        ("null + 1", 1),
        ("1 + null", 1),
        ("(1.5 + true)?", []),
        ("not", False),
        ("null | not", True),
        ("keys", sorted(SHOP)),
        (".users | keys", [0, 1, 2]),
        ("[1, null, false] | any", True),
        ("[1, null] | all", False),
        ("[3, 1, 2] | first, last, min, max", [3, 2, 1, 3]),
        ("[] | first, last, min, max, add", [None] * 5),
        ("[1, 2] | reverse", [2, 1]),
        ('[3, "a", null, true, [1], {}, 1] | sort', [None, True, 1, 3, "a", [1], {}]),
        ("[[2], [1, 5], [1]] | sort", [[1], [1, 5], [2]]),
        ('[{"b": 1}, {"a": 2}, {"a": 1}, null, null] | sort', [None, None, {"a": 1}, {"a": 2}, {"b": 1}]),
        ("[2, 1, 2] | unique", [1, 2]),
        (".users | sort_by(.age) | map(.name)", ["Bob", "Cyd", "Ada"]),
        (".projects | unique_by(.status) | length", 2),
        (".users | min_by(.age).name, max_by(.age).name", ["Bob", "Ada"]),
        ("[1, [2, [3]]] | flatten", [1, 2, 3]),
        ("{a: 1} | to_entries", [{"key": "a", "value": 1}]),
        ("{a: 1} | to_entries | from_entries", {"a": 1}),
        ("[1] | tostring", "[1]"),
        ('"x" | tostring', "x"),
        ('"x" | tojson', '"x"'),
        ('"12" | tonumber + 1', 13),
        ("5 | tonumber", 5),
        ('"[1]" | fromjson', [1]),
        ("1.5 | floor, ceil, round", [1, 2, 2]),
        ("-1.5 | round", -2),
        ('has("text"), has("nope")', [True, False]),
        ("[1] | has(0), has(1)", [True, False]),
        ('.text | startswith("a"), endswith("b")', [True, False]),
        ('"a,b" | split(",")', ["a", "b"]),
        ('["a", 1, null] | join("-")', "a-1-"),
        ('"foobar" | contains("bar")', True),
        ("{a: {b: 1}} | contains({a: {b: 1}})", True),
        ("{a: 1} | contains({b: 1})", False),
        ("1 | contains(1)", True),
        ("[[1, 2], [3]] | map(map(. * 2))", [[2, 4], [6]]),
        ("{a: 1, b: 2} | map(. + 1)", [2, 3]),
        ("{a: 1} | .[]", 1),
        ("true, false, null", [True, False, None]),
        ('true == 1, 1 == 1.0, "a" < "b", [1] <= [1]', [False, True, True, True]),
        ("length", 5),
        ("null | length", 0),
        ("-3 | length", 3),
        ("false or true, false and true", [True, False]),
        ("[.users[].age | . >= 30]", [True, False, True]),
    ],
)
def test_query(call: Call, query: str, expected: Any) -> None:
    done = call(TOOL, operation="query", input=SHOP, query=query)
    assert done["result"] == expected
    assert done["operation"] == "query"
    assert json.loads(done["text"]) == expected


@pytest.mark.parametrize("older", ["data", "json", "content", "text"])
@pytest.mark.parametrize("operation", ["query", "transform", "jq"])
def test_texts_are_read_and_older_spellings_work(call: Call, older: str, operation: str) -> None:
    assert call(TOOL, operation=operation, query=".a", **{older: '{"a": [1]}'})["result"] == [1]


def test_null_is_an_input(call: Call) -> None:
    assert call(TOOL, input=None, query=".")["result"] is None


def test_stream_takes_a_value_in_each_line(call: Call, refused: Refusal) -> None:
    lines = '{"value": 100}\n\n{"value": 150}\r\n{"value": 200}'
    done = call(TOOL, operation="stream", input=lines, query="select(.value > 120)")
    assert done["result"] == [{"value": 150}, {"value": 200}]
    assert call(TOOL, operation="stream", input={"a": 1})["result"] == [{"a": 1}]
    assert "line 2 of the input is not JSON" in refused(TOOL, operation="stream", input="1\n{")
    assert "characters, the most" in refused(TOOL, operation="stream", input=" " * (2**20 + 1))


def test_parse_and_stringify(call: Call) -> None:
    assert call(TOOL, operation="parse", input='{"a": 1e2}')["result"] == {"a": 100.0}
    assert call(TOOL, operation="stringify", input={"a": [1, "é"]})["result"] == '{"a":[1,"é"]}'
    assert call(TOOL, operation="parse", input="18446744073709551616")["result"] == 2.0**64
    assert call(TOOL, operation="parse", input="-9223372036854775808")["result"] == -(2**63)


def validated(call: Call, value: Any, schema: Any) -> Any:
    return call(TOOL, operation="validate", input=value, schema=schema)["result"]


def test_validate(call: Call) -> None:
    schema = {
        "type": "object",
        "properties": {"pattern": {"type": "string"}, "n": {"type": "integer", "minimum": 0}},
        "required": ["n"],
    }
    assert validated(call, {"n": 1}, schema) == {"is_valid": True, "errors": []}
    assert validated(call, '{"n": 1}', json.dumps(schema))["is_valid"] is True
    found = validated(call, {"n": -1, "pattern": 3}, schema)
    assert found["is_valid"] is False
    assert {(error["path"], error["keyword"]) for error in found["errors"]} == {
        ("/n", "minimum"),
        ("/pattern", "type"),
    }
    many = validated(call, ["x"] * 500, {"items": {"type": "integer"}})
    assert len(many["errors"]) == 100
    assert validated(call, [[]], {"$ref": "#/definitions/a", "definitions": {"a": {"type": "array"}}})["is_valid"]
