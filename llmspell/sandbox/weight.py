"""How many bytes the host holds for a value that travels: an estimate, made without copying anything."""

from typing import Any

LARGE = 1024 * 1024
"""Bytes (`weight`) of a large answer. A job that has given one in this run is taken to give them again."""


def text_weight(text: str) -> int:
    """At most how many bytes a text takes: one character beyond the others makes four of each (PEP 393)."""
    return len(text) if text.isascii() else 4 * len(text)


def is_large(value: Any) -> bool:
    """Whether an answer, as a tool gave it, is over `LARGE`. It may hold itself: the walk is bounded."""
    total, stack = 0, [value]
    while stack and total <= LARGE:
        item = stack.pop()
        total += 64
        if isinstance(item, str):
            total += text_weight(item)
        elif isinstance(item, bytes):
            total += len(item)
        elif isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, (list, tuple)):
            stack.extend(item)
    return total > LARGE


def weight(value: Any) -> int:
    """About how many bytes the host holds for a value: its text and bytes, and 64 for each value in it."""
    total, stack = 0, [value]
    while stack:
        item = stack.pop()
        total += 64
        if isinstance(item, str):
            total += text_weight(item)
        elif isinstance(item, bytes):
            total += len(item)
        elif isinstance(item, dict):
            stack.extend(item.values())
            total += sum(map(text_weight, item))
        elif isinstance(item, (list, tuple)):
            stack.extend(item)
    return total
