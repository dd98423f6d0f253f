"""The decoder of values and frames: bytes in; a value, a frame or a Violation out, as the independent decoder says.

The first byte of an input says what is made of the rest: the rest as it is, repeated side by side (deep towers), or
repeated inside one wide list (more than 1 KiB, which the decoder walks before it decodes).
"""

from __future__ import annotations

from typing import Any

from fuzz.model import Broken, read_frame, same_event
from fuzz.model import same as same_value
from fuzz.seeding import MSGPACK_WORDS, frame_bodies, value_bodies
from fuzz.target import WIRE, Check, Defect, Target
from llmspell_workers.wire import MAX_DEPTH, MAX_VALUES, Violation, frame_body, parse_frame, unpack
from llmspell_workers.wire.scan import fault
from tests.wire import reference

LARGEST = 6 * 1024
"""Bytes of an expanded input: the decoder's three ways change at 1 and at 4 KiB."""


def expanded(data: bytes) -> bytes:
    """The bytes that an input stands for."""
    mode, rest = data[:1], data[1:]
    if not rest or mode < b"\x80":
        return rest
    times = min(mode[0] & 0x3F, LARGEST // len(rest)) or 1
    if mode < b"\xc0":
        return rest * times
    return b"\xdc" + (times * 16).to_bytes(2, "big") + (rest * times * 16)[: 4 * LARGEST]


def _make() -> Check:
    def check_value(body: bytes) -> None:
        try:
            expected = reference.decode(body)
        except reference.Refused as refused:
            try:
                value = unpack(body)
            except Violation:
                return
            raise AssertionError(f"taken as {value!r:.200}, and is {refused}") from None
        assert same_value(unpack(body), expected), f"{unpack(body)!r:.200} is not {expected!r:.200}"
        assert fault(body, levels=MAX_DEPTH, values=MAX_VALUES) is None

    def check_frame(body: bytes) -> None:
        expected: Any
        try:
            expected = read_frame(body)
        except Broken as broken:
            expected = str(broken)
        try:
            frame = parse_frame(body)
        except Violation as refused:
            assert isinstance(expected, str), f"{refused}, and it is {expected!r:.200}"
            assert len(str(refused)) < 600
            return
        if frame.kind in (2, 3, 6, 10):  # the host's own, which the model does not read
            return
        assert not isinstance(expected, str), f"taken as {frame!r:.200}, and is {expected}"
        assert same_event(expected, frame)
        assert same_event(expected, parse_frame(frame_body(frame)))

    def check(data: bytes) -> None:
        body = expanded(data)
        check_value(body)
        check_frame(body)

    return check


def _seeds() -> dict[str, bytes]:
    plain = {name: b"\x00" + body for name, body in {**frame_bodies(), **value_bodies()}.items()}
    return {
        **plain,
        "tower-of-lists": b"\xae\x91",
        "tower-of-wide-lists": b"\xb0\xdc\x00\x10",
        "many-small-maps": b"\xd0\x81\xa1k\x01",
        "many-numbers": b"\xff\xcd\x01\x00",
    }


VALUES = Target(
    "values",
    "bytes to values and frames, against the independent decoder",
    _make,
    _seeds,
    MSGPACK_WORDS,
    {
        "a-key-twice": Defect(f"{WIRE}/values.py", "if len(made) != len(pairs):", "if not made and pairs:"),
        "a-timestamp": Defect(f"{WIRE}/values.py", "*range(0xD4, 0xD9)}", "*range(0xD4, 0xD6)}"),
        "one-level-more": Defect(f"{WIRE}/values.py", "levels = MAX_DEPTH + 1", "levels = MAX_DEPTH + 2"),
        "a-status-over-255": Defect(f"{WIRE}/frames.py", "and value < 256", "and value < 2**16"),
    },
)
