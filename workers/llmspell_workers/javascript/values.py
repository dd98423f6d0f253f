"""Values of the wire as the JSON text in which they cross to JavaScript, and back.

Rules: what JSON can say crosses as it is. If any part of a value is something else (bytes, an integer beyond 2^53, no
number), the text begins with `~`, and each string in it tells by its first letter what it stands for: `s` text, `b`
bytes in base64, and towards the script `i` an integer and `n` a number, which Python's own JSON says without that. So
no string of a script is ever taken for anything but itself.

The C parts of the package `json` are used by themselves: all of it takes as long to import as a worker to start.
"""

from __future__ import annotations

from _json import encode_basestring, make_encoder, make_scanner
from binascii import a2b_base64, b2a_base64

from llmspell_workers.wire import Packed, pack
from llmspell_workers.wire.quick import pack_plain, unpack_plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

SAFE = 2**53 - 1
"""The greatest integer that JavaScript's numbers keep apart from its neighbours."""
TAGGED = "~"
_WIDE = (b"\xcf", b"\xd3")
"""What integers of over 32 bits begin with in msgpack; bytes of text may look like it."""


class _OddError(Exception):
    """A value has a part that JSON cannot say."""


def _odd(_value: object) -> NoReturn:
    raise _OddError


class _Reading:
    """What the scanner asks for: a plain reading of JSON, with the numbers that are none."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}.__getitem__


_scan = make_scanner(_Reading())  # type: ignore[arg-type]
_encode = make_encoder(None, _odd, encode_basestring, None, ":", ",", False, False, False)


def to_script(value: Packed) -> bytes:
    """The text of a value that came by the wire. Raises Violation for what no host of ours would send."""
    data = value.data
    plain = unpack_plain(data[value.start :])
    if plain is None:
        plain = value.unpack()
    if not any(mark in data for mark in _WIDE):
        try:
            return "".join(_encode(plain, 0)).encode()
        except (_OddError, ValueError):
            pass
    return (TAGGED + "".join(_encode(_tagged(plain), 0))).encode()


def from_script(text: bytes, name: str) -> bytes:
    """The msgpack of a value that the adapter wrote. Raises Unsendable with the place, which begins with `name`."""
    plain = text.decode()
    value = _untagged(_scan(plain, 1)[0]) if plain.startswith(TAGGED) else _scan(plain, 0)[0]
    return pack_plain(value) or pack(value, name)


def parsed(text: str) -> object:
    """The value of JSON that the adapter itself has made."""
    value: object = _scan(text, 0)[0]
    return value


def _tagged(value: object) -> object:
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
        return [_tagged(item) for item in value]  # type: ignore[attr-defined]
    if kind is dict:
        return {key: _tagged(item) for key, item in value.items()}  # type: ignore[attr-defined]
    return value


def _untagged(value: object) -> object:
    kind = type(value)
    if kind is str:
        return value[1:] if value[:1] == "s" else a2b_base64(value[1:])  # type: ignore[index]
    if kind is list:
        return [_untagged(item) for item in value]  # type: ignore[attr-defined]
    if kind is dict:
        return {key: _untagged(item) for key, item in value.items()}  # type: ignore[attr-defined]
    return value
