"""Every type, in every variant, comes back from the wire's bytes and from JSON as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import llmspell.types
from llmspell.types import ChunkContent, ControlMessage, MediaContent
from llmspell.types.json_form import read_json, write_json
from llmspell.types.value import Value
from llmspell.utils.text import to_snake_case
from llmspell_workers.wire import pack, unpack
from tests.types.samples import EVERY, every, found
from tests.wire.examples import relaxed, same, values

FAMILIES: list[type[Value]] = [MediaContent, ChunkContent, ControlMessage]
kinds = pytest.mark.parametrize("kind", EVERY)


@pytest.mark.parametrize("name", llmspell.types.__all__)
def test_every_field_of_a_value_has_a_reader(name: str) -> None:
    kind = getattr(llmspell.types, name)
    if issubclass(kind, Value):
        assert set(kind.reads) == set(kind.field_names)


@kinds
@relaxed
@given(sample=st.data())
def test_a_value_comes_back_from_the_wire(kind: str, sample: Any) -> None:
    value = sample.draw(EVERY[kind])
    back = type(value).from_wire(unpack(pack(value.to_wire())), open_file=found)
    assert type(back) is type(value)
    assert same(back.to_wire(), value.to_wire())
    assert back == value or "nan" in repr(value)


@kinds
@relaxed
@given(sample=st.data())
def test_a_value_comes_back_from_json(kind: str, sample: Any) -> None:
    value = sample.draw(EVERY[kind])
    text = value.to_json()
    assert isinstance(json.loads(text), dict)
    back = type(value).from_json(text, open_file=found)
    assert type(back) is type(value)
    assert same(back.to_wire(), value.to_wire())
    assert back.to_json() == text


@relaxed
@given(every)
def test_a_family_finds_the_variant_by_its_name_and_a_variant_refuses_another(value: Value) -> None:
    for family in FAMILIES:
        if isinstance(value, family):
            assert type(family.from_wire(value.to_wire(), open_file=found)) is type(value)
            for other in family._variants():
                if other is not type(value):
                    with pytest.raises(llmspell.types.MalformedError, match=rf"{other.__name__}\.type must be one of"):
                        other.from_wire(value.to_wire(), open_file=found)


@relaxed
@given(every)
def test_values_are_equal_by_type_and_fields_and_cannot_be_changed(value: Value) -> None:
    others: list[object] = [value.to_wire(), ()]
    assert value not in others
    assert not hasattr(value, "__dict__")
    name = next(iter(value.to_wire()), "type")
    with pytest.raises((AttributeError, TypeError)):
        setattr(value, name, None)


def test_variants_with_equal_fields_are_not_equal() -> None:
    others: list[object] = [llmspell.types.TextContent("a"), llmspell.types.StreamCancelled("a")]
    assert llmspell.types.TextChunk("a") not in others


@relaxed
@given(values)
def test_json_says_everything_that_can_travel(value: Any) -> None:
    assert same(read_json(write_json(value, "value"), "value"), value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"\xff", '{"$bytes":"/w=="}'),
        (float("nan"), '{"$float":"NaN"}'),
        ([-float("inf")], '[{"$float":"-Infinity"}]'),
        ({"$bytes": "a"}, '{"$map":{"$bytes":"a"}}'),
        ({"$map": {"$map": 1}}, '{"$map":{"$map":{"$map":{"$map":1}}}}'),
        ({"$bytes": 1, "b": 2.0}, '{"$bytes":1,"b":2.0}'),
        ("é", '"é"'),
    ],
)
def test_what_json_cannot_say_is_marked(value: Any, text: str) -> None:
    assert write_json(value, "value") == text
    assert same(read_json(text, "value"), value)


@pytest.mark.parametrize("name", llmspell.types.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(llmspell.types, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = llmspell.types.Nothing


def test_every_type_is_among_the_samples() -> None:
    public = [getattr(llmspell.types, name) for name in llmspell.types.__all__]
    types = {kind for kind in public if isinstance(kind, type) and issubclass(kind, Value)}
    variants = {variant for family in FAMILIES for variant in family._variants()}
    named = {kind for kind in types - variants - set(FAMILIES) if to_snake_case(kind.__name__) in EVERY}
    assert types == named | variants | set(FAMILIES)
