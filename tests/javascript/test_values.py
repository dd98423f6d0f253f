"""Values to a script and back: each type, the rules of numbers and bytes, and what cannot travel with its place."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmspell import ScriptRuntime
from llmspell.engines.bridge import Script
from llmspell.engines.worker import WorkerBridge
from tests.javascript.spells import error, runtime, value
from tests.lua.test_values import same

SAFE = 2**53 - 1


class Echo:
    """One worker for many values: what is given is what the tool `give` answers."""

    def __init__(self) -> None:
        self.value: Any = None
        self.runtime: ScriptRuntime = runtime(self.give)
        self.bridge = WorkerBridge(self.runtime.engine, self.runtime.limits)

    def give(self) -> Any:
        return self.value

    def back(self, value: Any, source: bytes = b"await Tool.execute('give')") -> Any:
        self.value = value
        end = self.bridge.execute(
            Script(source, "spell.js", ()), broker=self.runtime.new_broker(), emit=lambda _stream, _data: None
        )
        assert end.error is None, end.error
        return end.value


@pytest.fixture(scope="module")
def echo() -> Iterator[Echo]:
    made = Echo()
    with made.bridge:
        yield made


def kept(value: Any) -> Any:
    """What is left of a value that JavaScript had: whole floats are integers, and all else is as it was."""
    if isinstance(value, dict):
        return {key: kept(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [kept(inner) for inner in value]
    if (
        isinstance(value, float)
        and value.is_integer()
        and abs(value) <= SAFE
        and not (value == 0 and str(value) == "-0.0")
    ):
        return int(value)
    return value


numbers = st.integers(-(2**63), 2**63 - 1) | st.floats() | st.sampled_from([SAFE, SAFE + 1, -SAFE, -SAFE - 1, -0.0])
leaves = (
    st.none() | st.booleans() | numbers | st.text(st.characters(exclude_categories=["Cs"])) | st.binary(max_size=40)
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(value=values)
def test_every_value_goes_there_and_back(echo: Echo, value: Any) -> None:
    assert same(echo.back(value), kept(value))


TYPES = {
    "small-integers-are-numbers": (SAFE, "number"), "great-integers-are-BigInts": (SAFE + 1, "bigint"),
    "floats-are-numbers": (1e300, "number"), "text-is-a-string": ("a\0b\U0001f600", "string"),
    "nil-is-null": (None, "object"), "booleans-are-booleans": (True, "boolean"),
}  # fmt: skip


@pytest.mark.parametrize("name", TYPES)
def test_a_value_has_the_type_that_the_page_says(echo: Echo, name: str) -> None:
    given, kind = TYPES[name]
    assert echo.back(given, b"typeof await Tool.execute('give')") == kind


def test_bytes_are_a_uint8array_however_deep_they_lie(echo: Echo) -> None:
    source = b"""
        const {list: [inner], text} = await Tool.execute('give');
        [inner instanceof Uint8Array, inner.length, inner[1], text]"""
    assert echo.back({"list": [b"\x00\xff"], "text": "bAA=="}, source) == [True, 2, 255, "bAA=="]


def test_text_that_looks_like_a_marked_value_stays_text(echo: Echo) -> None:
    tricky = ["~", "~[1]", "s", "b", "bAAAA", "i5", "nNaN", "sb", b"s", 2**60, {"~": "i1", "b": "b"}]
    assert same(echo.back(tricky), tricky)


def test_numbers_beyond_2_to_the_53_come_as_they_are_written(echo: Echo) -> None:
    got = echo.back(None, b"[2 ** 53, 1e21, 2n ** 62n, -(2n ** 63n), 5n, 9007199254740991, -0, NaN, -Infinity]")
    assert same(got, [2.0**53, 1e21, 2**62, -(2**63), 5, SAFE, -0.0, math.nan, -math.inf])


EDGES = [0, 31, 127, 255, 32767, 65535, 2**31 - 1, 2**32 - 1, SAFE]
"""The greatest of each size that the wire has for whole numbers, or for lengths."""


def test_whole_numbers_of_every_size_are_packed_as_they_are() -> None:
    numbers = [sign * (edge + more) for edge in EDGES for more in (-1, 0, 1) for sign in (1, -1) if edge + more > 0]
    assert same(value(f"{numbers}"), [number if abs(number) <= SAFE else float(number) for number in numbers])


@pytest.mark.parametrize("length", [0, 15, 16, 31, 32, 255, 256, 8192, 65535, 65536])
def test_text_bytes_lists_and_maps_of_every_length_go_there_and_back(echo: Echo, length: int) -> None:
    given = {
        "text": "x" * length,
        "letters": "\u00e9\u20ac\U0001f375" * (length // 3),
        "bytes": bytes(range(256)) * (length // 256) + b"\xff" * (length % 256),
        "list": [None] * min(length, 65536),
        "map": {f"k{i}": i for i in range(min(length, 16384))},
    }
    assert same(echo.back(given), given)


@pytest.mark.parametrize("length", [10, 100_000], ids=["short", "long"])
def test_arguments_of_any_length_reach_the_host_whole(length: int) -> None:
    def told(text: str, data: bytes) -> list[int]:
        return [len(text), len(data), sum(data)]

    source = f"""
        const text = "\u00e9".repeat({length}), data = new Uint8Array({length}).fill(255);
        await Tool.execute("told", {{text, data}})"""
    assert value(source, told) == [length, length, 255 * length]


def test_text_that_is_the_whole_answer_is_text_whatever_it_looks_like(echo: Echo) -> None:
    for text in ("", "~", "~[1]", "plain", '"quoted"', "null"):
        assert echo.back(text) == text


def test_undefined_is_left_out_of_an_object_and_is_nil_elsewhere() -> None:
    assert value("[undefined, {a: undefined, b: null}, , ]") == [None, {"b": None}, None]


def test_objects_travel_as_their_own_properties() -> None:
    source = """
        class Tea { constructor() { this.leaf = "oolong" } get cups() { return 3 } }
        const bare = Object.create(null); bare.x = 1;
        [new Tea(), bare, Object.assign(Object.create({above: 1}), {own: 2})]"""
    assert value(source) == [{"leaf": "oolong"}, {"x": 1}, {"own": 2}]


MISFITS = {
    "a-function": ("[1, {callback: () => 1}]", "result[1].callback is a function"),
    "a-symbol": ("({'two words': Symbol('x')})", 'result["two words"] is a symbol'),
    "a-map": ("[new Map()]", "result[0] is a Map"),
    "a-set": ("[new (class extends Set {})()]", "result[0] is a Set"),
    "a-maps-keys": ("[new Map().keys()]", "result[0] is an iterator (spread it into a list)"),
    "a-generator": ("[(function* () {})()]", "result[0] is an iterator (spread it into a list)"),
    "an-async-generator": ("[(async function* () {})()]", "result[0] is an async generator (collect it first)"),
    "a-weak-reference": ("[new WeakRef({})]", "result[0] is a WeakRef"),
    "a-boxed-integer": ("[Object(1n)]", "result[0] is a BigInt object"),
    "a-promise": ("[sleep(0)]", "result[0] is a promise (await it)"),
    "an-error": ("[new TypeError('x')]", "result[0] is an Error"),
    "a-date": ("[new Date()]", "result[0] is a Date"),
    "another-typed-array": ("[new Float64Array(2)]", "result[0] is a Float64Array (bytes travel as Uint8Array)"),
    "a-great-integer": ("[2n ** 63n]", "result[0] is an integer of over 64 bits"),
    "itself": (
        "const a = []; a.push(a); [a]",
        "result" + "[0]" * 48 + " is nested deeper than 48 levels, or holds itself",
    ),
    "a-lone-surrogate": ("[{x: '\\ud800'}]", "result[0].x is text that is no valid Unicode (a lone surrogate)"),
    "a-key-with-a-lone-surrogate": (
        "[{'\\ud800': 1}]",
        'result[0]["\\ud800"] is text that is no valid Unicode (a lone surrogate)',
    ),
    "too-many-in-maps": (
        "const map = Object.fromEntries(Array.from({length: 1000}, (_, i) => ['k' + i, i])); [Array(200).fill(map)]",
        "result[0][130].k967 makes over 262144 values, more than one frame holds",
    ),
    "too-many": ("[Array(262145).fill(0)]", "result[0][262134] makes over 262144 values, more than one frame holds"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_what_cannot_travel_is_named_with_its_place(name: str) -> None:
    source, message = MISFITS[name]
    assert error(source) == ("validation", message, None)


def test_the_value_of_a_last_expression_that_cannot_travel_is_none() -> None:
    assert value("globalThis.f = () => 1") is None
    assert error("export default () => 1")[:2] == ("validation", "result is a function")


def test_the_value_is_that_of_the_last_expression_or_the_default_export() -> None:
    assert value("const x = 6; x * 7") == 42
    assert value("export default 6 * 7; 5") == 42
    assert value("export const x = 1") is None
    assert value("async function main() { await sleep(0); return 'done' } main()") == "done"
