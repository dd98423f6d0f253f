"""A walk over the bytes of a frame that holds nothing of it.

Decoder hooks see a list or a map when it closes (E15), so a tower of open ones costs memory before any budget
is spent: 4 MiB of nested wide maps took 256 MiB, 5 kB of nested lying headers 66 MiB. This walk sees headers
first.
"""

from __future__ import annotations

_CONTAINER, _SIZED, _UINT64, _EXTENSION, _UNUSED = 0, -1, -2, -3, -4


def _layout() -> list[int]:
    """For each first byte: the size of the whole value, or what kind of header it is (specification of msgpack)."""
    sizes = [1] * 256
    sizes[0x80:0xA0] = [_CONTAINER] * 32
    sizes[0xA0:0xC0] = range(1, 33)
    sizes[0xC1] = _UNUSED
    sizes[0xC4:0xC7] = [_SIZED] * 3
    sizes[0xC7:0xCA] = [_EXTENSION] * 3
    sizes[0xCA:0xD4] = [5, 9, 2, 3, 5, 9, 2, 3, 5, 9]
    sizes[0xCF] = _UINT64
    sizes[0xD4:0xD9] = [_EXTENSION] * 5
    sizes[0xD9:0xDC] = [_SIZED] * 3
    sizes[0xDC:0xE0] = [_CONTAINER] * 4
    return sizes


_LAYOUT = _layout()
_LENGTH_BYTES = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4, 0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4}


def fault(body: bytes, *, levels: int, values: int) -> str | None:
    """Why `body` may not be decoded, or None.

    Looked for are over `levels` levels, over `values` values, an extension type, an integer over int64, an end in
    the middle of a value; not whether text is UTF-8 or what keys are.
    """
    layout = _LAYOUT
    at, end = 0, len(body)
    left, waiting = values - 1, 1  # still allowed; still to come in the innermost container
    outer: list[int] = []
    while at < end:
        first = body[at]
        size = layout[first]
        waiting -= 1
        if size > 0:
            at += size
        elif size == _SIZED:
            start = at + 1
            at = start + _LENGTH_BYTES[first]
            at += int.from_bytes(body[start:at], "big")
        elif size == _CONTAINER:
            start = at + 1
            at = start + _LENGTH_BYTES.get(first, 0)
            inside = int.from_bytes(body[start:at], "big") if at > start else first & 0x0F
            if first < 0x90 or first >= 0xDE:
                inside *= 2
            left -= inside
            if left < 0:
                return f"holds over {values:,} values"
            if len(outer) >= levels:
                return f"is nested deeper than {levels} levels"
            outer.append(waiting)
            waiting = inside
        elif size == _UINT64:
            if body[at + 1 : at + 2] >= b"\x80":
                return "holds an integer of over 64 bits"
            at += 9
        else:
            return "holds a value of an extension type" if size == _EXTENSION else "holds the unused byte 0xc1"
        while not waiting:
            if not outer:
                return None  # what follows, the decoder refuses
            waiting = outer.pop()
    return "ends in the middle of a value"
