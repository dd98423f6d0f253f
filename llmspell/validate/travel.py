"""Spells and results as bytes, for other machines and for the cache; and out of bytes that nobody vouches for.

The rule kept here: what is read is decoded under a budget (`wire`), and has the shape of what was written, down to each
field, or it is a Violation. A result belongs to the spell that was asked about: it says so of none other.
"""

from __future__ import annotations

import enum
import math
import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from llmspell.limits import MIB
from llmspell.outcome import SCHEMA, CallRecord, Confinement, LimitHit, ScriptError, Usage, Verdict
from llmspell.source import sha256
from llmspell.validate.finding import Finding, Severity
from llmspell.validate.result import Result
from llmspell.validate.spell import Spell
from llmspell_workers.wire import Unsendable, Violation, pack, unpack

MAX_RESULT = 64 * MIB
"""Bytes of a result: its source and four MiB of output twice, as text in which each byte may take several."""
_APART = ("value", "calls")
"""Parts of an outcome that are large on their own: each has a budget of its own."""


def spell_bytes(spell: Spell) -> bytes:
    """A spell as bytes. Raises Unsendable."""
    findings = [finding.to_dict() for finding in spell.findings]
    return pack({**spell._asdict(), "modules": dict(spell.modules), "findings": findings})


def read_spell(data: bytes) -> Spell:
    """What `spell_bytes` made; raises Violation."""
    made = _unpacked(data)
    try:
        spell = Spell(**{**made, "findings": tuple(map(Finding.from_dict, made["findings"]))})
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Violation("it is no spell") from None
    _check(spell, Spell)
    return spell


def result_bytes(result: Result) -> bytes:
    """A result as bytes; an outcome that cannot travel is left out, and a note says so."""
    try:
        return _result_bytes(result)
    except Unsendable as error:
        note = Finding("outcome-left-out", Severity.NOTE, f"what the run gave cannot be reported: {error}")
        bare = result._replace(outcome=None, calls=(), source=None, findings=(*result.findings[:1000], note))
        return _result_bytes(bare)


def read_result(data: bytes, spell: Spell) -> Result:
    """What `result_bytes` made of the result of this spell; raises Violation."""
    made = _unpacked(data)
    try:
        outcome = made["outcome"]
        if outcome is not None:
            outcome = {key: unpack(part) if key in _APART else part for key, part in outcome.items()}
        result = Result.from_dict({**made, "outcome": outcome, "calls": unpack(made["calls"])})
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Violation("it is no result") from None
    _check(result, Result)
    if outcome is not None:
        _check_outcome(outcome)
    told = (result.path, result.engine, result.sha256)
    if told != (spell.path, spell.engine, told[2] and sha256(spell.source)) or result.cached:
        raise Violation("it is the result of another spell")
    return result


def _result_bytes(result: Result) -> bytes:
    made = result.to_dict()
    outcome = made["outcome"]
    if outcome is not None:
        outcome = {key: pack(part) if key in _APART else part for key, part in outcome.items()}
    data = pack({**made, "outcome": outcome, "calls": pack(made["calls"])})
    if len(data) > MAX_RESULT:
        raise Unsendable("result", f"has {len(data):,} bytes, and {MAX_RESULT:,} travel")
    return data


def _unpacked(data: bytes) -> dict[str, Any]:
    made = unpack(data)
    if type(made) is not dict:
        raise Violation("it is no map")
    return made


def _check_outcome(made: dict[str, Any]) -> None:
    try:
        script, engine, error, confinement = (made[key] for key in ("script", "engine", "error", "confinement"))
        cut = made["truncated"]
        if error is not None:
            error = ScriptError(**{**error, "traceback": tuple(error["traceback"])})
        parts: tuple[tuple[object, object], ...] = (
            (Verdict(made["verdict"]), Verdict),
            ((script["name"], script["sha256"]), tuple[str, str | None]),
            ((engine["name"], engine["version"]), tuple[str, str | None]),
            ((cut["stdout"], cut["stderr"]), tuple[int, int]),
            ((made["started"], made["exit_status"]), tuple[bool, int]),
            ((made["stdout"], made["stderr"], made["evidence"]), tuple[str, str, str]),
            (made["limit"] and LimitHit(**made["limit"]), LimitHit | None),
            (error, ScriptError | None),
            (Usage(**made["usage"]), Usage),
            (Confinement(**{**confinement, "namespaces": tuple(confinement["namespaces"])}), Confinement),
            (tuple(CallRecord(**call) for call in made["calls"]), tuple[CallRecord, ...]),
        )
        known = made["schema"] == SCHEMA and "value" in made
    except (KeyError, TypeError, ValueError):
        known, parts = False, ()
    if not known:
        raise Violation("it holds no outcome")
    for part, kind in parts:
        _check(part, kind)


def _check(value: object, kind: object) -> None:
    if not _fits(value, kind):
        raise Violation(f"a field of {getattr(kind, '__name__', kind)} is none such")


def _fits(value: object, kind: Any) -> bool:
    """Whether a value is what a type hint says, all through."""
    origin = get_origin(kind)
    match value:
        case _ if kind is Any:
            return True
        case _ if origin in (Union, types.UnionType):
            return any(_fits(value, one) for one in get_args(kind))
        case None:
            return kind in (None, type(None))
        case float():
            return kind is float and math.isfinite(value)
        case tuple() if hasattr(kind, "_fields"):
            return type(value) is kind and all(map(_fits, value, _hints(kind)))
        case tuple() if origin is tuple:
            inner = get_args(kind)
            if inner[-1] is Ellipsis:
                return all(_fits(one, inner[0]) for one in value)
            return len(value) == len(inner) and all(map(_fits, value, inner))
        case dict():
            if origin not in (dict, Mapping):
                return False
            of_keys, of_values = get_args(kind)
            return all(_fits(key, of_keys) and _fits(one, of_values) for key, one in value.items())
        case enum.Enum():
            return type(value) is kind
        case bool() | str() | bytes() | int():
            return type(value) is kind or (kind is float and type(value) is int)
        case _:
            return False


@cache
def _hints(kind: type) -> tuple[Any, ...]:
    return tuple(get_type_hints(kind)[name] for name in kind._fields)  # type: ignore[attr-defined]
