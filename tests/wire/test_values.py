"""Values: what travels comes back as it was, and what does not fit is an error that names the place."""

from __future__ import annotations

import datetime
import enum
import math
import struct
from collections import OrderedDict, defaultdict, namedtuple
from collections.abc import Callable
from typing import Any

import msgpack  # type: ignore[import-untyped]
import pytest
from hypothesis import given

from llmspell_workers.wire import (
    MAX_DEPTH,
    MAX_VALUES,
    Call,
    Conversation,
    Packed,
    Reply,
    State,
    Unsendable,
    Violation,
    check,
    pack,
    unpack,
)

from . import reference
from .examples import (
    INT_EDGES,
    INT_MAX,
    INT_MIN,
    framed,
    nested_list,
    nested_map,
    pair_in,
    relaxed,
    same,
    values,
)


class Colour(enum.StrEnum):
    RED = "red"


class Loud(str, enum.Enum):  # noqa: UP042 - its str() is not its text, which is the point
    BELL = "bell"


class Number(enum.IntEnum):
    ONE = 1


Point = namedtuple("Point", "x y")


@relaxed
@given(values)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    assert same(unpack(pack(value)), value)


@relaxed
@given(values)
def test_another_decoder_reads_the_same_value(value: Any) -> None:
    assert same(reference.decode(pack(value)), value)


@pytest.mark.parametrize("number", INT_EDGES)
def test_integers_travel_up_to_64_bits_and_no_further(number: int) -> None:
    if INT_MIN <= number <= INT_MAX:
        assert unpack(pack(number)) == number
    else:
        with pytest.raises(Unsendable, match="value is an integer of over 64 bits"):
            pack(number)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, -0.0, 5e-324])
def test_every_float_travels(number: float) -> None:
    assert same(unpack(pack([number])), [number])


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ((1, (2,)), [1, [2]]),
        (Point(1, 2), [1, 2]),
        (Colour.RED, "red"),
        (Loud.BELL, "bell"),
        (Number.ONE, 1),
        (OrderedDict(a=1), {"a": 1}),
        (defaultdict(list, a=[1]), {"a": [1]}),
        (type("Real", (float,), {})(1.5), 1.5),
        (type("Raw", (bytes,), {})(b"x"), b"x"),
        (type("Row", (list,), {})([1]), [1]),
    ],
)
def test_subclasses_travel_as_what_they_are_built_on(sent: Any, received: Any) -> None:
    assert same(unpack(pack(sent)), received)


def _cycle() -> Any:
    value: dict[str, Any] = {}
    value["self"] = [value]
    return value


class _Hiding(str):
    def __str__(self) -> str:
        return "innocent"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"items": [1, 2, 3, {"callback": len}]},
            "result.items[3].callback is a builtin_function_or_method, ",
        ),
        (
            {"items": [1, 2, 3, {"callback": lambda: 0}]},
            "result.items[3].callback is a function, which cannot",
        ),
        ({"a b": {1}}, "result['a b'] is a set, which cannot travel"),
        ({"k" * 101: object()}, f"result['{'k' * 100}'] is an object, which cannot travel"),
        ([datetime.datetime(2026, 1, 1)], "result[0] is a datetime, which cannot travel"),
        ([bytearray(b"x")], "result[0] is a bytearray, which cannot travel"),
        ([msgpack.Timestamp(1)], "result[0] is a Timestamp, which cannot travel"),
        ([msgpack.ExtType(5, b"")], "result[0] is an ExtType, which cannot travel"),
        ({"p": Packed(b"\xc0")}, "result.p is a Packed, which cannot travel"),
        ({"n": [2**63]}, "result.n[0] is an integer of over 64 bits"),
        ({"n": -(2**63) - 1}, "result.n is an integer of over 64 bits"),
        ({"n": 10**5000}, "result.n is an integer of over 64 bits"),
        ({"t": "a\ud800"}, "result.t is text that is no valid Unicode (a lone surrogate)"),
        ({"t": _Hiding("\udfff")}, "result.t is text that is no valid Unicode (a lone surrogate)"),
        ({"\ud800": 1}, "result is text that is no valid Unicode (a lone surrogate)"),
        ({"m": {1: 2}}, "result.m has a key that is no text but an int"),
        ({"m": {b"k": 2}}, "result.m has a key that is no text but a bytes"),
        ({"m": {None: 2}}, "result.m has a key that is no text but nil"),
        ({"m": {Colour.RED: 2}}, "result.m has a key that is no text but a Colour"),
        (2**64, "result is an integer of over 64 bits"),
    ],
)
def test_what_cannot_travel_is_an_error_with_the_place(value: Any, message: str) -> None:
    with pytest.raises(Unsendable) as caught:
        check(value, "result")
    assert str(caught.value).startswith(message)
    assert f"{caught.value.place} {caught.value.why}" == str(caught.value)


def test_a_cycle_is_an_error_with_its_place() -> None:
    with pytest.raises(Unsendable, match="holds itself") as caught:
        pack(_cycle(), "result")
    assert caught.value.place.startswith("result.self[0].self[0].self")


@pytest.mark.parametrize("nest", [nested_list, nested_map])
@pytest.mark.parametrize("levels", [47, 48, 49, 50, 511, 1023, 1024, 1025, 1100])
def test_48_levels_travel_and_49_do_not(nest: Callable[[int], Any], levels: int) -> None:
    value = nest(levels)
    prefix = b"\x91" if nest is nested_list else b"\x81\xa1k"
    body = prefix * (levels - 1) + (b"\x90" if nest is nested_list else b"\x80")
    if levels <= MAX_DEPTH:
        assert pack(value) == body
        assert unpack(body) == value
    else:
        with pytest.raises(Unsendable, match="nested deeper than 48 levels"):
            pack(value)
        with pytest.raises(Violation):
            unpack(body)


@pytest.mark.parametrize("nest", [nested_list, nested_map])
@pytest.mark.parametrize("levels", [46, 47, 48])
def test_a_field_that_may_be_sent_is_not_too_deep_in_its_frame(nest: Callable[[int], Any], levels: int) -> None:
    ends = pair_in(State.RUNNING)
    call = Call(8, "echo", {"k": nest(levels - 1)})
    ends["host"].receive(ends["worker"].send(call))
    assert ends["host"].next_frame() == call


@pytest.mark.parametrize("nest", [nested_list, nested_map])
def test_a_field_of_49_levels_is_refused_at_both_ends(nest: Callable[[int], Any]) -> None:
    ends = pair_in(State.RUNNING)
    with pytest.raises(Unsendable, match="nested deeper than 48 levels"):
        ends["worker"].send(Call(8, "echo", {"k": nest(48)}))
    ends["host"].receive(framed(msgpack.packb([5, 8, "echo", {"k": nest(48)}])))
    with pytest.raises(Violation, match="nested deeper"):
        ends["host"].next_frame()


@pytest.mark.parametrize(
    "many",
    [
        lambda count: [None] * (count - 1),
        lambda count: [{}] * (count - 1),
        lambda count: [[]] * (count - 1),
        lambda count: [[0] * 9] * ((count - 1) // 10) + [0] * ((count - 1) % 10),
        lambda count: dict.fromkeys(map(str, range((count - 1) // 2)), 0) if count % 2 else [{}] + [0] * (count - 2),
        lambda count: ["x" * 99] * (count - 1),
    ],
)
def test_both_ends_count_values_alike(many: Callable[[int], Any]) -> None:
    for count in (MAX_VALUES - 1, MAX_VALUES):
        assert unpack(pack(many(count))) == many(count)
    with pytest.raises(Unsendable, match="holds over 262,144 values"):
        pack(many(MAX_VALUES + 1))
    with pytest.raises(Violation, match="262,144"):
        unpack(msgpack.packb(many(MAX_VALUES + 1)))


def test_a_frame_that_may_be_sent_does_not_hold_too_many_values() -> None:
    # the frame's list, kind, id and capability, the map, its key and the list are seven values themselves
    fits, over = {"k": [0] * (MAX_VALUES - 7)}, {"k": [0] * (MAX_VALUES - 6)}
    ends = pair_in(State.RUNNING)
    ends["host"].receive(ends["worker"].send(Call(8, "echo", fits)))
    assert ends["host"].next_frame() == Call(8, "echo", fits)
    with pytest.raises(Unsendable, match="262,144"):
        ends["worker"].send(Call(9, "echo", over))
    ends["host"].receive(framed(msgpack.packb([5, 9, "echo", over])))
    with pytest.raises(Violation, match="262,144"):
        ends["host"].next_frame()


def test_a_value_that_is_shared_counts_each_time() -> None:
    value: list[Any] = []
    for _ in range(40):
        value = [value, value]
    with pytest.raises(Unsendable, match="holds over 262,144 values"):
        pack(value)
    for end, frame in (("host", Reply(7, True, value)), ("worker", Call(8, "x", {"k": value}))):
        with pytest.raises(Unsendable, match="holds over 262,144 values"):
            pair_in(State.RUNNING)[end].send(frame)


HEADERS = {4: [b"\xd6", b"\xc7\x04", b"\xc8\x00\x04", b"\xc9\x00\x00\x00\x04"]}
HEADERS[8] = [b"\xd7", b"\xc7\x08", b"\xc8\x00\x08", b"\xc9\x00\x00\x00\x08"]
HEADERS[12] = [b"\xc7\x0c", b"\xc8\x00\x0c", b"\xc9\x00\x00\x00\x0c"]
TIMESTAMPS = [header + b"\xff" + bytes(size) for size, all_of in HEADERS.items() for header in all_of]
EXTENSIONS = [
    head + bytes([code & 255]) + bytes(size)
    for code in (0, 1, 42, 127, -1, -2, -128)
    for head, size in [(bytes([0xD4 + power]), 1 << power) for power in range(5)]
    + [(b"\xc7" + bytes([size]), size) for size in (0, 1, 3, 4, 8, 12, 200)]
    + [(b"\xc8\x01\x00", 256), (b"\xc9\x00\x00\x00\x05", 5)]
]
PLACES = {
    "alone": b"%s",
    "in a list": b"\x91%s",
    "value of a map": b"\x81\xa1k%s",
    "key of a map": b"\x81%s\xc0",
    "deep": b"\x92\xc0\x81\xa1k\x91\x91%s",
    "among many": b"\xdc\x00\x41" + b"\x90" * 64 + b"%s",
    "in a big frame": b"\x92\xc6\x00\x05\x00\x00" + bytes(5 << 16) + b"%s",
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
def test_no_extension_type_is_let_through(place: bytes) -> None:
    for extension in TIMESTAMPS + EXTENSIONS:
        with pytest.raises(Violation):
            unpack(place % extension)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES.keys())
@pytest.mark.parametrize("number", [2**63, 2**64 - 1])
def test_no_integer_over_int64_is_let_through(place: bytes, number: int) -> None:
    with pytest.raises(Violation):
        unpack(place % (b"\xcf" + number.to_bytes(8, "big")))


def test_bytes_that_look_like_a_timestamp_inside_text_or_bytes_are_only_bytes() -> None:
    value = [b"\xd6\xff\xd7\xff\xc7\x0c\xff\xcf", "\u03cf", 4, -1, 8, -1, 12, -1, INT_MAX]
    assert unpack(pack(value)) == value
    assert unpack(b"\x91\xcf" + INT_MAX.to_bytes(8, "big")) == [INT_MAX]


@pytest.mark.parametrize("key", [b"\xc4\x01k", b"\x01", b"\xc0", b"\xc3", b"\xca" + bytes(4), b"\x90", b"\x80"])
def test_only_text_is_a_key(key: bytes) -> None:
    with pytest.raises(Violation):
        unpack(b"\x82\xa1a\x01" + key + b"\x02")


@pytest.mark.parametrize("again", [b"\xa1a", b"\xd9\x01a", b"\xda\x00\x01a", b"\xdb\x00\x00\x00\x01a"])
def test_a_key_is_there_once(again: bytes) -> None:
    with pytest.raises(Violation, match="same key twice"):
        unpack(b"\x82\xa1a\x01" + again + b"\x01")


@pytest.mark.parametrize("text", [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"])
@pytest.mark.parametrize("around", [b"%s", b"\x91%s", b"\x81%s\xc0", b"\x81\xa1k%s"])
def test_text_is_utf8(text: bytes, around: bytes) -> None:
    with pytest.raises(Violation):
        unpack(around % (bytes([0xA0 + len(text)]) + text))


def test_floats_of_32_bits_are_read() -> None:
    assert unpack(b"\xca" + struct.pack(">f", 1.5)) == 1.5


def test_keys_that_would_collide_are_refused_before_they_are_hashed() -> None:
    # integers hash to themselves: a worker could choose 131,072 of them that take minutes to put into a dict
    class Tattling(int):
        def __hash__(self) -> int:
            raise AssertionError("a key was hashed before its type was checked")

    from llmspell_workers.wire.values import _Budget

    with pytest.raises(Violation, match="a key that is no text"):
        _Budget().map([(Tattling(1), 0), (Tattling(2), 0)])


def test_a_packed_value_is_the_rest_of_its_bytes() -> None:
    packed = Packed(b"junk" + pack({"a": [1]}), 4)
    assert packed.unpack() == {"a": [1]}
    assert packed == Packed(pack({"a": [1]}))
    assert hash(packed) == hash(Packed(pack({"a": [1]})))
    assert packed != Packed(pack({"a": [2]}))
    with pytest.raises(Violation):
        Packed(b"\xc1").unpack()


def test_no_cap_is_held_against_an_idle_end() -> None:
    assert Conversation("host").held == 0
