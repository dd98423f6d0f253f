"""A second decoder of the wire's values, written from the specification of msgpack, to compare the real one.

It is slow and plain, shares no code with the package under test, and says no by raising Refused.
"""

from __future__ import annotations

import struct
from typing import Any

LEVELS = 48
VALUES = 262_144


class Refused(Exception):
    """The bytes are no value of the wire."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.values = 0

    def take(self, size: int) -> bytes:
        part = self.data[self.at : self.at + size]
        if len(part) < size:
            raise Refused("cut short")
        self.at += size
        return part

    def uint(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def value(self, level: int) -> Any:
        self.values += 1
        if self.values > VALUES:
            raise Refused("too many values")
        first = self.uint(1)
        match first:
            case _ if first <= 0x7F:
                return first
            case _ if first >= 0xE0:
                return first - 256
            case _ if first <= 0x8F:
                return self.map(first & 15, level)
            case _ if first <= 0x9F:
                return self.list(first & 15, level)
            case _ if first <= 0xBF:
                return self.text(first & 31)
            case 0xC0:
                return None
            case 0xC2 | 0xC3:
                return first == 0xC3
            case 0xC4 | 0xC5 | 0xC6:
                return self.take(self.uint(1 << (first - 0xC4)))
            case 0xCA:
                return struct.unpack(">f", self.take(4))[0]
            case 0xCB:
                return struct.unpack(">d", self.take(8))[0]
            case 0xCC | 0xCD | 0xCE | 0xCF:
                number = self.uint(1 << (first - 0xCC))
                if number >= 2**63:
                    raise Refused("over int64")
                return number
            case 0xD0 | 0xD1 | 0xD2 | 0xD3:
                return int.from_bytes(self.take(1 << (first - 0xD0)), "big", signed=True)
            case 0xD9 | 0xDA | 0xDB:
                return self.text(self.uint(1 << (first - 0xD9)))
            case 0xDC | 0xDD:
                return self.list(self.uint(2 << (first - 0xDC)), level)
            case 0xDE | 0xDF:
                return self.map(self.uint(2 << (first - 0xDE)), level)
        raise Refused("an extension type, or the unused byte")

    def text(self, size: int) -> str:
        try:
            return self.take(size).decode("utf-8")
        except UnicodeDecodeError:
            raise Refused("no UTF-8") from None

    def list(self, size: int, level: int) -> list[Any]:
        self.deeper(level)
        return [self.value(level + 1) for _ in range(size)]

    def map(self, size: int, level: int) -> dict[str, Any]:
        self.deeper(level)
        made: dict[str, Any] = {}
        for _ in range(size):
            key = self.value(level + 1)
            if type(key) is not str or key in made:
                raise Refused("a key that is no text, or is there twice")
            made[key] = self.value(level + 1)
        return made

    def deeper(self, level: int) -> None:
        if level > LEVELS:
            raise Refused("too deep")


def decode(data: bytes) -> Any:
    """The value that `data` holds, all of it; raises Refused."""
    reader = _Reader(data)
    value = reader.value(1)
    if reader.at != len(data):
        raise Refused("more bytes than the value")
    return value
