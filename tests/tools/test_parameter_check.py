"""Parameters against schemas: the plain sort without jsonschema, any other under a budget."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import CallError, ErrorKind
from llmspell.tools.bounded_schema import BadSchemaError, BoundedSchema, first_pattern, without_patterns
from llmspell.tools.catalog import BUILTIN, builtin_tools
from llmspell.tools.check import check_parameters
from llmspell.tools.shapes import MisfitError, Shape, is_plain
from llmspell.tools.tool import ToolGrants


class Probe:
    """A tool that only has a schema."""

    __slots__ = ("schema",)
    name = "probe"
    description = "for tests"
    category = "test"
    version = "0"
    blocking = False

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema

    def execute(self, parameters: Mapping[str, Any], grants: ToolGrants) -> Any:  # noqa: ARG002
        return dict(parameters)


def checked(schema: Mapping[str, Any], parameters: Any) -> dict[str, Any]:
    return check_parameters(Probe(schema), parameters)


def said(schema: Mapping[str, Any], parameters: Any) -> str:
    with pytest.raises(CallError) as caught:
        checked(schema, parameters)
    assert caught.value.kind is ErrorKind.VALIDATION
    assert caught.value.details["tool"] == "probe"
    return caught.value.message


PLAIN: dict[str, Any] = {
    "type": "object",
    "properties": {
        "mode": {"type": "string", "enum": ["fast", "slow"]},
        "count": {"type": "integer", "minimum": 1, "maximum": 9},
        "ratio": {"type": "number", "minimum": 0},
        "level": {"enum": [1, 2, None]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "inner": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]},
        "flag": {"type": ["boolean", "null"]},
        "raw": {"type": "string", "format": "binary"},
        "any": {},
    },
    "required": ["mode"],
    "additionalProperties": False,
}
ANY_OF: dict[str, Any] = {**PLAIN, "properties": {**PLAIN["properties"], "any": {"anyOf": [{}]}}}


@pytest.mark.parametrize("schema", [PLAIN, ANY_OF], ids=["plain", "jsonschema"])
@pytest.mark.parametrize(
    "parameters",
    [
        {"mode": "fast"},
        {"mode": "slow", "count": 9, "ratio": 0, "tags": [], "inner": {"x": 1, "y": 2}, "flag": None},
        {"mode": "fast", "level": None, "any": [1, {"a": None}], "flag": True, "tags": ["a"], "ratio": 1.5},
    ],
)
def test_what_fits_is_given_back(schema: dict[str, Any], parameters: dict[str, Any]) -> None:
    assert checked(schema, parameters) == parameters


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "probe: parameter 'mode' is missing"),
        ({"mode": None}, "probe: parameter 'mode' must be string, not nothing"),
        (
            {"mode": "fats"},
            "probe: parameter 'mode' must be one of 'fast', 'slow', not 'fats'; did you mean 'fast'?",
        ),
        ({"mode": 1}, "probe: parameter 'mode' must be string, not integer"),
        ({"mode": "fast", "cuont": 1}, "probe: parameter 'cuont' is not known; did you mean 'count'?"),
        ({"mode": "fast", "count": 0}, "probe: parameter 'count' must be at least 1, not 0"),
        ({"mode": "fast", "count": 10}, "probe: parameter 'count' must be at most 9, not 10"),
        ({"mode": "fast", "count": True}, "probe: parameter 'count' must be integer, not boolean"),
        ({"mode": "fast", "count": 1.5}, "probe: parameter 'count' must be integer, not number"),
        ({"mode": "fast", "count": float("inf")}, "probe: parameter 'count' must be integer, not number"),
        ({"mode": "fast", "ratio": float("nan")}, "probe: parameter 'ratio' must be at least 0, not nan"),
        ({"mode": "fast", "level": 3}, "probe: parameter 'level' must be one of 1, 2, None, not 3"),
        ({"mode": "fast", "level": True}, "probe: parameter 'level' must be one of 1, 2, None, not True"),
        ({"mode": "fast", "tags": ["a", 1]}, "probe: parameter 'tags[1]' must be string, not integer"),
        ({"mode": "fast", "tags": {"a": 1}}, "probe: parameter 'tags' must be list, not map"),
        ({"mode": "fast", "inner": {}}, "probe: parameter 'inner.x' is missing"),
        ({"mode": "fast", "inner": {"x": []}}, "probe: parameter 'inner.x' must be integer, not list"),
        ({"mode": "fast", "flag": 0}, "probe: parameter 'flag' must be boolean or null, not integer"),
    ],
)
def test_what_does_not_fit_is_named(parameters: dict[str, Any], message: str) -> None:
    assert said(PLAIN, parameters) == message


def test_parameters_must_be_a_map() -> None:
    assert "parameters must be a map by name, not 'x'" in said(PLAIN, "x")
    assert "parameters must be a map by name, not a list value" in said(PLAIN, [1])
    assert checked({"type": "object"}, None) == checked({"type": "object"}, []) == {}
    assert "parameter 'mode' is missing" in said(PLAIN, None)


def test_none_means_not_given_and_whole_floats_are_integers() -> None:
    assert checked(PLAIN, {"mode": "fast", "count": None, "any": None}) == {"mode": "fast", "any": None}
    found = checked(PLAIN, {"mode": "fast", "count": 3.0, "inner": {"x": 4.0}})
    assert (type(found["count"]), type(found["inner"]["x"])) == (int, int)
    assert checked(PLAIN, {"mode": "fast", "raw": b"\xff"})["raw"] == b"\xff"
    assert checked(ANY_OF, {"mode": "fast", "count": None, "any": None}) == {"mode": "fast", "any": None}


def test_hostile_names_are_repeated_shortly() -> None:
    assert len(said(PLAIN, {"mode": "fast", "x" * 100_000: 1})) < 500
    assert len(said(PLAIN, {"mode": "x" * 100_000})) < 500


def test_other_keywords_are_left_to_jsonschema() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "array", "items": {"type": "integer"}, "minItems": 1}},
        "additionalProperties": False,
    }
    assert checked(schema, {"a": [1]}) == {"a": [1]}
    assert "parameter 'a' does not fit: [] " in said(schema, {"a": []}) or "non-empty" in said(schema, {"a": []})
    assert "parameter 'a[1]'" in said(schema, {"a": [1, "x"]})
    assert "parameter 'b' is not known" in said(schema, {"b": 1})
    assert "parameters do not fit" in said({"type": "object", "minProperties": 1}, {})


@pytest.mark.parametrize(
    "member",
    [
        {"type": "array", "items": {"type": "integer"}},
        {"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "null"}]},
        {"type": ["array", "null"], "maxItems": 3},
    ],
    ids=["plain", "either", "bounded"],
)
def test_an_empty_table_of_lua_is_an_empty_list_where_only_a_list_is_due(member: dict[str, Any]) -> None:
    assert checked({"type": "object", "properties": {"a": member}}, {"a": {}}) == {"a": []}
    either = {"anyOf": [member, {"type": "object"}]}
    assert checked({"type": "object", "properties": {"a": either}}, {"a": {}}) == {"a": {}}


def test_patterns_of_registered_tools_never_run() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "string", "pattern": "(a+)+$"},
            "pattern": {"const": {"pattern": "kept"}},
            "b": {"type": "object", "patternProperties": {"^(x+)+$": {}}, "additionalProperties": False},
            "c": {"allOf": [{"pattern": "(a+)+$"}, True]},
        },
    }
    assert first_pattern(schema) in ("pattern", "patternProperties")
    assert first_pattern(without_patterns(schema)) is None
    started = time.thread_time()
    given = {"a": "a" * 40 + "!", "b": {"y": 1}, "c": "a" * 40 + "!", "pattern": {"pattern": "kept"}}
    assert checked(schema, given) == given
    assert time.thread_time() - started < 30
    assert "parameter 'pattern'" in said(schema, {"pattern": 1})


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "nonsense"}, "its schema cannot be used: not a JSON schema"),
        ({"properties": {"a": {"$ref": "#/$defs/missing"}}}, "refers to what it does not hold"),
        ({"$ref": "#/x/b", "x": [{}]}, "cannot be used: the schema refers to what is none: #/x/b"),
        ({"$ref": "#/x", "x": None}, "refers to what is none: #/x"),
        ({"$ref": "#/title/0", "title": "t"}, "refers to what is none: #/title/0"),
        ({"$ref": "#/x", "x": {"properties": 5}}, "refers to what is none: AttributeError"),
        ({"$id": "http://x/", "$ref": "#/x/b", "x": [{}]}, "refers to what is none: ValueError"),
        ({"$ref": "#"}, "refers to itself"),
        ({"allOf": [{"$ref": "#"}, {"$ref": "#"}]}, "refers to itself"),
    ],
)
def test_a_bad_schema_is_a_fault_of_the_tool(schema: dict[str, Any], message: str) -> None:
    with pytest.raises(CallError, match=message) as caught:
        checked(schema, {"a": 1})
    assert caught.value.kind is ErrorKind.TOOL


def test_references_by_name_take_no_longer_than_others() -> None:
    many = {f"d{at}": {"type": "string"} for at in range(5000)}
    schema = {"$defs": {"x": {"$anchor": "here", "type": "object"}, **many}, "allOf": [{"$ref": "#here"}] * 900}
    started = time.thread_time()
    assert BoundedSchema(schema).errors({}) == []
    assert BoundedSchema(schema).errors(1, most=1)
    assert time.thread_time() - started < 20  # each looked through all of it, and took 40 s


def test_a_place_whose_name_is_no_address_is_refused() -> None:
    with pytest.raises(BadSchemaError, match="the names of its places cannot be read: ValueError"):
        BoundedSchema({"$id": "http://a/", "$defs": {"x": {"$id": "//["}}, "$ref": "#/$defs/x"})


def test_the_draft_is_the_schemas_own() -> None:
    schema = {"$schema": "http://json-schema.org/draft-04/schema#", "exclusiveMinimum": True, "minimum": 1}
    assert BoundedSchema(schema).errors(1)
    assert not BoundedSchema(schema).errors(2)


@pytest.mark.parametrize(
    ("schema", "plain"),
    [
        (True, True),
        (False, False),
        ("x", False),
        ({}, True),
        ({"type": "nonsense"}, False),
        ({"type": 3}, False),
        ({"type": ["string", 3]}, False),
        ({"format": "uri"}, False),
        ({"properties": []}, False),
        ({"properties": {"a": True}}, False),
        ({"properties": {"a": {"pattern": "x"}}}, False),
        ({"items": {"minItems": 1}}, False),
        ({"additionalProperties": {"pattern": "x"}}, False),
        ({"additionalProperties": {"type": "string"}, "items": {}}, True),
    ],
)
def test_what_is_plain(schema: Any, plain: bool) -> None:
    assert is_plain(schema) is plain


_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 12) | st.floats(-2, 12) | st.sampled_from(["fast", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["x", "mode", "count"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*PLAIN["properties"], "other"]), _values, max_size=4))
def test_agrees_with_jsonschema(parameters: dict[str, Any]) -> None:
    """On values without None, which the wire's callers use for "not given"."""
    if None in parameters.values():
        return
    expected = jsonschema.Draft202012Validator(PLAIN).is_valid(parameters)
    try:
        Shape(PLAIN).admit(parameters)
    except MisfitError:
        assert not expected
    else:
        assert expected


def test_many_schemas_are_prepared_and_forgotten() -> None:
    for number in range(600):
        schema = {"type": "object", "properties": {f"p{number}": {"type": "string"}}}
        assert checked(schema, {f"p{number}": "x"}) == {f"p{number}": "x"}


def test_every_builtin_schema_is_plain_valid_and_described() -> None:
    for name, tool in builtin_tools().items():
        assert is_plain(tool.schema), name
        jsonschema.Draft202012Validator.check_schema(tool.schema)
        assert tool.schema["type"] == "object"
        assert tool.schema["additionalProperties"] is False
        assert all(each["description"] for each in tool.schema["properties"].values()), name
        assert tool.schema["properties"]["operation"]["enum"]


def test_a_call_of_a_builtin_tool_imports_no_jsonschema() -> None:
    program = (
        "import sys\n"
        "from llmspell.tools.catalog import builtin_tools\n"
        "from llmspell.tools.check import check_parameters\n"
        "from llmspell.tools.tool import ToolGrants\n"
        "tools = builtin_tools()\n"
        "assert len(tools.rows) == 8\n"
        "loaded = {name for name in sys.modules if name.startswith('llmspell.tools.')}\n"
        "print(sorted(loaded - {'llmspell.tools.' + each for each in "
        "('catalog', 'check', 'answer', 'shapes', 'tool')}))\n"
        "tool = tools['calculator']\n"
        "tool.execute(check_parameters(tool, {'input': '1+1'}), ToolGrants())\n"
        "print('jsonschema' in sys.modules, 'llmspell.tools.dates' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "False False"]


def test_the_catalogue_says_what_the_tools_say() -> None:
    tools = builtin_tools()
    assert [row.name for row in tools.rows] == sorted(tools) == [row.name for row in BUILTIN]
    for row in tools.rows:
        tool = tools[row.name]
        assert (tool.name, tool.description) == (row.name, row.description)
        assert (tool.category, tool.version) == (row.category, row.version)
        assert isinstance(tool.blocking, bool)
        assert tools[row.name.replace("-", "_")] is tool
        assert row.name in tools
        assert row.name.replace("-", "_") in tools
    numbered: object = 3
    assert not tools.__contains__(numbered)
    with pytest.raises(KeyError):
        tools["nope"]
    assert tools.get("nope") is None
