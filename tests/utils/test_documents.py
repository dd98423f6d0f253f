"""JSON, TOML, YAML: what is written is read back, and what is refused is named."""

from __future__ import annotations

import copy
import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import UsageError
from llmspell.utils.documents import DocumentError, Format, convert_format, deep_merge, read_document, write_document
from tests.wire.examples import relaxed

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
finite = st.floats(allow_nan=False, allow_infinity=False)
leaves = st.booleans() | st.integers() | finite | texts
values: st.SearchStrategy[Any] = st.recursive(
    leaves | st.none(), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4)
)
without_nil: st.SearchStrategy[Any] = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4)
)
maps = st.dictionaries(st.sampled_from("abcd"), st.recursive(
    leaves | st.lists(leaves, max_size=2), lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)
), max_size=4)  # fmt: skip


@relaxed
@given(values, st.sampled_from([Format.JSON, Format.YAML]))
def test_json_and_yaml_come_back_as_they_were(value: Any, form: Format) -> None:
    assert same(read_document(write_document(value, form), form), value)


@relaxed
@given(st.dictionaries(texts, without_nil, max_size=5))
def test_toml_comes_back_as_it_was(value: dict[str, Any]) -> None:
    assert same(read_document(write_document(value, Format.TOML), Format.TOML), value)


@relaxed
@given(st.dictionaries(texts, without_nil, max_size=5), st.sampled_from(Format), st.sampled_from(Format))
def test_converting_there_and_back_loses_nothing(value: dict[str, Any], source: Format, target: Format) -> None:
    text = write_document(value, source)
    assert same(read_document(convert_format(convert_format(text, source, target), target, source), source), value)


def same(left: Any, right: Any) -> bool:
    """Equality that tells 1 from True and 1.0, and does not mind the order of keys."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right


@relaxed
@given(st.text(max_size=60) | st.text("{}[]\"',:&*!|>-?#%@ \nab01.=~<", max_size=60), st.sampled_from(Format))
def test_any_text_is_a_document_or_a_document_error(text: str, form: Format) -> None:
    with suppress(DocumentError):
        read_document(text, form)


@pytest.mark.parametrize(
    ("form", "text", "said"),
    [
        (Format.JSON, '{"a": 1,\n "b" 2}', r"is no JSON: expecting ':' delimiter \(line 2, column 6\)"),
        (Format.JSON, "[NaN]", "is no JSON: it has no NaN"),
        (Format.JSON, '{"a": {"b": 1, "b": 2}}', "the key 'b' stands twice in one map"),
        (Format.JSON, "[" * 100_000, "nested too deeply"),
        (Format.JSON, "1" * 5000, "exceeds the limit"),
        (Format.TOML, "a = 1\nb = x", r"is no TOML: invalid value \(line 2, column 5\)"),
        (Format.TOML, "a = 1\na = 2", "is no TOML: cannot overwrite a value"),
        (Format.TOML, "a = [", "is no TOML: invalid value"),
        (Format.TOML, "a = " + "[" * 100_000, "nested too deeply"),
        (Format.YAML, "a: 1\na: 2", r"it has the key 'a' twice \(line 2, column 1\)"),
        (Format.YAML, "1: a", r"it has a key that is no text \(1\) \(line 1, column 1\)"),
        (Format.YAML, "a: &b [1]\nc: *b", r"it has an alias \(line 2, column 4\)"),
        (Format.YAML, "a: [1", r"is no YAML: expected ',' or '\]'.* \(line 1, column 6\)"),
        (Format.YAML, "!!python/object/apply:os.getcwd []", "could not determine a constructor"),
        (Format.YAML, "!!set {a}", "could not determine a constructor"),
        (Format.YAML, "--- 1\n--- 2", "but found another document"),
        (Format.YAML, "a\0b", "is no YAML: unacceptable character"),
        (Format.YAML, "[" * 100_000, "nested too deeply"),
        (Format.YAML, "!!int x", "invalid literal"),
    ],
)
def test_what_is_no_document_is_refused_with_its_place(form: Format, text: str, said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        read_document(text, form)


CIRCLE: dict[str, Any] = {}
CIRCLE["a"] = [CIRCLE]


@pytest.mark.parametrize(
    ("form", "value", "said"),
    [
        (Format.JSON, {"a": [float("nan")]}, r"value.a\[0\] is nan, which JSON cannot say"),
        (Format.JSON, {1: 2}, "value has a key that is no text but of type int"),
        (Format.JSON, {"a b": b""}, r"value\['a b'\] is of type bytes, which JSON cannot say"),
        (Format.YAML, ["\ud800"], r"value\[0\] is text that is no valid Unicode"),
        (Format.YAML, {"\ud800": 1}, "a key of value is text that is no valid Unicode"),
        (Format.YAML, CIRCLE, "is nested deeper than 200 levels, or holds itself"),
        (Format.TOML, {"a": [None]}, r"value.a\[0\] is nil, which TOML cannot say"),
        (Format.TOML, [1], "value is of type list, and a TOML document is a map"),
    ],
)
def test_what_a_format_cannot_say_is_refused_with_its_place(form: Format, value: Any, said: str) -> None:
    with pytest.raises(DocumentError, match=said):
        write_document(value, form)


def test_a_few_lines_of_yaml_cannot_stand_for_billions_of_values() -> None:
    bomb = "a: &a [1, 1]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True))
    with pytest.raises(DocumentError, match="an alias"):
        read_document(bomb, Format.YAML)


def test_dates_of_toml_become_text_in_other_formats_and_stay_dates_in_its_own() -> None:
    toml = "when = 2026-01-31T12:00:00Z\nday = [2026-01-31]\n"
    assert convert_format(toml, Format.TOML, Format.JSON) == (
        '{\n  "when": "2026-01-31T12:00:00+00:00",\n  "day": [\n    "2026-01-31"\n  ]\n}'
    )
    assert read_document(convert_format(toml, Format.TOML, Format.TOML), Format.TOML) == read_document(
        toml, Format.TOML
    )
    with pytest.raises(DocumentError, match=re.escape("value.when is of type datetime, which JSON cannot say")):
        write_document(read_document(toml, Format.TOML), Format.JSON)


@relaxed
@given(maps, maps, maps)
def test_merging_keeps_the_rules_of_layers(low: dict[str, Any], middle: dict[str, Any], high: dict[str, Any]) -> None:
    before = copy.deepcopy((low, middle))
    assert deep_merge(low, {}) == low
    assert deep_merge({}, low) == low
    assert deep_merge(low, low) == low
    merged = deep_merge(low, middle)
    assert merged.keys() == low.keys() | middle.keys()
    assert deep_merge(merged, middle) == merged
    assert (low, middle) == before
    layered = deep_merge(merged, high)
    assert all(layered[key] == value for key, value in high.items() if not isinstance(value, dict))


@pytest.mark.parametrize(
    ("name", "form"),
    [("a.JSON", Format.JSON), ("a.toml", Format.TOML), ("a.yaml", Format.YAML), ("b.yml", Format.YAML)],
)
def test_a_suffix_tells_the_format(name: str, form: Format) -> None:
    assert Format.of_path(name) is form


def test_an_unknown_suffix_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"'a.tml' has no suffix of a document: .*; did you mean .toml\?"):
        Format.of_path("a.tml")
    with pytest.raises(UsageError, match=r"'json' has no suffix of a document: .*known$"):
        Format.of_path("json")
