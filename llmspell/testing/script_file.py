"""A script as a JSON document: for the command line, and for tests that keep their answers beside them.

`{"key": ..., "models": [...], "answers": [REPLY, ...], "rules": [{"match": ..., "reply": REPLY}, ...]}`, all optional.
A REPLY is a text, or an object with the fields of `Answer`, or `{"error": FAILURE}`, or `{"document": PLAIN}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from llmspell.testing.answers import Answer, Failure, Fault, Pause, Piece, Plain, Raw, Reply, ToolCall, Usage
from llmspell.testing.script import Rule


class ScriptFileError(ValueError):
    """The document says something that nobody understands; the message says where."""


class ScriptFile(NamedTuple):
    """What a script file says."""

    key: str | None = None
    models: tuple[str, ...] = ()
    answers: tuple[Reply, ...] = ()
    rules: tuple[Rule, ...] = ()


def read_script(path: Path) -> ScriptFile:
    """The script in a file. Raises OSError, and ScriptFileError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ScriptFileError(f"{path}: not JSON: {error}") from None
    try:
        return script_of(document)
    except ScriptFileError as error:
        raise ScriptFileError(f"{path}: {error}") from None


def script_of(document: object) -> ScriptFile:
    """The script in a document. Raises ScriptFileError."""
    fields = _fields(document, ScriptFile._fields, "the script")
    answers, rules = _list(fields, "answers"), _list(fields, "rules")
    return ScriptFile(
        key=_typed(fields, "key", str, "the script"),
        models=tuple(str(name) for name in _list(fields, "models")),
        answers=tuple(_reply(each, f"answers[{at}]") for at, each in enumerate(answers)),
        rules=tuple(_rule(each, f"rules[{at}]") for at, each in enumerate(rules)),
    )


def _rule(document: object, where: str) -> Rule:
    fields = _fields(document, ("match", "pattern", "model", "nth", "path", "reply"), where)
    if "reply" not in fields:
        raise ScriptFileError(f"{where} has no 'reply'")
    match: str | re.Pattern[str] | None = _typed(fields, "match", str, where)
    if "pattern" in fields:
        match = _pattern(fields["pattern"], where)
    given = {name: _typed(fields, name, kind, where) for name, kind in _RULE_TYPES.items() if name in fields}
    return Rule(_reply(fields["reply"], f"{where}.reply"), match, **given)


def _reply(document: object, where: str) -> Reply:
    match document:
        case str():
            return document
        case {"error": error}:
            fields = _fields(error, Failure._fields, f"{where}.error")
            return Failure(**_checked(fields, _FAILURE_TYPES, f"{where}.error"))
        case {"document": plain}:
            fields = _fields(plain, Plain._fields, f"{where}.document")
            return Plain(**_checked(fields, _PLAIN_TYPES, f"{where}.document"))
        case _:
            return _answer(_fields(document, Answer._fields, where), where)


def _answer(fields: Mapping[str, Any], where: str) -> Answer:
    given = _checked(fields, _ANSWER_TYPES, where)
    if "pieces" in given:
        given["pieces"] = tuple(_piece(each, f"{where}.pieces[{at}]") for at, each in enumerate(given["pieces"]))
    calls = given.get("tool_calls", [])
    given["tool_calls"] = tuple(_tool_call(each, f"{where}.tool_calls[{at}]") for at, each in enumerate(calls))
    if "usage" in given:
        usage = _checked(_fields(given["usage"], Usage._fields, f"{where}.usage"), _USAGE_TYPES, f"{where}.usage")
        given["usage"] = Usage(usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0))
    return Answer(**given)


def _piece(document: object, where: str) -> Piece:
    match document:
        case str():
            return document
        case {"pause": int() | float() as seconds} if not isinstance(seconds, bool) and 0 <= seconds <= 3600:
            return Pause(float(seconds))
        case {"raw": str(text)}:
            return Raw(text.encode())
        case {"fault": str(name)} if name in {fault.value for fault in Fault}:
            return Fault(name)
        case _:
            faults = ", ".join(fault.value for fault in Fault)
            raise ScriptFileError(
                f"{where} is no piece: write a text, {{'pause': SECONDS}}, {{'raw': TEXT}}, or {{'fault': NAME}} with "
                f"a name of {faults}"
            )


def _tool_call(document: object, where: str) -> ToolCall:
    fields = _fields(document, ToolCall._fields, where)
    if "name" not in fields:
        raise ScriptFileError(f"{where} has no 'name'")
    return ToolCall(**_checked(fields, _TOOL_CALL_TYPES, where))


def _pattern(source: object, where: str) -> re.Pattern[str]:
    try:
        return re.compile(str(source))
    except re.error as error:
        raise ScriptFileError(f"{where}.pattern: {error}") from None


_NUMBER = (int, float)
_RULE_TYPES: dict[str, Any] = {"model": str, "nth": int, "path": str}
_USAGE_TYPES: dict[str, Any] = {"prompt_tokens": int, "completion_tokens": int}
_PLAIN_TYPES: dict[str, Any] = {"body": object, "status": int, "headers": dict}
_TOOL_CALL_TYPES: dict[str, Any] = {"name": str, "arguments": (dict, str), "id": str, "piece_size": int}
_FAILURE_TYPES: dict[str, Any] = {
    "status": int,
    "message": str,
    "type": str,
    "code": str,
    "retry_after": (*_NUMBER, str),
    "headers": dict,
}
_ANSWER_TYPES: dict[str, Any] = {
    "text": str,
    "pieces": list,
    "tool_calls": list,
    "finish_reason": str,
    "usage": dict,
    "reports_usage": bool,
    "sends_done": bool,
    "refusal": str,
    "bytes_at_once": int,
}


def _fields(document: object, known: tuple[str, ...], where: str) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise ScriptFileError(f"{where} must be an object, and is {type(document).__name__}")
    for name in document:
        if name not in known:
            raise ScriptFileError(f"{where} has the unknown field {name!r}; known are {', '.join(known)}")
    return document


def _checked(fields: Mapping[str, Any], types: Mapping[str, Any], where: str) -> dict[str, Any]:
    return {name: _typed(fields, name, types[name], where) for name in fields}


def _typed(fields: Mapping[str, Any], name: str, kind: Any, where: str) -> Any:
    value = fields.get(name)
    if name in fields and (not isinstance(value, kind) or (isinstance(value, bool) and kind in {int, _NUMBER})):
        wanted = " or ".join(each.__name__ for each in (kind if isinstance(kind, tuple) else (kind,)))
        raise ScriptFileError(f"{where}.{name} must be {wanted}, and is {type(value).__name__}")
    return value


def _list(fields: Mapping[str, Any], name: str) -> list[Any]:
    return _typed(fields, name, list, "the script") or []
