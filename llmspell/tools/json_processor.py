"""The tool `json-processor`: JSON queried, validated against a schema, and read line by line.

The rule kept here: the input, the query and the schema are all hostile; each has bounds of its own, in
`json_values.py`, `json_query.py` and `bounded_schema.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from typing import Any

from llmspell.tools.answer import INPUT_CAP, RESULT_CAP, answer, given, invalid, needed
from llmspell.tools.json_order import Budget, QueryError
from llmspell.tools.json_query import compiled
from llmspell.tools.json_values import MOST_VALUES, UnfitError, measure, read_json
from llmspell.tools.tool import ToolGrants

MOST_SCHEMA_VALUES = 5_000
"""Values in a schema to validate against."""
MOST_ERRORS = 100
"""Errors that one validation lists."""

_INPUT = ("input", "data", "json", "content", "text")
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "operation": {
            "type": "string",
            "enum": ["query", "validate", "stream", "transform", "jq", "parse", "stringify"],
            "default": "query",
            "description": "query (also transform, jq); validate; stream: query each line; parse; stringify",
        },
        "input": {"description": "a value, or a JSON text; for stream a text with a JSON value in each line"},
        "query": {
            "type": "string",
            "default": ".",
            "description": "a path and more, such as '.items[] | .name'",
        },
        "schema": {"description": "the JSON Schema (draft 7) for validate: a map, or a JSON text"},
        **{older: {"deprecated": True, "description": "older spelling of input"} for older in _INPUT[1:]},
    },
    "required": [],
    "additionalProperties": False,
}


class JsonProcessor:
    """Operations `query`, `validate`, `stream`, `parse` and `stringify`."""

    __slots__ = ()
    name = "json-processor"
    description = "Query JSON with a part of jq's language, and validate it against a schema"
    category = "data"
    version = "1.0.0"
    schema = _SCHEMA
    blocking = True
    large = True

    def execute(self, parameters: Mapping[str, Any], grants: ToolGrants) -> dict[str, Any]:  # noqa: ARG002
        """The answer of one call; raises `CallError` of kind `validation`."""
        operation = parameters.get("operation") or "query"
        if operation in ("transform", "jq"):
            operation = "query"
        source = self._source(operation, parameters)
        match operation:
            case "query":
                query = needed(self.name, operation, parameters, ("query",))
                found = self._run(query, [self._value(source)])
                return self._finished(operation, "JSON query executed", found[0] if len(found) == 1 else found)
            case "stream":
                query = given(parameters, ("query",)) or "."
                return self._finished(operation, "JSON lines processed", self._run(query, self._lines(source)))
            case "validate":
                return self._validated(self._value(source), needed(self.name, operation, parameters, ("schema",)))
            case "parse":
                return self._finished(operation, "JSON parsed", self._value(source))
            case _:
                written = self._written("the input", source)
                return answer(operation, "JSON written", written, written)

    def _source(self, operation: str, parameters: Mapping[str, Any]) -> Any:
        for name in _INPUT:
            if name in parameters:
                return parameters[name]
        raise invalid(self.name, f"operation {operation!r} needs the parameter 'input'", "input")

    def _value(self, source: Any) -> Any:
        """A JSON text as its value, and any other value as itself."""
        try:
            if isinstance(source, str | bytes) and len(source) > INPUT_CAP:
                raise UnfitError(f"is {len(source):,} bytes, the most is {INPUT_CAP:,}")
            if isinstance(source, str | bytes):
                return read_json(source, cap=INPUT_CAP)
            measure(source, cap=INPUT_CAP)
        except UnfitError as error:
            raise invalid(self.name, f"the input {error}", "input") from None
        return source

    def _lines(self, source: Any) -> Iterator[Any]:
        if not isinstance(source, str):
            yield self._value(source)
            return
        if len(source) > INPUT_CAP:
            raise invalid(self.name, f"the input is {len(source):,} characters, the most is {INPUT_CAP:,}", "input")
        for number, line in enumerate(StringIO(source, newline="\n"), 1):
            if line.strip():
                try:
                    value = read_json(line.strip(), cap=INPUT_CAP)
                except UnfitError as error:
                    raise invalid(self.name, f"line {number} of the input {error}", "input") from None
                yield value

    def _run(self, query: str, values: Iterable[Any]) -> list[Any]:
        budget = Budget()
        try:
            run = compiled(query)
            found: list[Any] = []
            for value in values:
                for each in run(value, budget):
                    if len(found) == MOST_VALUES:
                        raise QueryError(f"the query gives more than {MOST_VALUES:,} values")
                    found.append(each)
            return found
        except QueryError as error:
            raise invalid(self.name, str(error), "query") from None
        except RecursionError:
            raise invalid(self.name, "the query is nested too deeply", "query") from None

    def _written(self, what: str, value: Any) -> str:
        try:
            measure(value, cap=RESULT_CAP)
        except UnfitError as error:
            raise invalid(self.name, f"{what} {error}") from None
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        if len(text) > 2 * RESULT_CAP:  # escapes take more than what was measured
            raise invalid(self.name, f"{what} is over {2 * RESULT_CAP:,} characters as JSON")
        return text

    def _finished(self, operation: str, message: str, found: Any) -> dict[str, Any]:
        return answer(operation, message, found, self._written("the result", found))

    def _validated(self, value: Any, source: Any) -> dict[str, Any]:
        from llmspell.tools.bounded_schema import BadSchemaError, BoundedSchema, first_pattern

        schema = self._schema(source)
        pattern = first_pattern(schema)
        if pattern is not None:
            raise invalid(self.name, f"the schema has {pattern!r}: regular expressions are not run here", "schema")
        try:
            errors = BoundedSchema(schema, draft="Draft7Validator").errors(value, most=MOST_ERRORS)
        except BadSchemaError as fault:
            raise invalid(self.name, f"schema: {fault}", "schema") from None
        listed = [
            {
                "path": "".join(f"/{each}" for each in error.absolute_path)[:500],
                "message": error.message[:500],
                "keyword": str(error.validator),
            }
            for error in errors
        ]
        found = {"is_valid": not listed, "errors": listed}
        return self._finished("validate", "the input is valid" if not listed else "the input is not valid", found)

    def _schema(self, source: Any) -> dict[str, Any]:
        try:
            schema = read_json(source, cap=INPUT_CAP) if isinstance(source, str | bytes) else source
            measure(schema, cap=INPUT_CAP, most=MOST_SCHEMA_VALUES)
        except UnfitError as error:
            raise invalid(self.name, f"the schema {error}", "schema") from None
        if not isinstance(schema, dict):
            raise invalid(self.name, "the schema must be a map", "schema")
        return schema
