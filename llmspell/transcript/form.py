"""How the values of the wire are written in a transcript: JSON that loses nothing, in ASCII.

Bytes are `{"$bytes": base64}`, a float that is not finite is `{"$float": "nan"}`, and a key that begins with `$` is
written with one more of them. The rule kept here: what is read back is what was written, to the type.
"""

from __future__ import annotations

import json
from typing import Any

from llmspell.errors import UsageError

MAX_DEPTH = 64
"""Levels of one line: what travels has 48, and a line adds a few. No deeper one is read."""

_encode = json.JSONEncoder(ensure_ascii=True, allow_nan=False, check_circular=False, separators=(",", ":")).encode
_canonical = json.JSONEncoder(ensure_ascii=True, check_circular=False, separators=(",", ":"), sort_keys=True).encode
_FLOATS = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}
_MARK = '"$'
"""What no text of plain values holds: a key with a meaning of ours, or text that begins like one."""


class TranscriptError(UsageError):
    """A transcript, or what lies beside it, cannot be written, or is not what it should be."""


def encode(value: object) -> str:
    """The text of a value that can travel (`wire.check`).

    >>> encode({"a": [1, 1.0, b"x", float("nan")], "$k": None})
    '{"a":[1,1.0,{"$bytes":"eA=="},{"$float":"nan"}],"$$k":null}'
    """
    try:
        text = _encode(value)
    except (TypeError, ValueError):  # bytes, or a float that is not finite
        return _encode(_marked(value))
    return _encode(_marked(value)) if _MARK in text else text


def canonical(value: object) -> str:
    """A text that is the same for the same value, whatever the order of its keys."""
    return _canonical(_marked(value))


def decode(parsed: Any) -> Any:
    """The value, from what `json.loads` makes of its text. Raises ValueError for marks that mean nothing.

    >>> decode({"a": [1, {"$bytes": "eA=="}], "$$k": None})
    {'a': [1, b'x'], '$k': None}
    """
    if type(parsed) is list:
        return [decode(item) for item in parsed]
    if type(parsed) is not dict:
        return parsed
    if len(parsed) == 1:
        ((key, item),) = parsed.items()
        if key == "$bytes":
            return _bytes(item)
        if key == "$float":
            return _FLOATS[item] if item in ("nan", "inf", "-inf") else _refuse(key)
    return {_key(key): decode(item) for key, item in parsed.items()}


def is_deep(parsed: Any, most: int = MAX_DEPTH) -> bool:
    """Whether maps and lists lie in more levels of others than these.

    >>> is_deep([[1], {"a": 2}], 2), is_deep([[[]]], 2)
    (False, True)
    """
    level = [parsed] if type(parsed) in (dict, list) else []
    for _ in range(most):
        if not level:
            return False
        level = [
            item
            for each in level
            for item in (each.values() if type(each) is dict else each)
            if type(item) is dict or type(item) is list
        ]
    return bool(level)


def same(recorded: Any, given: Any) -> bool:
    """Whether two values are the same to the type; the order of a map's keys does not matter, and NaN is itself."""
    kind = type(recorded)
    if kind is not type(given):
        if kind is tuple or type(given) is tuple:
            return _is_list(recorded) and _is_list(given) and same(list(recorded), list(given))
        return False
    if kind is dict:
        return len(recorded) == len(given) and all(
            key in given and same(item, given[key]) for key, item in recorded.items()
        )
    if kind is list:
        return len(recorded) == len(given) and all(map(same, recorded, given))
    if kind is float:
        return repr(recorded) == repr(given)
    return bool(recorded == given)


def _is_list(value: object) -> bool:
    return isinstance(value, (list, tuple))


def _marked(value: Any) -> Any:
    if isinstance(value, dict):
        return {f"${key}" if key.startswith("$") else key: _marked(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_marked(item) for item in value]
    if isinstance(value, (bytes, bytearray)):
        import base64

        return {"$bytes": base64.b64encode(value).decode("ascii")}
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return {"$float": str(float(value))}
    return value


def _key(key: str) -> str:
    if not key.startswith("$"):
        return key
    return key[1:] if key.startswith("$$") else _refuse(key)


def _bytes(text: object) -> bytes:
    import base64

    return base64.b64decode(text, validate=True) if type(text) is str else _refuse("$bytes")


def _refuse(key: str) -> Any:
    raise ValueError(f"{key[:40]!r} has no meaning here")
