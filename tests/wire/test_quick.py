"""The quick ways of calls and replies: they give what the careful ways give, or nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgpack  # type: ignore[import-untyped]
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmspell_workers.wire import (
    VALUE_AT,
    Call,
    Conversation,
    Packed,
    Reply,
    State,
    Unsendable,
    Violation,
    pack,
    unpack,
)
from llmspell_workers.wire.quick import pack_plain, unpack_plain

from .examples import (
    INT_EDGES,
    framed,
    maps,
    nested_list,
    nested_map,
    pair_in,
    relaxed,
    same,
    same_frame,
    uints,
    values,
)

ids = st.integers(8, 2**32 - 1)
odd = st.sampled_from(
    [b"\xc1", b"\xd4\x01a", b"\xd6\xff0000", b"\xcf" + b"\xff" * 8, b"\xc4\x01a", b"\xca0000", b"\x81"]
)


class Text(str):
    __slots__ = ()


@relaxed
@given(values)
def test_what_is_packed_quickly_is_packed_the_same(value: Any) -> None:
    assert pack_plain(value) in (None, pack(value))


@relaxed
@given(values)
def test_what_is_unpacked_quickly_is_unpacked_the_same(value: Any) -> None:
    body = pack(value)
    quick = unpack_plain(body)
    assert quick is None or same(quick, unpack(body))


@relaxed
@given(
    st.binary(max_size=60)
    | st.builds(lambda *parts: b"".join(parts), st.binary(max_size=9), odd, st.binary(max_size=9))
)
@example(b"\x82\xa1a\xca0000\xa1a\xc0")  # a key twice, and a float that packs longer than it came
@example(b"\x82\xa1a\x01\xa1a\x01")
@example(b"\x81\x01\x02")
@example(b"\x81\xc4\x01a\x02")
def test_no_bytes_are_taken_that_the_careful_way_refuses(body: bytes) -> None:
    quick = unpack_plain(body)
    if quick is not None:
        assert same(quick, unpack(body))


@pytest.mark.parametrize(
    "value",
    [
        (1,), [(1,)], {1: 2}, {None: 1}, {b"k": 1}, {Text("k"): 1}, Text("x"), b"x", bytearray(b"x"), memoryview(b"x"),
        msgpack.ExtType(1, b"x"), msgpack.Timestamp(0), datetime.now(tz=UTC), {1}, object(), 2**63, 2**64,
        -(2**63) - 1, "\ud800", {"\ud800": 1}, nested_list(49), nested_map(49), [0] * 5000,
        "x" * 70_000 + "\u0434\uffff",
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_not_plain_is_left_to_the_careful_way(value: Any) -> None:
    for place in (value, [value], {"k": [value]}):
        try:
            wanted = pack(place)
        except Unsendable:
            assert pack_plain(place) is None
        else:
            assert pack_plain(place) in (None, wanted)


def test_a_list_that_holds_itself_many_times_is_left_before_it_is_packed() -> None:
    shared: list[Any] = []
    for _ in range(40):
        shared = [shared, shared]
    assert pack_plain(shared) is None


@pytest.mark.parametrize("number", [n for n in INT_EDGES if -(2**63) <= n < 2**63])
def test_the_edges_of_integers(number: int) -> None:
    assert pack_plain([number]) in (None, pack([number]))
    assert unpack_plain(pack([number])) in (None, [number])


def test_the_packer_is_whole_after_a_failure() -> None:
    assert pack_plain(["x" * 1000, object()]) is None
    assert pack_plain("y" * 100_000) == pack("y" * 100_000)
    assert pack_plain(["z"]) == pack(["z"])


@relaxed
@given(ids, maps)
def test_a_call_that_comes_alone_is_taken_as_a_frame_would_be(number: int, arguments: dict[str, Any]) -> None:
    quick, slow = pair_in(State.RUNNING), pair_in(State.RUNNING)
    data = quick["worker"].send_packed_call(number, "tool.invoke", pack(arguments))
    slow["host"].receive(data)
    frame = slow["host"].next_frame()
    assert isinstance(frame, Call)
    taken = quick["host"].take_call(data)
    if taken is None:
        quick["host"].receive(data)
        assert same_frame(quick["host"].next_frame(), frame)
    else:
        assert same_frame(Call(*taken), frame)
    assert quick["host"].open_calls == slow["host"].open_calls == {7, number}
    for host in (quick["host"], slow["host"]):  # an id is used once, whichever way it came
        assert host.take_call(data) is None
        host.receive(data)
        with pytest.raises(Violation, match="used already"):
            host.next_frame()


@relaxed
@given(st.binary(max_size=40), st.integers(0, 40), st.binary(max_size=2))
def test_a_frame_that_is_damaged_is_taken_only_where_it_is_a_call(junk: bytes, at: int, tail: bytes) -> None:
    whole = framed(b"\x94\x05\xce\x00\x00\x00\x08\xa5sleep" + pack({"seconds": 1}))
    data = whole[:at] + junk + whole[at + len(junk) :] + tail
    host, careful = pair_in(State.RUNNING)["host"], pair_in(State.RUNNING)["host"]
    taken = host.take_call(data)
    if taken is not None:
        careful.receive(data)
        assert same_frame(careful.next_frame(), Call(*taken))


@pytest.mark.parametrize("state", [State.STARTING, State.GREETED, State.IDLE, State.CLOSED])
def test_no_call_is_taken_in_another_state_or_by_the_worker(state: str) -> None:
    data = framed(b"\x94\x05\xce\x00\x00\x00\x08\xa5sleep\x80")
    assert pair_in(state)["host"].take_call(data) is None
    assert pair_in(State.RUNNING)["worker"].take_call(data) is None


def test_no_call_is_taken_behind_the_rest_of_another_frame() -> None:
    data = framed(b"\x94\x05\xce\x00\x00\x00\x08\xa5sleep\x80")
    host = pair_in(State.RUNNING)["host"]
    host.receive(b"\x00")
    assert host.take_call(data) is None
    assert host.take_call(data[:3]) is None
    assert host.take_call(b"") is None


@relaxed
@given(uints, st.booleans(), values)
def test_a_reply_is_taken_as_a_frame_would_be(number: int, ok: bool, value: Any) -> None:
    ends = pair_in(State.RUNNING, raw_replies=True)
    if number > 7:
        ends["host"].receive(ends["worker"].send(Call(number, "x", {})))
        ends["host"].next_frame()
    else:
        number = 7
    data = ends["host"].send_reply(number, ok, value)
    taken = ends["worker"].take_reply(data, number) if number < 2**32 else None
    if taken is None:
        ends["worker"].receive(data)
        frame = ends["worker"].next_frame()
        assert isinstance(frame, Reply)
        assert isinstance(frame.value, Packed)
        assert (frame.ok, frame.call) == (ok, number)
        assert same(frame.value.unpack(), value)
    else:
        assert taken is ok
        assert same(unpack(data[VALUE_AT:]), value)
    assert number not in ends["worker"].open_calls
    assert number not in ends["host"].open_calls


def test_a_reply_to_another_call_is_not_taken() -> None:
    ends = pair_in(State.RUNNING, raw_replies=True)
    data = ends["host"].send_reply(7, True, "x")
    assert ends["worker"].take_reply(data, 8) is None
    assert ends["worker"].take_reply(data + b"\x00", 7) is None
    assert ends["worker"].take_reply(data[:11], 7) is None
    assert Conversation("worker").take_reply(data, 7) is None
    assert ends["worker"].take_reply(data, 7) is True
    assert ends["worker"].take_reply(data, 7) is None
