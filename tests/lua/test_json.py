"""`JSON`: nothing lost on the way there and back, held against Python's own json."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmspell.capabilities.surface import SURFACE
from llmspell.engines.factory import EngineFactory
from llmspell.engines.worker import WorkerBridge
from llmspell.limits import Limits
from tests.lua.spells import error, value
from tests.lua.test_values import Session, same

INT64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text().filter(lambda text: text != "$bytes")
PLAIN = st.one_of(st.booleans(), INT64, st.floats(allow_nan=False, allow_infinity=False), st.text())


def documents(scalars: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Documents of these scalars, in which nothing looks like bytes that were written as base64."""
    return st.recursive(
        scalars,
        lambda inner: st.one_of(st.lists(inner, max_size=10), st.dictionaries(TEXT, inner, max_size=10)),
        max_leaves=30,
    )


JSON = documents(st.one_of(st.none(), PLAIN))
WITHOUT_NULL = documents(PLAIN)  # nil in a map does not come over the wire


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with WorkerBridge(EngineFactory().get("lua"), Limits(wall=60), surface=SURFACE) as bridge:
        yield Session(bridge)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=JSON, ascii_only=st.booleans(), indent=st.sampled_from([None, 0, 2]))
def test_a_document_of_python_is_read_and_written_back_the_same(
    session: Session, document: Any, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only, indent=indent)
    source = (
        "local v = JSON.parse(Tool.execute('give')) return {JSON.stringify(v), JSON.stringify(v, 2), "
        "JSON.stringify(v, '\\t')}"
    )
    written, _ = session.run(source, text)
    for each in written:
        assert same(json.loads(each), document)


@settings(max_examples=60, deadline=None)
@given(document=WITHOUT_NULL)
def test_a_parsed_document_is_the_value_that_would_have_come_over_the_wire(session: Session, document: Any) -> None:
    source = "local t = Tool.execute('give') return JSON.stringify(JSON.parse(t.text)) == JSON.stringify(t.value)"
    equal, _ = session.run(source, {"text": json.dumps({"d": document}), "value": {"d": document}})
    assert equal is True


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(st.text(max_size=30), st.text(alphabet='{}[]",:0123456789.eE+-\\u dtruefalsn \n', max_size=30)))
def test_what_python_takes_for_json_is_parsed_and_what_it_refuses_is_refused(session: Session, text: str) -> None:
    try:
        wanted: Any = json.loads(text)
        accepted = not any(word in text for word in ("NaN", "Infinity")) and not _has_lone_surrogates(wanted)
    except (json.JSONDecodeError, RecursionError):
        accepted = False
    (parsed, problem), _ = session.run(
        "local fine, v = pcall(JSON.parse, Tool.execute('give')) return {fine, fine and JSON.stringify(v) or v.kind}",
        text,
    )
    assert parsed is accepted
    if accepted:
        assert _close(json.loads(problem), wanted)
    else:
        assert problem == "validation"


def _has_lone_surrogates(document: Any) -> bool:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _close(left: Any, right: Any) -> bool:
    """Equal, but for integers that only Python can hold: those become floats; and floats beyond all bounds text."""
    if isinstance(right, float) and math.isinf(right):
        return bool(left == ("Infinity" if right > 0 else "-Infinity"))
    if isinstance(right, int) and not isinstance(right, bool) and not -(2**63) <= right < 2**63:
        return bool(left == float(right)) or isinstance(left, str)
    if isinstance(right, list):
        return isinstance(left, list) and len(left) == len(right) and all(map(_close, left, right))
    if isinstance(right, dict):
        return (
            left == {"$bytes": right["$bytes"]}
            if right.keys() == {"$bytes"}
            else (
                isinstance(left, dict)
                and left.keys() == right.keys()
                and all(_close(left[key], right[key]) for key in left)
            )
        )
    return same(left, right)


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=200))
def test_bytes_survive_as_base64(session: Session, data: bytes) -> None:
    source = "local b = Tool.execute('give') local t = JSON.stringify{b = b} return {t, JSON.parse(t).b == b}"
    (text, equal), _ = session.run(source, data)
    assert equal is True
    try:
        assert json.loads(text) == {"b": data.decode()}
    except UnicodeDecodeError:
        import base64

        assert json.loads(text) == {"b": {"$bytes": base64.b64encode(data).decode()}}


def test_empty_lists_null_floats_and_the_order_of_keys_survive() -> None:
    source = """
    return {
      JSON.stringify{}, JSON.stringify(JSON.parse('[]')), JSON.stringify(JSON.parse('{"a":[],"b":{}}')),
      JSON.stringify{b = 1, a = 2, c = JSON.null}, JSON.stringify{1.0, -0.0, 1e300, 0.1, 1e16, math.pi, 0.1 + 0.2, 3},
      JSON.stringify{0/0, 1/0, -1/0}, JSON.stringify(nil), JSON.stringify('\\0\\127"\\\\/\\u{e9}'),
        JSON.parse('null') == JSON.null,
      JSON.stringify{math.mininteger, math.maxinteger}, math.type(JSON.parse('-9223372036854775808')),
      math.type(JSON.parse('9223372036854775808')), JSON.parse('"\\\\ud83d\\\\ude00"'), tostring(JSON.null)
    }
    """
    found = value(source)
    nan = found.pop(5)
    assert json.loads(nan) == ["NaN", "Infinity", "-Infinity"] or nan == '["NaN","Infinity","-Infinity"]'
    assert found == [
        "{}", "[]", '{"a":[],"b":{}}', '{"a":2,"b":1,"c":null}',
        "[1.0,-0.0,1e+300,0.1,1e+16,3.141592653589793,0.30000000000000004,3]", "null",
        '"\\u0000\\u007f\\"\\\\/é"', True, "[-9223372036854775808,9223372036854775807]", "integer", "float",
        "\U0001f600", "null",
    ]  # fmt: skip


def test_indentation_is_a_number_of_spaces_or_a_text() -> None:
    source = (
        "local v = {a = {1, {}}} return {JSON.stringify(v, 2), JSON.stringify(v, '\\t'), "
        "JSON.stringify(v, true), JSON.stringify(v, 0)}"
    )
    two, tab, flag, none = value(source)
    assert two == flag == '{\n  "a": [\n    1,\n    {}\n  ]\n}'
    assert tab == two.replace("  ", "\t")
    assert none == '{"a":[1,{}]}'


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("JSON.parse('[1,]')", "JSON: no JSON value at line 1, byte 4"),
        ("JSON.parse('{\\n\"a\" 1}')", "JSON: expected : after a key at line 2, byte 7"),
        ("JSON.parse('[1 2]')", "JSON: expected , or ] in a list at line 1, byte 4"),
        ("JSON.parse('')", "JSON: the text ends too early at line 1, byte 1"),
        ("JSON.parse('[1] x')", "JSON: more text after the value at line 1, byte 5"),
        ("JSON.parse('\"a')", "JSON: a string without an end at line 1, byte 2"),
        ("JSON.parse('\"\\n\"')", "JSON: a control character in a string at line 2, byte 2"),
        ("JSON.parse('\"\\\\q\"')", "JSON: an unknown escape at line 1, byte 2"),
        ("JSON.parse('\"\\\\ud800\"')", "JSON: half of a surrogate pair at line 1, byte 8"),
        ("JSON.parse('\\xff')", "JSON: the text is no UTF-8"),
        ("JSON.parse(5)", "JSON: parse needs a string, not a number"),
        ("JSON.parse(string.rep('[', 1e6))", "JSON: nested deeper than 512 levels at line 1, byte 513"),
        ("JSON.stringify(print)", "JSON: a value is a function"),
        (
            "JSON.stringify{1, nil, 3}",
            "JSON: a table is neither a list (keys 1..n, no holes) nor a map (text keys only)",
        ),
        (
            "JSON.stringify{[1] = 1, a = 2}",
            "JSON: a table is neither a list (keys 1..n, no holes) nor a map (text keys only)",
        ),
        ("JSON.stringify{['\\xff'] = 1}", "JSON: a key is no UTF-8 text"),
        ("local t = {} t[1] = t JSON.stringify(t)", "JSON: a value is nested deeper than 512 levels, or holds itself"),
    ],
)
def test_what_is_no_json_is_an_error_that_names_the_place(source: str, message: str) -> None:
    assert error(source)[:2] == ("validation", message)
