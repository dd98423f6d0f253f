"""JSON that every parser takes, from values that anybody may have sent."""

from __future__ import annotations

import json
import math
import re
from typing import Any

DEEPEST = 100
"""Levels of lists and maps that are written; what lies deeper is left out."""

_LONE = re.compile(r"[\ud800-\udfff]")
_UNSEEN = re.compile(r"[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_MARKUP = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


def json_text(value: Any) -> str:
    """A value as JSON on one line. Half a surrogate pair, which many parsers refuse, is written as its name; what turns
    the direction of text or cannot be seen is there, escaped.

    >>> print(json_text({"a": [1, "\\ud800", float("inf")]}))
    {"a":[1,"\\\\ud800","inf"]}
    """
    try:
        text = _encoded(value)
    except (ValueError, TypeError, RecursionError):
        text = _encoded(_tamed(value, DEEPEST))
    text = _LONE.sub(lambda found: f"\\\\u{ord(found[0]):04x}", text)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def island(value: Any) -> str:
    """The same, for a `script` element of a page: no text of it ends the element or begins a comment.

    >>> print(island("</script><!--"))
    "\\u003c/script\\u003e\\u003c!--"
    """
    return json_text(value).translate(_MARKUP)


def _encoded(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _tamed(value: Any, levels: int) -> Any:
    if isinstance(value, str) or value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if value.bit_length() <= 64 else f"an integer of {value.bit_length()} bits"
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if levels and isinstance(value, dict):
        return {str(key): _tamed(one, levels - 1) for key, one in value.items()}
    if levels and isinstance(value, (list, tuple)):
        return [_tamed(one, levels - 1) for one in value]
    return f"({type(value).__name__})"
