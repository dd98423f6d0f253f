"""The tool `text-manipulator`: the operations on one text, by name.

The rule kept here: lengths and positions are characters, and what a script asks for is bounded before it
is made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from llmspell.tools import text_changes
from llmspell.tools.answer import RESULT_CAP, answer, check_size, given, invalid, needed
from llmspell.tools.tool import ToolGrants

MOST_PARTS = 50_000
"""Parts that `split` makes and `join` takes."""

_INPUT = ("input", "text", "content", "data")
_SIMPLE: dict[str, Callable[[str], str]] = {
    "uppercase": str.upper,
    "lowercase": str.lower,
    "reverse": lambda text: text[::-1],
    "trim": str.strip,
    "snake_case": text_changes.snake_case,
    "camel_case": text_changes.camel_case,
    "pascal_case": text_changes.pascal_case,
    "sanitize": text_changes.sanitized,
    "dedent": text_changes.dedented,
    "normalize_whitespace": text_changes.normalized_whitespace,
}
_OPERATIONS = [*_SIMPLE, "replace", "substring", "split", "join", "truncate", "indent", "word_wrap"]


def _count(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "maximum": RESULT_CAP, "description": description, **more}


_OPTIONS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "from": {"type": "string", "description": "what replace looks for, literally"},
        "to": {"type": "string", "description": "what replace puts there"},
        "pattern": {
            "type": "string",
            "deprecated": True,
            "description": "older spelling of from; a literal text",
        },
        "replacement": {"type": "string", "deprecated": True, "description": "older spelling of to"},
        "start": _count("first character of substring, counted from 0"),
        "end": _count("character before which substring ends"),
        "delimiter": {"type": "string", "default": " ", "description": "between the parts of split and join"},
        "max_length": _count("characters that truncate leaves", default=100),
        "spaces": _count("spaces that indent puts before each line", default=4),
        "width": {**_count("characters in a line of word_wrap", default=80), "minimum": 1},
    },
    "additionalProperties": False,
    "description": "what the operation needs to know",
}
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "operation": {"type": "string", "enum": _OPERATIONS, "description": "what to do with the text"},
        "input": {
            "type": ["string", "array"],
            "items": {"type": "string"},
            "description": "the text; for join a list of texts, or a JSON array of them",
        },
        "options": _OPTIONS,
        **{
            older: {"type": ["string", "array"], "deprecated": True, "description": "older spelling of input"}
            for older in _INPUT[1:]
        },
    },
    "required": ["operation"],
    "additionalProperties": False,
}


class TextManipulator:
    """One operation on one text; what each does is in `text_changes.py`."""

    __slots__ = ()
    name = "text-manipulator"
    description = "Text manipulation and transformation tool"
    category = "utility"
    version = "1.0.0"
    schema = _SCHEMA
    blocking = True
    large = True

    def execute(self, parameters: Mapping[str, Any], grants: ToolGrants) -> dict[str, Any]:  # noqa: ARG002
        """The answer of one call; raises `CallError` of kind `validation`."""
        operation = parameters["operation"]
        options = parameters.get("options") or {}
        source = needed(self.name, operation, parameters, _INPUT)
        if operation == "join":
            return self._joined(source, options)
        if not isinstance(source, str):
            raise invalid(self.name, f"parameter 'input' must be a string for {operation}, not a list", "input")
        check_size(self.name, "the input", source)
        try:
            made = self._made(operation, source, options)
        except text_changes.TooLongError:
            raise invalid(self.name, f"the result would be over {RESULT_CAP:,} characters") from None
        if isinstance(made, list):
            return self._finished(operation, len(source), made, json.dumps(made, ensure_ascii=False))
        return self._finished(operation, len(source), made, made)

    def _finished(self, operation: str, before: int, made: str | list[str], text: str) -> dict[str, Any]:
        check_size(self.name, "the result", text, RESULT_CAP)
        found = {
            "result": made,
            "operation": operation,
            "original_length": before,
            "result_length": len(made),
        }
        return answer(operation, f"text {operation} completed", found, text)

    def _made(self, operation: str, text: str, options: Mapping[str, Any]) -> str | list[str]:
        simple = _SIMPLE.get(operation)
        if simple is not None:
            return simple(text)
        match operation:
            case "replace":
                old = self._option(operation, options, ("from", "pattern"))
                new = self._option(operation, options, ("to", "replacement"))
                if not old:
                    raise invalid(self.name, "option 'from' of replace is empty", "options")
                return text_changes.replaced(text, old, new, RESULT_CAP)
            case "substring":
                start = self._option(operation, options, ("start",))
                return text[start : self._option(operation, options, ("end",))]
            case "split":
                return self._split(text, options)
            case "truncate":
                return text_changes.truncated(text, _number(options, "max_length", 100))
            case "indent":
                return text_changes.indented(text, _number(options, "spaces", 4), RESULT_CAP)
            case _:
                return text_changes.wrapped(text, _number(options, "width", 80), RESULT_CAP)

    def _option(self, operation: str, options: Mapping[str, Any], names: tuple[str, ...]) -> Any:
        value = given(options, names)
        if value is None:
            raise invalid(self.name, f"operation {operation!r} needs the option {names[0]!r}", "options")
        return value

    def _split(self, text: str, options: Mapping[str, Any]) -> list[str]:
        delimiter = _delimiter(options)
        if not delimiter:
            raise invalid(self.name, "option 'delimiter' of split is empty", "options")
        count = text.count(delimiter) + 1
        if count > MOST_PARTS:
            raise invalid(self.name, f"split would make {count:,} parts, the most is {MOST_PARTS:,}")
        return text.split(delimiter)

    def _joined(self, source: str | list[Any], options: Mapping[str, Any]) -> dict[str, Any]:
        parts = self._parts(source)
        delimiter = _delimiter(options)
        if sum(map(len, parts)) + len(parts) * len(delimiter) > RESULT_CAP:
            raise invalid(self.name, f"the result would be over {RESULT_CAP:,} characters")
        made = delimiter.join(parts)
        return self._finished("join", sum(map(len, parts)), made, made)

    def _parts(self, source: str | list[Any]) -> list[str]:
        parts: Any = source
        if isinstance(source, str):
            check_size(self.name, "the input", source)
            try:
                parts = json.loads(source)
            except (ValueError, RecursionError):
                parts = None
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise invalid(self.name, "join needs 'input' to be a list of texts, or a JSON array of them", "input")
        if len(parts) > MOST_PARTS:
            raise invalid(self.name, f"join of {len(parts):,} parts, the most is {MOST_PARTS:,}", "input")
        return parts


def _number(options: Mapping[str, Any], name: str, default: int) -> int:
    value: int | None = options.get(name)
    return default if value is None else value


def _delimiter(options: Mapping[str, Any]) -> str:
    value: str | None = options.get("delimiter")
    return " " if value is None else value
