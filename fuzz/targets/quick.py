"""The quick ways of calls and replies against the careful ones: the same, or nothing.

The first byte of an input says how the rest is read: as a value, as the body of a frame, or as raw bytes.
"""

from __future__ import annotations

from fuzz.model import same
from fuzz.seeding import MSGPACK_WORDS, frame_bodies, value_bodies
from fuzz.target import WIRE, Check, Defect, Target
from llmspell_workers.wire import (
    VALUE_AT,
    Call,
    Conversation,
    Frame,
    Packed,
    Reply,
    State,
    Unsendable,
    Violation,
    pack,
    unpack,
)
from llmspell_workers.wire import (
    check as check_sendable,
)
from llmspell_workers.wire.quick import pack_plain, unpack_plain


def _make() -> Check:
    def running(role: str) -> Conversation:
        """An end in a run, whose calls 7 and 300 are open."""
        end = Conversation(role)
        end.state, end._run, end._last_call = State.RUNNING, 1, 300
        end.open_calls.update((7, 300))
        return end

    def carefully(end: Conversation, data: bytes) -> Frame | None:
        end.receive(data)
        try:
            frame = end.next_frame()
        except Violation:
            return None
        return frame if not end.held else None

    def check_value(body: bytes) -> None:
        taken = unpack_plain(body)
        try:
            value = unpack(body)
        except Violation as refused:
            assert taken is None, f"taken as {taken!r:.200}: {refused}"
            return
        assert taken is None or same(taken, value)
        packed = pack_plain(value)
        assert packed is None or packed == pack(value)

    def check_call(data: bytes) -> None:
        end = running("host")
        taken = end.take_call(data)
        if taken is None:
            assert end.open_calls == {7, 300}
            return
        careful = running("host")
        frame = carefully(careful, data)
        assert isinstance(frame, Call), f"taken as {taken!r:.200}, and is {frame!r:.200}"
        assert same(list(taken), list(frame.fields()))
        assert (end.open_calls, end._last_call) == (careful.open_calls, careful._last_call)
        try:
            check_sendable(taken[2])
        except Unsendable as error:
            raise AssertionError(f"a call was taken that could not be sent: {error}") from None

    def check_reply(data: bytes) -> None:
        for call in (7, 300, 9):  # 9 is not open
            end = running("worker")
            taken = end.take_reply(data, call)
            if taken is None:
                assert end.open_calls == {7, 300}
                continue
            careful = running("worker")
            careful.raw_replies = True
            frame = carefully(careful, data)
            assert isinstance(frame, Reply), f"taken as a reply to {call}, and is {frame!r:.200}"
            assert (frame.call, frame.ok) == (call, taken)
            assert isinstance(frame.value, Packed)
            assert frame.value.data[frame.value.start :] == data[VALUE_AT:]
            assert end.open_calls == careful.open_calls

    def check(data: bytes) -> None:
        how, rest = data[:1], data[1:]
        if how < b"\x55":
            check_value(rest)
            return
        if how < b"\xaa":
            rest = len(rest).to_bytes(4, "big") + rest
        check_call(rest)
        check_reply(rest)

    return check


def _seeds() -> dict[str, bytes]:
    call, reply = b"\x94\x05\xce\x00\x00\x01\x2d\xa5sleep", b"\x94\x06\xce\x00\x00\x00\x07"
    bodies = {
        "call-quick": call + b"\x81\xa7seconds\x01",
        "call-tool": call[:-6] + b"\xabtool.invoke\x82\xa4name\xaacalculator\xa1p\x93\x01\xcb" + bytes(8) + b"\xc3",
        "reply-ok": reply + b"\xc3\x81\xa4text\xa2ok",
        "reply-error": reply + b"\xc2\x83\xa4kind\xa4tool\xa7message\xa0\xa7details\x80",
    }
    framed = {name: b"\x60" + body for name, body in {**frame_bodies(), **bodies}.items()}
    raw = {f"raw-{name}": b"\xb0" + len(body).to_bytes(4, "big") + body for name, body in bodies.items()}
    return {**framed, **raw, **{name: b"\x00" + body for name, body in value_bodies().items()}}


QUICK = Target(
    "quick",
    "calls and replies taken the quick way, against the careful way",
    _make,
    _seeds,
    (*MSGPACK_WORDS, b"\x94\x05\xce", b"\x94\x06\xce", b"\x00\x00\x01\x2d", b"\x00\x00\x01\x2c"),
    {
        "an-extension": Defect(f"{WIRE}/quick.py", "> MAX_DEPTH or not marks.isascii()", "> MAX_DEPTH"),
        "an-id-twice": Defect(f"{WIRE}/conversation.py", "or call <= self._last_call\n", "or call < self._last_call\n"),
        "a-reply-to-no-call": Defect(
            f"{WIRE}/conversation.py", "or number != call or call not in self.open_calls", "or number != call"
        ),
        "any-flag": Defect(f"{WIRE}/conversation.py", "if flag != 0xC3 and flag != 0xC2:", "if not flag:"),
    },
)
