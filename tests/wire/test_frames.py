"""Frames: each kind comes back as it was, and every field is checked by type at both ends."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import msgpack  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell_workers.wire import (
    FIELDS,
    KINDS,
    Call,
    Configure,
    Done,
    Failed,
    Fatal,
    Frame,
    Hello,
    Output,
    Packed,
    Reply,
    Run,
    Shutdown,
    State,
    Unsendable,
    Violation,
    WireError,
    frame_body,
    pack,
    parse_frame,
    unpack,
)

from . import reference
from .examples import (
    ENDS,
    EXAMPLES,
    any_frame,
    framed,
    frames,
    is_from_host,
    maps,
    nested_list,
    pair_in,
    relaxed,
    same,
    same_frame,
    thorough,
    uints,
    values,
)


def test_every_kind_of_frame_is_known_by_its_number() -> None:
    assert {
        1: Hello, 2: Configure, 3: Run, 4: Output, 5: Call, 6: Reply, 7: Done, 8: Failed, 9: Fatal,
        10: Shutdown,
    } == KINDS  # fmt: skip
    assert set(FIELDS) == set(KINDS.values()) == set(frames) == set(EXAMPLES)


@thorough
@given(any_frame)
def test_a_frame_comes_back_as_it_was(frame: Frame) -> None:
    assert same_frame(parse_frame(frame_body(frame)), frame)


@relaxed
@given(any_frame)
def test_a_frame_is_a_list_of_its_kind_and_fields(frame: Frame) -> None:
    assert same(reference.decode(frame_body(frame)), [frame.kind, *frame.fields()])


class _Raises:
    def __repr__(self) -> str:
        raise RuntimeError("repr")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("eq")

    __hash__ = None  # type: ignore[assignment]


class _RaisingMap(dict[str, int]):
    def items(self) -> Any:
        raise RuntimeError("items")

    def keys(self) -> Any:
        raise RuntimeError("keys")


class _RaisingList(list[int]):
    def __iter__(self) -> Any:
        raise RuntimeError("iter")


class _RaisingText(str):
    def __str__(self) -> str:
        raise RuntimeError("str")


WRONG: dict[str, list[Any]] = {
    "uint": [-1, 2**63, True, 1.0, "1", None, [], {}, b"1"],
    "name": ["", "n" * 201, "\u20ac" * 67, b"n", None, 1],
    "text": [b"t", None, 1, []],
    "bytes": ["b", None, 1, [98]],
    "bool": [0, 1, None, "true"],
    "map": [None, [], "m", 1],
    "map or nil": [[], "m", 1, False],
    "run or check": ["Run", "", None, b"run", ["run"], 1],
    "stdout or stderr": ["stdin", "", None, b"stdout", 1],
    "exit status or nil": [-1, 256, True, 0.0, "0", []],
    "error": [  # of a traceback at most 256 rows
        None, [], "failed", {}, {"kind": "runtime"}, {"message": "m"}, {"kind": "", "message": "m"},
        {"kind": "k" * 201, "message": "m"}, {"kind": "k", "message": b"m"}, {"kind": 1, "message": "m"},
        {"kind": "k", "message": "m", "line": -1}, {"kind": "k", "message": "m", "line": "1"},
        {"kind": "k", "message": "m", "column": True}, {"kind": "k", "message": "m", "traceback": "row"},
        {"kind": "k", "message": "m", "traceback": [1]},
        {"kind": "k", "message": "m", "traceback": ["r"] * 257},
    ],
    "value": [],
}  # fmt: skip
"""For each shape of field, what is not of that shape."""
FIELD_CASES = [
    pytest.param(kind, index, shape, id=f"{kind.__name__}.{kind.__slots__[index]}")
    for kind, shapes in FIELDS.items()
    for index, shape in enumerate(shapes)
]


@pytest.mark.parametrize(("kind", "index", "shape"), FIELD_CASES)
def test_a_field_of_the_wrong_type_is_refused_at_both_ends(kind: type[Frame], index: int, shape: str) -> None:
    for wrong in WRONG[shape]:
        fields = list(EXAMPLES[kind].fields())
        fields[index] = wrong
        name = kind.__slots__[index]
        with pytest.raises(Violation, match=None if wrong == 2**63 else f"the field {name} of a {kind.__name__}"):
            parse_frame(msgpack.packb([kind.kind, *fields]))
        with pytest.raises(Unsendable, match=rf"^{kind.__name__}\.{name} is no {shape}"):
            frame_body(kind(*fields))


@pytest.mark.parametrize(
    ("kind", "index"), [(kind, index) for kind, shapes in FIELDS.items() for index in range(len(shapes))]
)
@pytest.mark.parametrize(
    "odd",
    [2**64, 10**5000, "\ud800", object(), nested_list(5000), {"k": {1}}, Mock(spec=str), Packed(b"\xc1")],
    ids=["2**64", "10**5000", "surrogate", "object", "deep", "set", "mock", "packed"],
)
def test_a_field_that_cannot_travel_is_unsendable(kind: type[Frame], index: int, odd: object) -> None:
    if type(odd) is Packed and (kind, index) in {(Call, 2), (Reply, 2), (Done, 1)}:
        return  # there it may stand
    fields = list(EXAMPLES[kind].fields())
    fields[index] = odd
    with pytest.raises(Unsendable):
        frame_body(kind(*fields))


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [("kind", None, "kind is None"), ("message", 5, "message is 5"), ("line", -5, "line is -5"),
     ("column", "7", "column is '7'"), ("traceback", "x", "traceback is 'x'")],
    ids=["kind", "message", "line", "column", "traceback"],
)  # fmt: skip
def test_what_of_an_error_is_wrong_is_told(key: str, value: object, told: str) -> None:
    error = {"kind": "runtime", "message": "oh", key: value}
    with pytest.raises(Violation, match=f"the field error of a Failed frame is no error: its {told}"):
        parse_frame(msgpack.packb([Failed.kind, 1, error, {}]))


@pytest.mark.parametrize("kind", EXAMPLES, ids=lambda kind: kind.__name__)
def test_a_field_too_few_or_too_many_is_a_violation(kind: type[Frame]) -> None:
    items = [kind.kind, *EXAMPLES[kind].fields()]
    for wrong in (items[:-1], [*items, None]):
        with pytest.raises(Violation):
            parse_frame(msgpack.packb(wrong))


@pytest.mark.parametrize(
    ("frame", "place"),
    [
        (Reply(1, True, {"items": [0, {"callback": len}]}), "result.items[1].callback"),
        (Done(1, [{1}], None, {}), "result[0]"),
        (Call(1, "x", {"a": [None, object()]}), "result.a[1]"),
        (Run(1, b"", "n", {"positionals": [len]}), "arguments.positionals[0]"),
        (Configure(1, {}, {"x": len}, {}, {}), "settings.x"),
        (Failed(1, {"kind": "k", "message": "\ud800"}, {}), "error.message"),
        (Fatal("\ud800"), "message"),
    ],
)
def test_an_error_names_the_place_in_the_frame(frame: Frame, place: str) -> None:
    with pytest.raises(Unsendable) as caught:
        frame_body(frame)
    assert caught.value.place == place


@pytest.mark.parametrize("nothing", [None, 5, "Hello", Hello, Frame(), type("Call", (Call,), {})(1, "x", {})])
def test_what_is_no_frame_is_unsendable(nothing: Any) -> None:
    for state in (State.STARTING, State.RUNNING, State.CLOSED):
        for end in ENDS:
            with pytest.raises(Unsendable):
                pair_in(state)[end].send(nothing)


@relaxed
@given(uints, values, maps, st.binary(max_size=9), st.sampled_from(["call", "reply", "done"]))
def test_a_value_that_is_packed_already_makes_the_same_frame(
    number: int, value: Any, usage: dict[str, Any], junk: bytes, which: str
) -> None:
    makers: dict[str, Any] = {
        "call": lambda given: Call(number, "x", given),
        "reply": lambda given: Reply(number, True, given),
        "done": lambda given: Done(number, given, 7, usage),
    }
    make = makers[which]
    content = {"k": value} if which == "call" else value
    for packed in (Packed(pack(content)), Packed(junk + pack(content), len(junk))):
        assert frame_body(make(packed)) == frame_body(make(content))


@pytest.mark.parametrize("capability", ["", "x" * 201, "\u20ac" * 67, "\ud800", b"x", None, 5, _RaisingText("x")])
@pytest.mark.parametrize("number", [8, 2**63, 2**64, -1, True])
def test_a_call_whose_arguments_are_packed_is_checked_all_the_same(number: int, capability: Any) -> None:
    worker = pair_in(State.RUNNING)["worker"]
    with pytest.raises(Unsendable):
        worker.send(Call(number, capability, Packed(b"\x80")))
    with pytest.raises(Unsendable):
        worker.send(Call(2**63, "x", Packed(b"\x80")))
    assert worker.open_calls == {7}


@thorough
@given(st.integers(8, 2**63 - 1), values, st.booleans())
def test_raw_replies_leave_the_value_packed(number: int, value: Any, ok: bool) -> None:
    ends = pair_in(State.RUNNING, raw_replies=True)
    ends["host"].receive(ends["worker"].send(Call(number, "x", {})))
    ends["host"].next_frame()
    ends["worker"].receive(ends["host"].send(Reply(number, ok, value)))
    reply = ends["worker"].next_frame()
    assert isinstance(reply, Reply)
    assert isinstance(reply.value, Packed)
    assert (reply.call, reply.ok) == (number, ok)
    assert reply.value.data[reply.value.start :] == pack(value)
    assert same(reply.value.unpack(), value)


def test_raw_replies_change_no_other_frame() -> None:
    ends = pair_in(State.STARTING, raw_replies=True)
    ends["host"].receive(ends["worker"].send(EXAMPLES[Hello]))
    ends["host"].next_frame()
    for kind in (Configure, Run):
        ends["worker"].receive(ends["host"].send(EXAMPLES[kind]))
        assert ends["worker"].next_frame() == EXAMPLES[kind]


@pytest.mark.parametrize("flag", [b"\xc0", b"\x01", b"\xa4true", b""])
@pytest.mark.parametrize("number", [b"\x07", b"\xcc\x07", b"\xcd\x00\x07", b"\xce\x00\x00\x00\x07", b"\xe0", b"\xa17"])
def test_a_raw_reply_needs_its_id_and_flag(number: bytes, flag: bytes) -> None:
    end = pair_in(State.RUNNING, raw_replies=True)["worker"]
    end.receive(framed(b"\x94\x06" + number + flag + b"\xc0"))
    with pytest.raises(Violation):
        end.next_frame()
    assert end.state == State.CLOSED


@pytest.mark.parametrize("number", [b"\x07", b"\xcc\x07", b"\xcd\x00\x07", b"\xce" + bytes(3) + b"\x07"])
def test_a_raw_reply_may_write_its_id_in_any_width(number: bytes) -> None:
    end = pair_in(State.RUNNING, raw_replies=True)["worker"]
    end.receive(framed(b"\x94\x06" + number + b"\xc3\x91\x05"))
    assert end.next_frame() == Reply(7, True, Packed(b"\x91\x05"))


def test_a_raw_reply_that_is_cut_short_is_refused() -> None:
    whole = frame_body(Reply(7, True, None))
    for cut in range(len(whole)):
        end = pair_in(State.RUNNING, raw_replies=True)["worker"]
        end.receive(framed(whole[:cut]))
        with pytest.raises(Violation):
            end.next_frame()


def _cycle() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


ODD_OBJECTS: list[Any] = [
    *(
        object(),
        len,
        {1},
        1j,
        type,
        Mock(spec=str),
        Mock(spec=dict),
        nested_list(5000),
        _cycle(),
        10**5000,
        2**63,
    ),
    *(_Raises(), _RaisingMap(a=1), _RaisingList([1]), _RaisingText("x"), bytearray(b"x"), memoryview(b"x")),
    *(msgpack.Timestamp(1), msgpack.ExtType(1, b"x"), "\ud800", -(2**63), (1, 2), Packed(b"\xc1"), range(3)),
]
odd_objects = st.integers(0, len(ODD_OBJECTS) - 1).map(lambda index: ODD_OBJECTS[index])  # some have no repr
anything = st.recursive(
    odd_objects | values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3),
    max_leaves=6,
)
anything_in_frames = st.sampled_from(list(KINDS.values())).flatmap(
    lambda kind: st.tuples(*(anything | st.just(value) for value in EXAMPLES[kind].fields())).map(
        lambda fields: kind(*fields)
    )
)


@thorough
@given(st.sampled_from([State.STARTING, State.GREETED, State.IDLE, State.RUNNING]), anything_in_frames)
def test_sending_anything_at_all_fails_as_unsendable_or_arrives(state: str, frame: Frame) -> None:
    ends = pair_in(state)
    sender, receiver = ENDS if is_from_host(frame) else ENDS[::-1]
    try:
        data = ends[sender].send(frame)
    except Unsendable:
        assert ends[sender].state == state
        return
    ends[receiver].receive(data)
    if not any(type(field) is Packed for field in frame.fields()):  # whoever packed it answers for it
        assert type(ends[receiver].next_frame()) is type(frame)


@thorough
@given(anything)
def test_packing_anything_at_all_fails_as_unsendable_or_comes_back(value: object) -> None:
    try:
        body = pack(value)
    except Unsendable:
        return
    unpack(body)


def test_both_errors_are_wire_errors() -> None:
    assert issubclass(Violation, WireError)
    assert issubclass(Unsendable, WireError)


def test_a_frame_shows_its_fields_and_shortens_them() -> None:
    assert repr(Call(1, "x", {})) == "Call(call=1, capability='x', arguments={})"
    assert len(repr(Output("stdout", b"x" * 10_000))) < 200
    assert Call(1, "x", {}) != Reply(1, True, None)
    assert Call(1, "x", {}) != 1
