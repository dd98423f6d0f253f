"""Values of the wire as JSON text, with nothing lost on the way there and back.

What JSON cannot say is a map with one key: bytes are `{"$bytes": BASE64}`, a number that is not finite is
`{"$float": "NaN"}`, `"Infinity"` or `"-Infinity"`; a map that looks like one of these is `{"$map": MAP}`.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from llmspell.types.reading import MalformedError, check_sendable, described
from llmspell.utils.documents import DocumentError, Format, read_document

_FLOATS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": -float("inf")}
_MARKS = ("$bytes", "$float", "$map")


def write_json(value: Any, name: str) -> str:
    """The text of a value that can travel, keys in their order; raises MalformedError for another."""
    check_sendable(value, name)
    return json.dumps(_marked(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def read_json(text: str, name: str) -> Any:
    """The value of such a text; raises MalformedError, with the place where there is one."""
    try:
        value = read_document(text, Format.JSON)
        made = _plain(value, name)
    except DocumentError as error:
        raise MalformedError(name, str(error)) from None
    except RecursionError:
        raise MalformedError(name, "is nested too deeply") from None
    check_sendable(made, name)
    return made


def _marked(value: Any) -> Any:
    if isinstance(value, dict):
        made = {key: _marked(item) for key, item in value.items()}
        return {"$map": made} if _is_marked(value) else made
    if isinstance(value, (list, tuple)):
        return [_marked(item) for item in value]
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode("ascii")}
    if isinstance(value, float) and not -float("inf") < value < float("inf"):
        return {"$float": "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"}
    return value


def _plain(value: Any, place: str) -> Any:
    if isinstance(value, list):
        return [_plain(item, f"{place}[{at}]") for at, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if not _is_marked(value):
        return {key: _plain(item, f"{place}.{key}") for key, item in value.items()}
    ((mark, inner),) = value.items()
    if mark == "$map" and isinstance(inner, dict):
        return {key: _plain(item, f"{place}.{key}") for key, item in inner.items()}
    if mark == "$float" and isinstance(inner, str) and inner in _FLOATS:
        return _FLOATS[inner]
    if mark == "$bytes" and isinstance(inner, str):
        try:
            return base64.b64decode(inner, validate=True)
        except (binascii.Error, ValueError):
            pass
    raise MalformedError(place, f"marks {mark} and does not hold one, but {described(inner)}")


def _is_marked(value: dict[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)) in _MARKS
