"""Small values of the plain sort, packed and unpacked the quick way: they are what nearly every call is made of.

The rule kept here: what is not plainly right is not judged, but left (None) to `values.py` and `sending.py`, which also
say what is wrong with it.
"""

from __future__ import annotations

from msgpack import Packer, unpackb  # type: ignore[import-untyped]

from llmspell_workers.wire.values import MAX_DEPTH

TYPE_CHECKING = False  # not from typing: its import costs half a worker's start (E16)
if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_VALUES = 4096
_MOST_BYTES = 4096
_KEPT = 64 * 1024
"""Bytes: the packer keeps its room, so after a larger value there is a new one."""
_ODD = bytes([*range(0xC4, 0xCA), 0xCF, *range(0xD4, 0xD9)])
"""What begins byte strings, extensions, integers of 64 unsigned bits: also objects that msgpack takes and we do not."""
_HARMLESS = bytes(set(range(256)) - {*_ODD, *range(0x80, 0xA0), *range(0xDC, 0xE0)})
_MARKS = bytes(0 if byte < 0xA0 else 0xFF for byte in range(256))
"""Of all other bytes: the headers of lists and maps of up to 15 are told from the rest by being ASCII."""
_packer = Packer(strict_types=True, buf_size=4096)
_join = "".join
_MOST_KNOWN = 1024
_known: set[str] = set()
"""Short keys of maps that were packed before, which are text."""
_are_known = _known.issuperset


class _NotPlainError(Exception):
    pass


def pack_plain(value: object) -> bytes | None:
    """The bytes of a small value of text, numbers, booleans, lists and maps; None for any other."""
    global _packer
    try:
        if _weigh(value, 1) > _MOST_VALUES:
            return None
        packed: bytes = _packer.pack(value)  # refuses subclasses, and text that is no Unicode
    except (_NotPlainError, ValueError, TypeError, OverflowError):
        return None
    if len(packed) > _KEPT:
        _packer = Packer(strict_types=True, buf_size=4096)
    return packed if len(packed.translate(None, _ODD)) == len(packed) else None


def _weigh(value: object, depth: int) -> int:
    """How many values `value` is; its maps must have text keys. All else is left to the packer."""
    kind = type(value)
    items: Iterable[object]
    if kind is dict:
        if not _are_known(value):  # type: ignore[arg-type]
            _learn(value)  # type: ignore[arg-type]
        items = value.values()  # type: ignore[attr-defined]
    elif kind is list:
        items = value  # type: ignore[assignment]
    else:
        return 1
    if depth > MAX_DEPTH:
        raise _NotPlainError
    count = 2 * len(value)  # type: ignore[arg-type]
    for item in items:
        kind = type(item)
        if kind is dict or kind is list:
            count += _weigh(item, depth + 1)
            if count > _MOST_VALUES:  # a list that is shared may be counted 2^40 times
                raise _NotPlainError
    return count


def _learn(keys: dict[str, object]) -> None:
    """Raises TypeError if a key is no text."""
    if len(_join(keys)) <= 256 and len(_known) < _MOST_KNOWN:
        _known.update(keys)


def unpack_plain(body: bytes) -> object:
    """The value that `body` holds, if it is small, plain, and packed in the shortest way; None for any other.

    What packs to the same bytes again has no key twice, because a map keeps only one of them.
    """
    if len(body) > _MOST_BYTES:
        return None
    marks = body.translate(_MARKS, _HARMLESS)
    if len(marks) > MAX_DEPTH or not marks.isascii():
        return None
    try:
        value: object = unpackb(body)
        return value if _packer.pack(value) == body else None
    except Exception:  # noqa: BLE001 - hostile bytes in; whatever is wrong with them is found again
        return None
