"""The quick ways of calls and replies, most of what a run is made of, beside the careful way of `exchange.py`.

The rule kept here: a quick way takes what is plainly right, changes nothing before it knows, and leaves all else, and
every fault, to the careful way, which finds the same and says what is wrong.
"""

from __future__ import annotations

from struct import Struct

from llmspell_workers.wire.exchange import MAX_OPEN_CALLS, TO_WORKER_CAP, Exchange
from llmspell_workers.wire.frames import Call, Frame, Reply
from llmspell_workers.wire.quick import pack_plain, unpack_plain
from llmspell_workers.wire.states import State
from llmspell_workers.wire.values import Packed

TYPE_CHECKING = False  # not from typing: its import costs half a worker's start (E16)
if TYPE_CHECKING:
    from typing import Any

MAX_KEPT_NAMES = 256
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


class Conversation(Exchange):
    """An `Exchange` with quick ways."""

    __slots__ = ("_names",)

    def __init__(self, role: str, *, to_worker_cap: int = TO_WORKER_CAP, raw_replies: bool = False) -> None:
        super().__init__(role, to_worker_cap=to_worker_cap, raw_replies=raw_replies)
        self._names: dict[bytes, str] = {}

    def send(self, frame: Frame) -> bytes:
        """The same; a Call whose arguments are packed goes the quick way."""
        if type(frame) is Call and type(frame.arguments) is Packed and not frame.arguments.start:
            return self.send_packed_call(frame.call, frame.capability, frame.arguments.data)
        return super().send(frame)

    def send_reply(self, call: int, ok: bool, value: object) -> bytes:
        """`send` of a Reply, the quick way where it is plainly right: half of what a run is made of."""
        if self.state == State.RUNNING and self._from_host and type(call) is int and call in self.open_calls:
            packed = pack_plain(value)
            if packed is not None and call < 2**32 and type(ok) is bool:
                length = len(packed) + 8
                if length <= self._send_cap:
                    self.open_calls.remove(call)
                    return _make_head(length, _REPLY_HEAD, call) + (b"\xc3" if ok else b"\xc2") + packed
        return super().send(Reply(call, ok, value))

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
        return super().send(Call(call, capability, Packed(packed)))

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
