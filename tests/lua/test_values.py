"""Values on their way between script and host: nothing is lost, and what cannot travel is named with its place."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmspell import Limits
from llmspell.capabilities.surface import SURFACE
from llmspell.engines.bridge import Script
from llmspell.engines.factory import EngineFactory
from llmspell.engines.worker import WorkerBridge
from llmspell.sandbox.broker import Broker, Handler
from llmspell.sandbox.threads import Threads
from llmspell_workers.channel import SMALL_READ
from llmspell_workers.wire import TRY_SIZE
from tests.lua.spells import error, value

INT64 = st.integers(-(2**63), 2**63 - 1)
SCALARS = st.one_of(st.none(), st.booleans(), INT64, st.floats(), st.text(), st.binary())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=20), st.dictionaries(st.text(), inner, max_size=20)),
    max_leaves=40,
)


def as_lua_gives_it(item: Any) -> Any:
    """What is left of a value after Lua had it: nil in a map is no entry, and bytes that are UTF-8 are text."""
    match item:
        case dict():
            return {key: as_lua_gives_it(inner) for key, inner in item.items() if inner is not None}
        case list():
            return [as_lua_gives_it(inner) for inner in item]
        case bytes():
            try:
                return item.decode()
            except UnicodeDecodeError:
                return item
    return item


def same(left: Any, right: Any) -> bool:
    """Equal in type too, with NaN equal to itself and -0.0 apart from 0.0."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return (math.isnan(left) and math.isnan(right)) or (
            left == right and math.copysign(1, left) == math.copysign(1, right)
        )
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return bool(left == right)


class Session:
    """One worker for many runs; a run is given a value by a call, and gives one back."""

    def __init__(self, bridge: WorkerBridge) -> None:
        self._bridge = bridge

    def run(self, source: str, given: Any = None) -> tuple[Any, Any]:
        """What the run returns, and what it handed to the host by `Tool.execute('take', value)`."""
        taken: list[Any] = []

        def invoke(arguments: Any) -> Any:
            if arguments["name"] == "give":
                return given
            return taken.append(arguments.get("parameters"))

        handlers = {"tool.invoke": Handler(invoke)}
        broker = Broker(handlers, Limits(), threads=Threads)
        end = self._bridge.execute(
            Script(source.encode(), "spell.lua"), broker=broker, emit=lambda _stream, _data: None
        )
        assert end.error is None, end.error
        return end.value, taken[0] if taken else None


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with WorkerBridge(EngineFactory().get("lua"), Limits(wall=60), surface=SURFACE) as bridge:
        yield Session(bridge)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(given_value=VALUES)
def test_every_value_goes_to_the_script_and_back_unchanged(session: Session, given_value: Any) -> None:
    returned, handed = session.run(
        "local v = Tool.execute('give') Tool.execute('take', {v = v}) return {v = v}", given_value
    )
    wanted = as_lua_gives_it({"v": given_value})
    assert same(returned, wanted)
    assert same(handed, wanted)


@settings(max_examples=60, deadline=None)
@given(number=st.one_of(INT64, st.floats(allow_nan=False)))
def test_integers_stay_apart_from_floats(session: Session, number: float) -> None:
    kind, _ = session.run("return math.type(Tool.execute('give'))", number)
    assert kind == ("integer" if isinstance(number, int) else "float")


def test_the_edges_of_numbers_survive(session: Session) -> None:
    edges = [0, 1, -1, -32, -33, 127, 128, 255, 256, 65535, 65536, 2**31,
             2**32 - 1, 2**32, 2**53 + 1, 2**63 - 1, -(2**63),
             1.0, -0.0, 0.1, 1e308, 5e-324, math.inf, -math.inf, math.nan]  # fmt: skip
    returned, _ = session.run("return Tool.execute('give')", edges)
    assert same(returned, edges)
    written, _ = session.run(
        "return {math.mininteger, math.maxinteger, 1 << 63, 1.0, -0.0, 2^53, 1e15, 3 // 1, 3 / 1, 0/0, 1/0, -1/0}"
    )
    assert same(
        written, [-(2**63), 2**63 - 1, -(2**63), 1.0, -0.0, 2.0**53, 1e15, 3, 3.0, math.nan, math.inf, -math.inf]
    )


@pytest.mark.parametrize("size", [0, 1, 31, 32, 255, 256, 65535, 65536, 100_000])
def test_text_and_bytes_of_every_header_survive(session: Session, size: int) -> None:
    for given_value in ("x" * size, b"\xff" * size if size else "", "é" * (size // 2)):
        returned, _ = session.run("return {v = Tool.execute('give')}", given_value)
        assert returned == {"v": given_value}


@pytest.mark.parametrize("size", [0, 1, 15, 16, 65535, 65536])
def test_lists_and_maps_of_every_header_survive(session: Session, size: int) -> None:
    returned, _ = session.run("return {Tool.execute('give')}", list(range(size)))
    assert returned == [list(range(size))]
    returned, _ = session.run("return {Tool.execute('give')}", {str(n): n for n in range(size)})
    assert returned == [{str(n): n for n in range(size)}]


def test_a_long_text_as_a_key_survives(session: Session) -> None:
    returned, _ = session.run("return {[string.rep('k', 40)] = 1, [string.rep('k', 300)] = 2, ['é'] = 3}")
    assert returned == {"k" * 40: 1, "k" * 300: 2, "é": 3}


def test_bytes_go_in_and_out_without_loss(session: Session) -> None:
    every = bytes(range(256))
    returned, handed = session.run(
        "local b = Tool.execute('give') Tool.execute('take', {b = b .. b}) return {#b, b:byte(1, -1)}", every
    )
    assert returned == [256, *every]
    assert handed == {"b": every + every}
    written, _ = session.run(
        r"return {'\xff\0\xfe', 'a\0b', '\u{1F600}', '\xed\xa0\x80', '\xf4\x90\x80\x80', '\xc0\x80'}"
    )
    assert written == [b"\xff\0\xfe", "a\0b", "\U0001f600", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80"]


def test_an_empty_table_is_a_map_unless_it_came_as_a_list(session: Session) -> None:
    source = """
    local list, map = table.unpack(Tool.execute('give'))
    local filled, emptied, keyed = table.unpack(Tool.execute('give'))
    filled[1] = 'x'
    local t = {1} t[1] = nil
    return {{}, list, map, filled, t, JSON.parse('[]'), JSON.parse('{}')}
    """
    returned, _ = session.run(source, [[], {}])
    assert returned == [{}, [], {}, ["x"], {}, [], {}]


def test_null_in_a_list_keeps_its_place_and_is_none_again(session: Session) -> None:
    returned, _ = session.run(
        "local l = Tool.execute('give') return {l, #l, l[2] == JSON.null, tostring(l[2])}", [1, None, 3]
    )
    assert returned == [[1, None, 3], 3, True, "null"]
    returned, _ = session.run("return {a = JSON.null, b = {JSON.null}}")
    assert returned == {"a": None, "b": [None]}


MISFITS = {
    "return print": "result is a function",
    "return {items = {1, 2, {callback = print}}}": "result.items[3].callback is a function",
    "return {a = coroutine.create(print)}": "result.a is a thread",
    "return {1, nil, 3}": "result[2] is nil inside a list",
    "return {a = {1, 2, nil, nil, 5}}": "result.a[3] is nil inside a list",
    "return {[1] = 1, x = 2}": (
        'result has the key "x" beside others: a list has the keys 1..n, a map has text keys only'
    ),
    "return {[0] = 1}": "result has the key 0 beside others: a list has the keys 1..n, a map has text keys only",
    "return {[1.5] = 1}": "result has the key 1.5 beside others: a list has the keys 1..n, a map has text keys only",
    "return {[true] = 1}": (
        "result has a key that is a boolean beside others: a list has the keys 1..n, a map has text keys only"
    ),
    "return {[2] = 1}": "result[1] is nil inside a list",
    "return {1, 2, [10] = 3}": "result[3] is nil inside a list",
    "return {['a b'] = print}": 'result["a b"] is a function',
    r"return {['\xff'] = 1}": "result has a key that is no UTF-8 text",
    "local t = {} t.t = t return t": "is nested deeper than 48 levels, or holds itself",
    "local t = {} for i = 1, 49 do t = {t} end return t": "is nested deeper than 48 levels, or holds itself",
    "local t = {} for i = 1, 300000 do t[i] = i end return t": "makes over 262144 values",
    "Tool.execute('calculator', {input = print})": "parameters.input is a function",
    "Tool.execute('calculator', {1, {x = {print}}})": "parameters[2].x[1] is a function",
    "Tool.execute(print)": "name is a function",
    "Agent.create{model = 'echo/echo', tools = {1, nil, 3}}": "config.tools[2] is nil inside a list",
    "Log.info('x', {y = print})": "fields.y is a function",
    "Agent.create{model = 'echo/echo'}:execute{text = print}": "input.text is a function",
}


@pytest.mark.parametrize("source", MISFITS)
def test_what_cannot_travel_is_an_error_that_names_the_place(source: str) -> None:
    kind, message, _ = error(source)
    assert kind == "validation"
    assert message.endswith(MISFITS[source]) or MISFITS[source] in message
    if not MISFITS[source].startswith(("is nested", "makes")):
        assert message == MISFITS[source]


def test_the_deepest_value_that_travels_has_48_levels() -> None:
    nested = value("local t = {} for i = 1, 47 do t = {t} end return t")
    for _ in range(47):
        (nested,) = nested
    assert nested == {}


def test_a_value_of_nearly_as_many_values_as_a_frame_holds_travels() -> None:
    assert len(value("local t = {} for i = 1, 262130 do t[i] = i end return t")) == 262130


def test_no_metamethod_is_asked_when_a_value_is_handed_over() -> None:
    source = """
    local asked = {}
    local function note(name, ...) local given = {...} return function() asked[#asked + 1] = name return
      table.unpack(given) end end
    local tricky = setmetatable({1, 2}, {
      __index = note('index', 3), __len = note('len', 9), __pairs = note('pairs'), __eq = note('eq', true),
      __tostring = note('tostring', 'x'), __name = 'number', __close = note('close'), __call = note('call'),
      __lt = note('lt', true), __concat = note('concat', 'x'), __newindex = note('newindex'), __metatable = 'no',
    })
    local result = Tool.execute('same', {v = {tricky, inner = nil}})
    local text = JSON.stringify({tricky, a = nil})
    return {result, text, asked}
    """

    def same(v: Any) -> Any:
        return v

    assert value(source, same) == [[[1, 2]], "[[1,2]]", {}]


def test_a_table_of_a_class_with_its_own_equality_is_not_taken_for_null() -> None:
    source = """
    local Vector = {__eq = function(a, b) return a.x.value == b.x.value end}
    return {setmetatable({x = {value = 1}}, Vector), JSON.stringify(setmetatable({x = {value = 1}}, Vector))}
    """
    assert value(source) == [{"x": {"value": 1}}, '{"x":{"value":1}}']


def test_texts_of_every_size_around_those_of_the_reads_come_back_as_they_were() -> None:
    source = """
    local sizes, wrong = {1, 16000, 65000, 65600, 200000}, {}
    for size = TRY_SIZE - 60, TRY_SIZE + 20 do sizes[#sizes + 1] = size end
    for size = FILLED - 60, FILLED + 20 do sizes[#sizes + 1] = size end
    for i = 1, #sizes do
      local text = string.rep('abcdefg', sizes[i] // 7 + 1):sub(1, sizes[i])
      for _ = 1, 3 do if Tool.execute('same', {v = text}) ~= text then wrong[#wrong + 1] = sizes[i] end end
    end
    return wrong
    """

    def same(v: Any) -> Any:
        return v

    sized = source.replace("FILLED", str(TRY_SIZE + SMALL_READ)).replace("TRY_SIZE", str(TRY_SIZE))
    assert value(sized, same) == {}
