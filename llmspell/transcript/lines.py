"""The vocabulary of a transcript: its events, and which fields each has.

The rule kept here: a line is checked field by field before anybody looks at it, because a cassette is a hostile file.
Fields that nobody knows are left alone; an event that nobody knows is not.
"""

from __future__ import annotations

import json
import re
from typing import Any

from llmspell.transcript.beside import MAX_VALUE, is_sum
from llmspell.transcript.form import MAX_DEPTH, TranscriptError, decode, is_deep

SCHEMA = "llmspell.transcript/1"
MAX_LINE = MAX_VALUE
MAX_VALUES = 4_000_000
"""Values that one line may hold: a frame has 262,144, and a log of many calls less than this."""

_NUMBER = (int, float)
_TEXT = (str,)
_NONE = type(None)
VALUE = (object,)
"""A value, or `{"$value": sum, "size": n}` for one that lies beside the transcript."""

EVENTS: dict[str, dict[str, tuple[type, ...]]] = {
    "transcript": {
        "schema": _TEXT, "llmspell": _TEXT, "script": (dict,), "engine": (dict,), "arguments": (list,),
        "limits": (dict,), "environment": VALUE, "seed": (int, _NONE), "clock": (*_NUMBER, _NONE), "sleeps": (bool,),
        "labels": (dict,),
    },
    "call": {
        "step": (int,), "at": _NUMBER, "capability": _TEXT, "name": (str, _NONE), "counted": (bool,),
        "arguments": VALUE,
    },
    "reply": {"step": (int,), "at": _NUMBER, "ok": (bool,), "value": VALUE},
    "limit": {"step": (int, _NONE), "at": _NUMBER, "name": _TEXT, "allowed": _NUMBER, "used": _NUMBER, "unit": _TEXT},
    "nested": {"number": (int,), "at": _NUMBER, "agent": _TEXT, "capability": _TEXT, "name": _TEXT, "arguments": VALUE},
    "nested_reply": {"number": (int,), "at": _NUMBER, "ok": (bool,), "value": VALUE},
    "model": {
        "agent": _TEXT, "at": _NUMBER, "provider": _TEXT, "model": _TEXT, "asked": _TEXT, "ok": (bool,), "value": VALUE,
    },
    "output": {"at": _NUMBER, "stream": _TEXT, "data": VALUE},
    "resumed": {"at": _NUMBER},
    "end": {"at": _NUMBER, "outcome": (dict,), "stdout": (dict,), "stderr": (dict,), "masked": (int,)},
}  # fmt: skip
"""What each event has. The first line is `transcript`, and the last one of a run that is over is `end`."""

_NAMES = {int: "whole number", float: "number", str: "text", bool: "boolean", dict: "map", list: "list"}
# possessive, and to the end where nothing closes it: each byte is looked at once, whatever the line holds
_QUOTED = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?+\Z)', re.DOTALL)
_OPENING = (b"{", b"[", b",")


def read_line(data: bytes, number: int) -> dict[str, Any]:
    """The event of one line. Raises TranscriptError that names the line."""
    if len(data) > MAX_LINE:
        raise _broken(number, f"it has {len(data):,} bytes and may have {MAX_LINE:,}")
    if most_values(data) > MAX_VALUES and most_values(_QUOTED.sub(b"", data)) > MAX_VALUES:
        raise _broken(number, f"it holds over {MAX_VALUES:,} values")
    try:
        event = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _broken(number, "it is nested too deep" if type(error) is RecursionError else "it is no JSON") from None
    if type(event) is not dict:
        raise _broken(number, "it is no map")
    if _may_be_deep(data) and is_deep(event):
        raise _broken(number, "it is nested too deep")
    kind = event.get("event")
    fields = EVENTS.get(kind) if type(kind) is str else None
    if fields is None:
        raise _broken(number, f"it is an event of an unknown kind: {kind!r:.60}")
    for name, kinds in fields.items():
        if name not in event:
            raise _broken(number, f"the event {kind!r} lacks {name!r}")
        value = event[name]
        if kinds is not VALUE and type(value) not in kinds:
            raise _broken(number, f"{name!r} of the event {kind!r} is no {' or '.join(map(_name, kinds))}")
    if kind == "limit" and not (0 <= event["allowed"] < 1e18 and 0 <= event["used"] < 1e18):
        raise _broken(number, "the figures of the event 'limit' are none")
    at = event.get("at")
    if at is not None and not 0 <= at < 1e9:
        raise _broken(number, f"'at' of the event {kind!r} is no time")
    return event


def value_of(event: dict[str, Any], field: str, *, marked: bool = True) -> Any:
    """The value of a field that was read; `marked`: there may be marks in it. Raises TranscriptError."""
    value = event[field]
    if not marked:
        return value
    try:
        return decode(value)
    except (ValueError, RecursionError) as error:
        what = "it is nested too deep" if type(error) is RecursionError else str(error)[:200]
        raise TranscriptError(f"{field!r} of an event {event['event']!r} is no value: {what}") from None


def beside_of(value: Any) -> str | None:
    """The sum of a value that lies beside the transcript; None for one that is there. Raises TranscriptError."""
    if type(value) is not dict or "$value" not in value:
        return None
    name = value["$value"]
    if not is_sum(name):
        raise TranscriptError(f"{name!r:.80} is no SHA-256 of a value beside the transcript")
    return str(name)


def parsed_value(text: bytes, name: str) -> Any:
    """The value whose text lay beside. Raises TranscriptError."""
    if most_values(text) > MAX_VALUES and most_values(_QUOTED.sub(b"", text)) > MAX_VALUES:
        raise TranscriptError(f"the value {name} holds over {MAX_VALUES:,} values")
    try:
        parsed = json.loads(text)
        if _may_be_deep(text) and is_deep(parsed, MAX_DEPTH - 1):  # in a line it is one level down
            raise ValueError
        return decode(parsed)
    except (ValueError, RecursionError):
        raise TranscriptError(f"the value {name} is no value of a transcript") from None


def _may_be_deep(data: bytes) -> bool:
    return data.count(b"{") + data.count(b"[") >= MAX_DEPTH


def most_values(data: bytes) -> int:
    """How many values a text of JSON holds at the most, but for the outermost one."""
    return sum(map(data.count, _OPENING))


def _name(kind: type) -> str:
    return _NAMES.get(kind, "nil")


def _broken(number: int, why: str) -> TranscriptError:
    return TranscriptError(f"line {number:,} of the transcript is broken: {why}")
