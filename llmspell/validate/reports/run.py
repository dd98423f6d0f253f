"""What came of a run, for people: its verdict, its output, its calls, and what it used of what it was allowed.

The rule kept here: an outcome came from elsewhere; of a field that is not of its kind nothing is shown.
"""

from __future__ import annotations

import json
import math
from typing import Any

from llmspell.limits import format_size
from llmspell.validate.reports.totals import finite
from llmspell.validate.result import Result, TimedCall

MOST_OUTPUT = 65_536
"""Characters of an output that are shown: its begin."""
MOST_CALLS = 300
"""Calls of a run that are shown."""

_METERS = (
    ("memory", ("peak_memory_bytes",), "memory", "bytes"),
    ("time", ("wall_seconds",), "wall", "seconds"),
    ("processor", ("cpu_seconds",), "cpu", "seconds"),
    ("output", ("output_bytes",), "output", "bytes"),
    ("calls", ("calls",), "calls", "count"),
    ("model calls", ("model_calls",), "model_calls", "count"),
    ("tokens", ("prompt_tokens", "completion_tokens"), "tokens", "count"),
    ("cost", ("cost_usd",), "cost", "USD"),
)


def run_of(result: Result) -> dict[str, Any] | None:
    """The run, None where there was none."""
    outcome = result.outcome
    if outcome is None:
        return None
    error = _map(outcome.get("error"))
    return {
        "verdict": _text(outcome.get("verdict")),
        "error": _error(error) if error else None,
        "value": None if outcome.get("value") is None else _cut(_pretty(outcome["value"])),
        "stdout": _cut(_text(outcome.get("stdout"))),
        "stderr": _cut(_text(outcome.get("stderr"))),
        "meters": _meters(_map(outcome.get("usage")), result.limits),
    }


def calls_of(result: Result) -> dict[str, Any] | None:
    """The calls on a line of time: where each begins and how long it is, in parts of the whole."""
    if not result.calls:
        return None
    used = _map((result.outcome or {}).get("usage"))
    ends = [finite(call.begun_seconds) + finite(call.wall_seconds) for call in result.calls]
    whole = max(*ends, _number(used.get("wall_seconds")), 1e-9)
    return {
        "seconds": _seconds(whole),
        "calls": [_call(call, whole) for call in result.calls[:MOST_CALLS]],
        "more": max(0, len(result.calls) - MOST_CALLS),
    }


def _call(call: TimedCall, whole: float) -> dict[str, Any]:
    begun, took = finite(call.begun_seconds), finite(call.wall_seconds)
    return {
        "capability": _cut(_text(call.capability), 80)[0],
        "name": _cut(_text(call.name), 120)[0],
        "agent": _cut(_text(call.agent), 120)[0],
        "ok": bool(call.ok),
        "begin": round(begun / whole, 5),
        "length": round(took / whole, 5),
        "begun": _seconds(begun),
        "took": _seconds(took),
    }


def _meters(usage: dict[str, Any], limits: dict[str, float]) -> list[dict[str, Any]]:
    made = []
    for name, keys, limit, unit in _METERS:
        used = math.fsum(_number(usage.get(key)) for key in keys)
        allowed = _number(_map(limits).get(limit))
        if not any(isinstance(usage.get(key), (int, float)) for key in keys):
            continue
        text = _amount(used, unit) + (f" of {_amount(allowed, unit)}" if allowed else "")
        made.append({"name": name, "text": text, "part": round(min(used / allowed, 1.0), 4) if allowed else None})
    return made


def _error(error: dict[str, Any]) -> dict[str, Any]:
    line = error.get("line")
    place = _text(error.get("file")) + (f":{line}" if isinstance(line, int) else "")
    traceback = error.get("traceback")
    rows = [_text(row) for row in traceback[:50]] if isinstance(traceback, (list, tuple)) else []
    return {
        "kind": _text(error.get("kind")),
        "message": _cut(_text(error.get("message")), 4000)[0],
        "place": place,
        "traceback": _cut("\n".join(rows), 8000)[0],
    }


def _amount(amount: float, unit: str) -> str:
    if unit == "bytes":
        return format_size(int(amount))
    if unit == "seconds":
        return _seconds(amount)
    return f"{amount:,.4g} USD" if unit == "USD" else f"{amount:,.0f}"


def _seconds(seconds: float) -> str:
    """Seconds for people.

    >>> _seconds(0.0004), _seconds(0.25), _seconds(12.3), _seconds(300)
    ('0.4 ms', '250 ms', '12.3 s', '300 s')
    """
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds:,.0f} s"


def _pretty(value: Any) -> str:
    try:
        return json.dumps(value, indent=2, ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):
        return "(a value that JSON cannot say)"


def _cut(text: str, most: int = MOST_OUTPUT) -> tuple[str, int]:
    """The begin of a text, and how many characters follow."""
    return text[:most], max(0, len(text) - most)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float:
    return finite(value) if isinstance(value, (int, float)) and abs(value) < 1e18 else 0.0
