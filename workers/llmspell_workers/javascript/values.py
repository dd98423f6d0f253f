"""Values of the wire as the JSON text in which they cross to JavaScript. (What comes from there, it packs itself.)

Rules: what JSON can say crosses as it is. If any part of a value is something else (bytes, an integer beyond 2^53, no
number), or all of it is text, it is marked: it begins with `~`, and each string in it tells by its first letter what it
stands for: `s` text, `b` bytes in base64, `i` an integer and `n` a number. So no string of the host's is ever taken for
anything but itself.

The C part of the package `json` is used by itself: all of it takes as long to import as a worker to start.
"""

from __future__ import annotations

from _json import encode_basestring, make_encoder
from binascii import b2a_base64

from msgpack import unpackb  # type: ignore[import-untyped]

from llmspell_workers.wire import Packed, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

SAFE = 2**53 - 1
"""The greatest integer that JavaScript's numbers keep apart from its neighbours."""
MARK = b"~"
_WIDE, _WIDE_NEGATIVE = b"\xcf", b"\xd3"
"""What integers of over 32 bits begin with in msgpack; bytes of text may look like it."""
_SMALL = 4096
"""Bytes: a value of fewer cannot be too much, whoever sent it."""


class _OddError(Exception):
    """A value has a part that JSON cannot say."""


def _odd(_value: object) -> NoReturn:
    raise _OddError


_encode = make_encoder(None, _odd, encode_basestring, None, ":", ",", False, False, False)


def to_script(data: bytes, start: int = 0) -> bytes:
    """The text of a value that was packed: `data[start:]`. Raises Violation for what no host of ours would send."""
    value = _unpacked(data[start:])
    if type(value) is not str and _WIDE not in data and _WIDE_NEGATIVE not in data:
        try:
            return "".join(_encode(value, 0)).encode()
        except (_OddError, ValueError):
            pass
    return MARK + "".join(_encode(_marked(value), 0)).encode()


def script_text(value: object) -> bytes:
    """The text of a value that has not crossed the wire. Raises Unsendable."""
    return to_script(pack(value))


def _unpacked(data: bytes) -> object:
    if len(data) <= _SMALL:
        try:
            small: object = unpackb(data)
            return small
        except ValueError:
            pass  # said better below
    return Packed(data).unpack()


def _marked(value: object) -> object:
    kind = type(value)
    if kind is str:
        return f"s{value}"
    if kind is int and not -SAFE <= value <= SAFE:  # type: ignore[operator]
        return f"i{value}"
    if kind is bytes:
        return "b" + b2a_base64(value, newline=False).decode()  # type: ignore[arg-type]
    if kind is float and value - value != 0:  # type: ignore[operator]
        return "nNaN" if value != value else "nInfinity" if value > 0 else "n-Infinity"  # type: ignore[operator]
    if kind is list:
        return [_marked(item) for item in value]  # type: ignore[attr-defined]
    if kind is dict:
        return {key: _marked(item) for key, item in value.items()}  # type: ignore[attr-defined]
    return value
