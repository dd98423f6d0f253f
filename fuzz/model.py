"""A second reading of what a host hears, written from `docs/protocol.md` alone, to compare the real one.

It is slow and plain, holds everything, and shares no code with the package under test: values are read by the
reference decoder of the wire's tests.
"""

from __future__ import annotations

import struct
from typing import Any

from tests.wire.reference import Refused, _Reader

CAP = 4 * 1024 * 1024
OPEN_CALLS = 256
WORKERS_FRAMES = {
    1: ("Hello", ("uint", "name", "name", "map")),
    4: ("Output", ("stream", "bytes")),
    5: ("Call", ("uint", "name", "map")),
    7: ("Done", ("uint", "value", "status", "map")),
    8: ("Failed", ("uint", "error", "map")),
    9: ("Fatal", ("text",)),
}
ALLOWED = {
    "starting": {"Hello": "greeted", "Fatal": "closed"},
    "greeted": {"Fatal": "closed"},
    "idle": {"Fatal": "closed"},
    "running": {"Output": "running", "Call": "running", "Done": "idle", "Failed": "idle", "Fatal": "closed"},
    "closed": {},
}

Event = tuple[str, list[Any]]
"""A frame: its name and the values of its fields."""


class Broken(Exception):
    """The worker broke the protocol."""


def _uint(value: Any) -> bool:
    return type(value) is int and 0 <= value <= 2**63 - 1


def _name(value: Any) -> bool:
    return type(value) is str and 1 <= len(value.encode()) <= 200


def _error(value: Any) -> bool:
    if type(value) is not dict or not _name(value.get("kind")) or type(value.get("message")) is not str:
        return False
    if any(value.get(key) is not None and not _uint(value[key]) for key in ("line", "column")):
        return False
    rows = value.get("traceback")
    return rows is None or (type(rows) is list and len(rows) <= 256 and all(type(row) is str for row in rows))


SHAPES = {
    "uint": _uint,
    "name": _name,
    "text": lambda value: type(value) is str,
    "bytes": lambda value: type(value) is bytes,
    "map": lambda value: type(value) is dict,
    "value": lambda _value: True,
    "stream": lambda value: type(value) is str and value in ("stdout", "stderr"),
    "status": lambda value: value is None or (_uint(value) and value <= 255),
    "error": _error,
}


def read_frame(body: bytes) -> Event:
    """The frame of a worker that `body` is; raises Broken."""
    reader = _Reader(body)
    try:
        items = reader.value(0)  # the frame's own list is not a level
    except Refused as refused:
        raise Broken(str(refused)) from None
    if reader.at != len(body) or type(items) is not list or not items or type(items[0]) is not int:
        raise Broken("no frame")
    name, shapes = WORKERS_FRAMES.get(items[0], ("", ()))
    if not name or len(items) - 1 != len(shapes):
        raise Broken("an unknown kind, a frame of the host's, or another number of fields")
    if not all(SHAPES[shape](value) for shape, value in zip(shapes, items[1:], strict=True)):
        raise Broken("a field of another shape")
    return name, items[1:]


class Model:
    """What a host has heard, in one state of a conversation."""

    def __init__(self, state: str, *, run: int, last_call: int, open_calls: set[int]) -> None:
        self.state, self.run, self.last_call, self.open_calls = state, run, last_call, open_calls
        self._held = bytearray()

    def receive(self, data: bytes) -> None:
        """Takes bytes."""
        self._held += data

    def next(self) -> Event | None:
        """The next frame, or None until more is there; raises Broken."""
        try:
            return self._next()
        except Broken:
            self.state = "closed"
            raise

    def _next(self) -> Event | None:
        if len(self._held) < 4:
            return None
        length = struct.unpack(">I", self._held[:4])[0]
        if length > CAP:
            raise Broken("over the cap")
        if len(self._held) < 4 + length:
            return None
        body = bytes(self._held[4 : 4 + length])
        del self._held[: 4 + length]
        name, fields = read_frame(body)
        if name not in ALLOWED[self.state]:
            raise Broken("in the wrong state")
        if name == "Call":
            if fields[0] <= self.last_call or len(self.open_calls) >= OPEN_CALLS:
                raise Broken("an id that did not rise, or one open call too many")
            self.last_call = fields[0]
            self.open_calls.add(fields[0])
        elif name in ("Done", "Failed"):
            if fields[0] != self.run:
                raise Broken("another run")
            self.open_calls.clear()
        self.state = ALLOWED[self.state][name]
        return name, fields


def same(left: Any, right: Any) -> bool:
    """Equality that tells 1 from True and 1.0, -0.0 from 0.0, and takes NaN for itself."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return (left != left and right != right) or struct.pack(">d", left) == struct.pack(">d", right)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    return bool(left == right)


def same_event(event: Event | None, frame: Any) -> bool:
    """Whether a real frame, or None, is what the model heard."""
    if event is None or frame is None:
        return event is None and frame is None
    return type(frame).__name__ == event[0] and same(list(frame.fields()), event[1])
