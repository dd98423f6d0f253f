"""Who may send what, and when: one table, kept by both ends; and frames cut out of a stream of bytes.

The rule kept here: a frame in the wrong state, a reply to no call, a second use of a call id and a length over
the cap are violations that name the frame and the state, and nothing is held before its length is checked.
"""

from __future__ import annotations

from struct import Struct

from llmspell_workers.wire.frames import (
    Call,
    Configure,
    Done,
    Failed,
    Frame,
    Reply,
    Run,
    Shutdown,
    frame_body,
    parse_frame,
    split_reply,
)
from llmspell_workers.wire.quick import pack_plain, unpack_plain
from llmspell_workers.wire.sending import pack
from llmspell_workers.wire.states import TRANSITIONS, State
from llmspell_workers.wire.values import Packed, Unsendable, Violation

TYPE_CHECKING = False  # not from typing: its import costs half a worker's start (E16)
if TYPE_CHECKING:
    from typing import Any

MIB = 1024 * 1024
TO_HOST_CAP = 4 * MIB
"""Bytes of one frame from a worker."""
TO_WORKER_CAP = 16 * MIB
"""Bytes of one frame towards a worker; and never over a quarter of its memory limit."""
MAX_OPEN_CALLS = 256
MAX_KEPT_NAMES = 256


FROM_HOST = frozenset({Configure, Run, Reply, Shutdown})
_CALL_HEAD = b"\x94\x05\xce"  # a list of four, of the kind Call, and the header of an id of 32 bits
_REPLY_HEAD = b"\x94\x06\xce"  # the same of a Reply
_head = Struct(">I3sI")
_make_head, _read_head = _head.pack, _head.unpack_from
_ID_END = _head.size
VALUE_AT = _ID_END + 1
"""Where the value of a Reply begins that `take_reply` takes."""


_packed_names: dict[str, bytes] = {}


def _packed_name(name: str) -> bytes | None:
    """The bytes of a capability's name, if it is a short one; they are kept."""
    if name.isascii() and 0 < len(name) < 32 and len(_packed_names) < MAX_KEPT_NAMES:
        packed = _packed_names[name] = bytes([0xA0 + len(name)]) + name.encode()
        return packed
    return None


class Conversation:
    """One end's view of a session: `role` is `host` or `worker`.

    `send` gives the bytes of a frame; `receive` takes bytes, and `next_frame` gives the frames in them one by one.
    `raw_replies` leaves the value of a Reply packed (a worker whose engine has its own codec).
    """

    __slots__ = (
        "_buffer",
        "_from_host",
        "_last_call",
        "_names",
        "_receive_cap",
        "_run",
        "_send_cap",
        "_start",
        "open_calls",
        "raw_replies",
        "state",
    )

    def __init__(self, role: str, *, to_worker_cap: int = TO_WORKER_CAP, raw_replies: bool = False) -> None:
        self.state = State.STARTING
        self.open_calls: set[int] = set()
        self.raw_replies = raw_replies
        self._from_host = role == "host"
        self._send_cap, self._receive_cap = TO_HOST_CAP, to_worker_cap
        if self._from_host:
            self._send_cap, self._receive_cap = to_worker_cap, TO_HOST_CAP
        self._buffer: bytes | bytearray = b""
        self._start = 0
        self._last_call = -1
        self._run = -1
        self._names: dict[bytes, str] = {}

    def cap_worker_memory(self, memory: int) -> None:
        """A worker held to `memory` bytes is sent no frame over a quarter of it."""
        cap = min(TO_WORKER_CAP, memory // 4)
        if self._from_host:
            self._send_cap = cap
        else:
            self._receive_cap = cap

    def send(self, frame: Frame) -> bytes:
        """The bytes of `frame`, its length first. Raises Unsendable if it may not be sent, and nothing has changed."""
        if type(frame) is Call and type(frame.arguments) is Packed and not frame.arguments.start:
            return self.send_packed_call(frame.call, frame.capability, frame.arguments.data)
        return self._send(frame)

    def send_reply(self, call: int, ok: bool, value: object) -> bytes:
        """`send` of a Reply, the quick way where it is plainly right: half of what a run is made of."""
        if self.state == State.RUNNING and self._from_host and type(call) is int and call in self.open_calls:
            packed = pack_plain(value)
            if packed is not None and call < 2**32 and type(ok) is bool:
                length = len(packed) + 8
                if length <= self._send_cap:
                    self.open_calls.remove(call)
                    return _make_head(length, _REPLY_HEAD, call) + (b"\xc3" if ok else b"\xc2") + packed
        return self._send(Reply(call, ok, value))

    def send_packed_call(self, call: int, capability: str, packed: bytes) -> bytes:
        """`send` of a Call whose arguments an engine has packed, the quick way: the other half."""
        if self.state == State.RUNNING and not self._from_host and len(self.open_calls) < MAX_OPEN_CALLS:
            name = (_packed_names.get(capability) or _packed_name(capability)) if type(capability) is str else None
            if name is not None and type(call) is int and self._last_call < call < 2**32:
                length = len(name) + len(packed) + 7
                if length <= self._send_cap:
                    data = _make_head(length, _CALL_HEAD, call) + name + packed  # first: it may find no memory
                    self._last_call = call
                    self.open_calls.add(call)
                    return data
        return self._send(Call(call, capability, Packed(packed)))

    def take_reply(self, data: bytes, call: int) -> bool | None:
        """The ok flag of the Reply to `call`, if that is all that `data` is; its value begins at `VALUE_AT`.

        None if not, or if it is one that no host of ours would write: `receive` is to be given `data` then.
        """
        size = len(data)
        if size <= VALUE_AT or self._start != len(self._buffer) or self.state != State.RUNNING:
            return None
        length, head, number = _read_head(data)
        flag = data[_ID_END]
        if length + 4 != size or head != _REPLY_HEAD or number != call or call not in self.open_calls:
            return None
        if flag != 0xC3 and flag != 0xC2:
            return None
        self.open_calls.remove(call)
        return flag == 0xC3

    def take_call(self, data: bytes) -> tuple[int, str, dict[str, Any]] | None:
        """Id, capability and arguments of the Call that is all of `data`, if it is plainly right.

        None if not: `receive` is to be given `data` then.
        """
        size = len(data)
        if size <= VALUE_AT or self._start != len(self._buffer) or self.state != State.RUNNING or not self._from_host:
            return None
        length, head, call = _read_head(data)
        if (
            length + 4 != size
            or head != _CALL_HEAD
            or call <= self._last_call
            or len(self.open_calls) >= MAX_OPEN_CALLS
        ):
            return None
        end = VALUE_AT + (data[_ID_END] & 0x1F)
        name = data[_ID_END:end]
        capability = self._names.get(name) or self._learn_name(name)
        arguments = unpack_plain(data[end:])
        if capability is None or type(arguments) is not dict:
            return None
        self._last_call = call
        self.open_calls.add(call)
        return call, capability, arguments

    def _learn_name(self, packed: bytes) -> str | None:
        """The name that `packed` is, if it is a short one; it is kept."""
        if 0xA1 <= packed[0] <= 0xBF and len(packed) == packed[0] - 0x9F:
            name = packed[1:]
            if name.isascii() and len(self._names) < MAX_KEPT_NAMES:
                self._names[packed] = name.decode()
                return self._names[packed]
        return None

    def _send(self, frame: Frame) -> bytes:
        body = frame_body(frame)  # first: it checks the fields that `_after` reads
        after = self._after(frame, sending=True)
        if len(body) > self._send_cap:
            what = "result" if isinstance(frame, Reply) else type(frame).__name__
            raise Unsendable(what, f"takes {len(body):,} bytes on the wire, and one frame may take {self._send_cap:,}")
        data = len(body).to_bytes(4, "big") + body  # first: it may find no memory, and then nothing has changed
        self._advance(frame, after)
        return data

    def receive(self, data: bytes) -> None:
        """Takes bytes from the other end, as they come."""
        buffer, start = self._buffer, self._start
        if start == len(buffer):
            self._buffer, self._start = data, 0  # mostly a whole frame: nothing is copied
            return
        if not isinstance(buffer, bytearray):
            buffer = bytearray(memoryview(buffer)[start:])
        elif start:
            del buffer[:start]
            self._start = 0  # at once: the next line may find no memory
        buffer += data
        self._buffer, self._start = buffer, 0

    @property
    def held(self) -> int:
        """How many bytes wait for the rest of their frame."""
        return len(self._buffer) - self._start

    def refuse_reply(self, more: bytes) -> tuple[int, int]:
        """Lets go of the Reply that is being received, for want of memory; `more` follows what is held.

        Gives its call, which is open no more, and how many of its bytes are not held. MemoryError if it is no Reply.
        """
        head = bytes(self._buffer[self._start : self._start + 16]) + more[:16]
        reply = split_reply(head[4:]) if len(head) >= 9 and self.state == State.RUNNING else None
        if reply is None or reply.call not in self.open_calls:
            raise MemoryError
        size = 4 + int.from_bytes(head[:4], "big")
        held = min(self.held, size)
        refused = reply.call, size - held  # up to here nothing has changed
        self.open_calls.remove(reply.call)
        self._start += held
        if self._start == len(self._buffer):
            self._buffer, self._start = b"", 0
        return refused

    def next_frame(self) -> Frame | None:
        """The next whole frame, or None until more bytes are there. Raises Violation."""
        while True:
            before = self._buffer, self._start
            body = self._cut_frame()
            if body is None:
                return None
            try:
                frame = (split_reply(body) if self.raw_replies else None) or parse_frame(body)
                if self.raw_replies and type(frame) is Reply and type(frame.value) is not Packed:
                    frame = Reply(frame.call, frame.ok, Packed(pack(frame.value)))  # its headers are wider than need be
                late = self.state == State.IDLE and type(frame) is Reply
                self._advance(frame, self._after(frame, sending=False))
            except Violation:
                self.state = State.CLOSED
                raise
            except MemoryError:
                self._buffer, self._start = before  # it is still there to be read, or refused
                raise
            if not late:
                return frame

    def _cut_frame(self) -> bytes | None:
        """The next whole frame without its length; raises Violation for a length over the cap."""
        buffer, start = self._buffer, self._start
        if len(buffer) - start < 4:
            return None
        length = int.from_bytes(buffer[start : start + 4], "big")
        if length > self._receive_cap:
            self.state = State.CLOSED
            raise Violation(f"a frame of {length:,} bytes is over the cap of {self._receive_cap:,}")
        end = start + 4 + length
        if len(buffer) < end:
            return None
        if isinstance(buffer, bytearray):
            with memoryview(buffer) as view:
                body = bytes(view[start + 4 : end])
        else:
            body = buffer[start + 4 : end]
        if len(buffer) == end:
            # not `del`: it would keep the room of the largest frame so far
            self._buffer, self._start = b"", 0
        else:
            self._start = end
        return body

    def _after(self, frame: Frame, *, sending: bool) -> str:
        """The state after `frame`; raises Unsendable or Violation where it may not stand."""
        kind = type(frame)
        name = kind.__name__
        after = TRANSITIONS[self.state].get(kind)
        wrong: str | None = None
        if after is None:
            wrong = f"a {name} frame in state {self.state}"
        elif (kind in FROM_HOST) is not (self._from_host is sending):
            wrong = f"a {name} frame from the wrong end in state {self.state}"
        elif isinstance(frame, Call):
            if frame.call <= self._last_call:
                wrong = f"a Call frame with id {frame.call} in state {self.state}, which was used already (ids rise)"
            elif len(self.open_calls) >= MAX_OPEN_CALLS:
                wrong = f"a Call frame in state {self.state} while {MAX_OPEN_CALLS} calls are open"
        elif isinstance(frame, Reply):
            if frame.call not in self.open_calls:
                wrong = f"a Reply frame to no call (id {frame.call}) in state {self.state}"
        elif isinstance(frame, (Done, Failed)) and frame.run != self._run:
            wrong = f"a {name} frame for run {frame.run} while run {self._run} is under way"
        if wrong is None and after is not None:
            return after
        if sending:
            raise Unsendable(name, f"may not be sent: {wrong}")
        raise Violation(str(wrong))

    def _advance(self, frame: Frame, after: str) -> None:
        if isinstance(frame, Call):
            self._last_call = frame.call
            self.open_calls.add(frame.call)
        elif isinstance(frame, Reply):
            self.open_calls.discard(frame.call)
        elif isinstance(frame, Run):
            self._run = frame.run
            self.open_calls.clear()  # what crossed with the last frame of the run before came before this
        elif isinstance(frame, (Done, Failed)) and self._from_host:
            self.open_calls.clear()  # abandoned: their answers are not wanted any more
        self.state = after
