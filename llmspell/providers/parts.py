"""How many values a text of JSON holds, counted as it comes: what is small there takes fifty times as much once read.

The rule kept here: each byte is looked at once, and what is within text does not count.
"""

from __future__ import annotations

import re

MOST_VALUES = 1_000_000
"""Values of one answer, or of one event of a stream; in memory they take about 150 MB."""

_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_BEFORE = (b"{", b"[", b",")
"""What each value but a map's stands behind."""


class Values:
    """The count so far of a text that comes in pieces.

    >>> values = Values()
    >>> [values.feed(piece) for piece in (b'{"a": [1, "x, ', b'[y', b'"], "b": 2}')]
    [3, 3, 4]
    """

    __slots__ = ("_half", "_inside", "count")

    def __init__(self) -> None:
        self._half = b""  # a backslash whose character has not come
        self._inside = False
        self.count = 0

    def feed(self, piece: bytes) -> int:
        """The count with this piece."""
        piece = self._half + piece
        whole = len(piece) - (len(piece) - len(piece.rstrip(b"\\"))) % 2
        self._half = piece[whole:]
        parts = _ESCAPED.sub(b"", piece[:whole]).split(b'"')
        self.count += sum(part.count(mark) for part in parts[self._inside :: 2] for mark in _BEFORE)
        self._inside ^= len(parts) % 2 == 0
        return self.count
