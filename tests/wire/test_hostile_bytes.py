"""Whatever bytes come, the answer is a frame, `not yet` or a Violation, and little memory is held for it."""

from __future__ import annotations

import os
import subprocess
import sys

import msgpack  # type: ignore[import-untyped]
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmspell_workers.wire import (
    MAX_VALUES,
    Call,
    Conversation,
    Frame,
    State,
    Violation,
    frame_body,
    pack,
    parse_frame,
    unpack,
)

from . import reference
from .examples import ENDS, EXAMPLES, any_frame, framed, pair_in, relaxed, same, thorough, values

LEAST = [bytes([first]) for first in range(256)]
HEADERS = [
    *(
        b"\xdc\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        b"\xde\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xdd\x00\x04\x00\x00",
    ),
    *(
        b"\xd9\xff",
        b"\xda\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xdb\x7f\xff\xff\xff",
        b"\xdf\x80\x00\x00\x00",
    ),
    *(
        b"\xc4\xff",
        b"\xc5\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xc6\x7f\xff\xff\xff",
        b"\x9f",
        b"\x8f",
        b"\xbf",
    ),
    *(b"\xc7\xff\x01", b"\xc8\xff\xff\x01", b"\xc9\xff\xff\xff\xff\x01", b"\xc9\x7f\xff\xff\xff\xff"),
]
"""Each promises more than what follows."""


def _agrees_with_reference(body: bytes) -> None:
    try:
        expected = reference.decode(body)
    except reference.Refused:
        with pytest.raises(Violation):
            unpack(body)
    else:
        assert same(unpack(body), expected)


tokens = st.sampled_from(LEAST + HEADERS) | st.binary(max_size=12) | values.map(pack)


@thorough
@given(st.lists(tokens, max_size=12).map(b"".join))
@example(b"\x91\xc7\x04\xff\x00\x00\x00\x01")  # a timestamp under a header that writers never choose
@example(b"\x91\xc9\x00\x00\x00\x0c\xff" + bytes(12))
def test_random_bytes_are_read_as_the_reference_reads_them(body: bytes) -> None:
    _agrees_with_reference(body)


@thorough
@given(values.map(pack), st.data())
def test_mutated_values_are_read_as_the_reference_reads_them(body: bytes, data: st.DataObject) -> None:
    mutable = bytearray(body)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(mutable) - 1))
        mutable[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
        mutable = mutable or bytearray(b"\xc0")
    _agrees_with_reference(bytes(mutable))


def test_every_pair_of_bytes_is_read_as_the_reference_reads_it() -> None:
    for first in LEAST:
        _agrees_with_reference(first)
        for second in (*range(0, 256, 5), 255):
            _agrees_with_reference(first + bytes([second]))


@relaxed
@given(values)
def test_a_value_cut_short_or_followed_by_more_is_refused(value: object) -> None:
    body = pack(value)
    for cut in range(min(len(body), 200)):
        with pytest.raises(Violation):
            unpack(body[:cut])
    with pytest.raises(Violation):
        unpack(body + b"\xc0")


@pytest.mark.parametrize("header", HEADERS, ids=bytes.hex)
@pytest.mark.parametrize("times", [1, 2, 47, 60, 1000, 1100])
def test_headers_that_lie_are_refused(header: bytes, times: int) -> None:
    for filler in (b"", b"\xc0" * 10, b"\xa1k"):
        with pytest.raises(Violation):
            unpack((header + filler) * times)


@pytest.mark.parametrize("kind", EXAMPLES, ids=lambda kind: kind.__name__)
def test_a_frame_cut_short_is_refused_at_each_byte(kind: type[Frame]) -> None:
    body = frame_body(EXAMPLES[kind])
    for cut in range(len(body)):
        with pytest.raises(Violation):
            parse_frame(body[:cut])
    with pytest.raises(Violation):
        parse_frame(body + b"\xc0")


def _feed(end: Conversation, stream: bytes) -> None:
    """Takes all frames; only a Violation may come instead, and then the conversation is closed."""
    end.receive(stream)
    try:
        while end.next_frame() is not None:
            pass
    except Violation:
        assert end.state == State.CLOSED


states = st.sampled_from([State.STARTING, State.GREETED, State.IDLE, State.RUNNING, State.CLOSED])


@thorough
@given(states, st.sampled_from(ENDS), st.booleans(), st.binary(max_size=60) | st.binary(max_size=60).map(framed))
def test_garbage_gives_a_frame_or_a_violation(state: str, end: str, raw: bool, stream: bytes) -> None:
    _feed(pair_in(state, raw_replies=raw)[end], stream)


@thorough
@given(states, st.sampled_from(ENDS), st.booleans(), any_frame, st.data())
def test_mutated_frames_give_a_frame_or_a_violation(
    state: str, end: str, raw: bool, frame: Frame, data: st.DataObject
) -> None:
    stream = bytearray(framed(frame_body(frame)))
    for _ in range(data.draw(st.integers(1, 3))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    _feed(pair_in(state, raw_replies=raw)[end], bytes(stream))


shapes = st.lists(values | st.integers(0, 12), max_size=8).map(lambda fields: msgpack.packb(fields))


@thorough
@given(shapes)
def test_fields_of_any_type_give_a_frame_or_a_violation(body: bytes) -> None:
    try:
        frame = parse_frame(body)
    except Violation:
        return
    assert parse_frame(frame_body(frame)).fields() is not None


@pytest.mark.parametrize("kind", [99, 0, -1, 11, 2**62, None, True, 5.0, "Call", b"\x05", [5], {"kind": 5}], ids=repr)
def test_an_unknown_kind_is_a_violation(kind: object) -> None:
    with pytest.raises(Violation, match="unknown kind"):
        parse_frame(msgpack.packb([kind, 1, "x", {}]))


@pytest.mark.parametrize("body", [b"", b"\xc0", b"\x80", b"\x90", b"\x05", b"\xa5hello", b"\x81\xa1a\x01"])
def test_what_is_no_list_with_a_kind_is_no_frame(body: bytes) -> None:
    end = Conversation("host")
    end.receive(framed(body))
    with pytest.raises(Violation):
        end.next_frame()
    assert end.state == State.CLOSED


def test_a_message_about_a_field_does_not_repeat_a_large_one() -> None:
    with pytest.raises(Violation) as caught:
        parse_frame(msgpack.packb([5, "\x00" * 1_000_000, "x", {}]))
    assert len(str(caught.value)) < 300


BOMB = """
import struct, sys
from llmspell_workers.wire import Call, Configure, Conversation, Hello, Run, Violation

def high_water():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))

end, size, form = sys.argv[1], int(sys.argv[2]), sys.argv[3]
wide = 262_144
forms = {
    "flat": (b"\\xdd" + struct.pack(">I", size - 40), b"\\x80"),
    "lists": (b"", b"\\xdd" + struct.pack(">I", wide) + b"\\x90" * (wide - 1)),
    "maps": (b"", b"\\xdd" + struct.pack(">I", wide) + b"\\x80" * (wide - 1)),
    "numbers": (b"", b"\\xdd" + struct.pack(">I", wide) + b"\\xe0" * (wide - 1)),
    "pairs": (b"", b"\\xdf" + struct.pack(">I", wide // 2) + b"\\xe0" * (wide - 1)),
    "texts": (b"", b"\\xdd" + struct.pack(">I", wide) + b"\\xa2ab" * (wide - 1)),
    "headers": (b"", b"\\xdd" + struct.pack(">I", wide)),
    "map headers": (b"", b"\\xdf" + struct.pack(">I", wide // 2) + b"\\xa1k"),
    "narrow": (b"", b"\\x9f" + b"\\x80" * 14),
}
head, part = forms[form]
prefix = b"\\x94\\x06\\x07\\xc3" if end == "worker" else b"\\x94\\x05\\x08\\xa1x"
body = prefix + head + part * ((size - len(head) - len(prefix)) // len(part))
ends = {"host": Conversation("host"), "worker": Conversation("worker")}
for frame in (Hello(1, "x", "1", {}), Configure(1, {}, {}, {}, {}), Run(1, b"", "a", {}), Call(7, "x", {})):
    sender, receiver = ("host", "worker") if isinstance(frame, (Configure, Run)) else ("worker", "host")
    ends[receiver].receive(ends[sender].send(frame))
    ends[receiver].next_frame()
before = high_water()
ends[end].receive(len(body).to_bytes(4, "big"))
for start in range(0, len(body), 65536):
    ends[end].receive(body[start : start + 65536])
try:
    ends[end].next_frame()
    print("let through")
except Violation as violation:
    print(high_water() - before)
"""
FORMS = ["flat", "lists", "maps", "numbers", "pairs", "texts", "headers", "map headers", "narrow"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the high-water mark from /proc")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("end", "size"), [("host", 4 << 20), ("worker", 16 << 20), ("host", 6000)])
def test_a_bomb_costs_little_more_than_its_bytes(end: str, size: int, form: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BOMB, end, str(size), form],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        text=True,
        timeout=250,
        check=True,
    )
    # the buffer, the frame cut out of it, and at most 24 MiB of decoded values
    assert int(done.stdout) < 2.5 * size + (24 << 20)


def test_a_large_frame_of_few_values_is_no_bomb() -> None:
    ends = pair_in(State.RUNNING)
    call = Call(8, "write", {"data": b"\xff\xdf\xcf\x04" * 700_000, "text": "\u20ac" * 400_000})
    ends["host"].receive(ends["worker"].send(call))
    assert ends["host"].next_frame() == call


def test_many_wide_lists_side_by_side_are_no_bomb() -> None:
    value = [list(range(20)) for _ in range(2000)] + [{str(key): key for key in range(20)} for _ in range(500)]
    assert unpack(pack(value)) == value
    assert sum(map(len, value)) < MAX_VALUES
