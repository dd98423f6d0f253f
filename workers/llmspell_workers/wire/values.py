"""Values out of hostile bytes: nil, bool, int64, float64, text, bytes, lists, maps with text keys.

The rule kept here: nothing is decoded beyond the budget of values and depth, whatever a frame's size says.

Decoding spends the budget in msgpack's own hooks (E15): they see every list and map as it closes. What hooks
cannot see is looked for in the bytes, which costs a memchr: timestamps (extension -1 is decoded past the
extension hook) and integers of 64 unsigned bits. Only bytes that hold such, or more containers than the
depth allows, are walked a second time (`scan.py`). Containers that never close are what hooks see too late: bytes
that are big enough for that, or hold many wide headers, are walked before they are decoded.
"""

from __future__ import annotations

from msgpack import unpackb  # type: ignore[import-untyped]

from llmspell_workers.wire.scan import fault

MAX_DEPTH = 48
"""Levels of nesting in one value (`wire.md`, Caps)."""
MAX_VALUES = 262_144
"""Values in one frame, keys of maps included (`wire.md`, Caps)."""

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
# Timestamps of 4, 8 and 12 bytes, which msgpack decodes without asking the extension hook, whichever of its
# extension headers stands before them: what they share is the end of the header, a length and the type -1.
_TIMESTAMPS = (b"\xd6\xff", b"\xd7\xff", b"\x04\xff", b"\x08\xff", b"\x0c\xff")
_WIDE = (b"\xdc", b"\xdd", b"\xde", b"\xdf")  # headers of lists and maps of 16 and more
_CONTAINERS = bytes([*range(0x80, 0xA0), *range(0xDC, 0xE0)])
_HARMLESS = bytes(set(range(256)) - {*_CONTAINERS, 0xCF, 0xC7, 0xC8, 0xC9, *range(0xD4, 0xD9)})
_QUICK = 4096
"""Bytes: a smaller body with at most 48 headers is decoded without a budget: it cannot spend one."""
_SMALL = 1024
"""Bytes: the headers of no smaller body can reserve over 3 MiB (1024 slots in each of at most 341 levels)."""


class WireError(Exception):
    """The base of all that this package raises."""


class Violation(WireError):
    """The other end broke the protocol. The conversation is over; the other end must be ended."""


class Unsendable(WireError):
    """We were about to send what cannot travel. Nothing was sent; the conversation goes on.

    `place` says where in the value: `result.items[3].callback`.
    """

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"{place} {why}")
        self.place = place
        self.why = why


class Packed:
    """A value that is packed already, `data[start:]`: an engine's own codec made it, or is to read it."""

    __slots__ = ("data", "start")

    def __init__(self, data: bytes, start: int = 0) -> None:
        self.data = data
        self.start = start

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Packed) and self.data[self.start :] == other.data[other.start :]

    def __hash__(self) -> int:
        return hash(self.data[self.start :])

    def unpack(self) -> object:
        """The value itself; raises Violation."""
        return unpack(self.data[self.start :])


class _Budget:
    """What is left to spend while one frame is decoded."""

    __slots__ = ("containers", "left")

    def __init__(self) -> None:
        self.left = MAX_VALUES - 1
        self.containers = 0

    def map(self, pairs: list[tuple[object, object]]) -> dict[object, object]:
        self._spend(2 * len(pairs))
        return _text_map(pairs)

    def list(self, items: list[object]) -> list[object]:
        self._spend(len(items))
        return items

    def _spend(self, values: int) -> None:
        self.containers += 1
        self.left -= values
        if self.left < 0 or self.containers > MAX_VALUES:  # empty ones cost as well, before their list closes
            raise Violation(f"a frame holds over {MAX_VALUES:,} values")


def _extension(code: int, _data: bytes) -> object:
    raise Violation(f"a frame holds a value of extension type {code}")


def unpack(body: bytes) -> object:
    """The value that `body` holds, all of it; raises Violation and nothing else."""
    return decode(body, depth=1)


def decode(body: bytes, *, depth: int) -> object:
    """`unpack` for a value that stands at level `depth`: a frame's own list is no level, so it stands at 0."""
    if len(body) <= _QUICK:
        # Every byte that could begin a list, a map, a timestamp or an unsigned integer of 64 bits; ASCII has none.
        marks = body.translate(None, _HARMLESS)
        if len(marks) + depth <= MAX_DEPTH and not marks.translate(None, _CONTAINERS):
            try:
                small: object = unpackb(body, strict_map_key=False, object_pairs_hook=_text_map, ext_hook=_extension)
            except Violation:
                raise
            except Exception as error:  # noqa: BLE001 - the codec's boundary, as below
                raise _invalid(error) from None
            return small
    budget = _Budget()
    size = len(body)
    levels = MAX_DEPTH + 1 - depth
    scanned = size > _SMALL and (size > MAX_VALUES or sum(map(body.count, _WIDE)) > MAX_DEPTH)
    if scanned:
        _scan(body, levels)
    try:
        value: object = unpackb(
            body,
            strict_map_key=False,  # _Budget.map says it better
            object_pairs_hook=budget.map,
            list_hook=budget.list,
            ext_hook=_extension,
            max_array_len=min(size, MAX_VALUES),
            max_map_len=min(size, MAX_VALUES) // 2,
        )
    except Violation:
        raise
    except Exception as error:  # noqa: BLE001 - the codec's boundary: hostile bytes in, one type of error out
        raise _invalid(error) from None
    if not scanned and (
        budget.containers > MAX_DEPTH
        or b"\xcf" in body  # uint64
        or (b"\xff" in body and any(mark in body for mark in _TIMESTAMPS))
    ):
        _scan(body, levels)
    return value


def _text_map(pairs: list[tuple[object, object]]) -> dict[object, object]:
    for key, _value in pairs:  # before they are hashed: only the hashes of text cannot be chosen to collide
        if type(key) is not str:
            raise Violation(f"a map has a key that is no text but {kind_of(key)}")
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Violation("a map holds the same key twice")
    return made


def _invalid(error: Exception) -> Violation:
    return Violation(f"a frame is no valid msgpack ({type(error).__name__}: {str(error)[:100]})")


def _scan(body: bytes, levels: int) -> None:
    wrong = fault(body, levels=levels, values=MAX_VALUES)
    if wrong:
        raise Violation(f"a frame {wrong}")


def shown(value: object) -> str:
    """A value in a message: short, and made without asking anything of the value that could fail."""
    kind = type(value)
    if kind is str or kind is bytes:
        return repr(value[:40])  # type: ignore[index]
    if value is None or kind is bool or kind is float or (kind is int and INT_MIN <= value <= INT_MAX):  # type: ignore[operator]
        return repr(value)
    return kind_of(value)


def kind_of(value: object) -> str:
    if value is None:
        return "nil"
    name = type(value).__name__
    return f"{'an' if name[:1] in 'aeiouAEIOU' else 'a'} {name}"
