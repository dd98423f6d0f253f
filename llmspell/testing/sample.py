"""The smallest document that fits a JSON schema: what a model answers that nobody scripted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DEPTH = 32
"""How deep a sample is at most: a schema may refer to itself."""


def sample(schema: object) -> Any:
    """A document that fits `schema`, the same one every time.

    Understands what OpenAI's structured output does: types, `const`, `enum`, `properties`, `items`, `anyOf`,
    `$ref` into the schema itself, smallest lengths and numbers. Not `pattern`, `not`, `allOf`.

    >>> sample({"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}})
    {'name': 'text', 'age': 0}
    """
    root = schema if isinstance(schema, Mapping) else {}
    return _sample(root, root, 0)


def _sample(schema: object, root: Mapping[str, Any], depth: int) -> Any:
    if not isinstance(schema, Mapping) or depth > _DEPTH:
        return None
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    if schema.get("enum"):
        return schema["enum"][0]
    if isinstance(schema.get("$ref"), str):
        return _sample(_referred(schema["$ref"], root), root, depth + 1)
    for name in ("anyOf", "oneOf"):
        if schema.get(name):
            choices = schema[name]
            plain = [each for each in choices if isinstance(each, Mapping) and each.get("type") == "null"]
            return _sample((plain if depth > 2 and plain else choices)[0], root, depth + 1)
    return _of_type(_type_of(schema), schema, root, depth + 1)


def _of_type(kind: object, schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Any:
    match kind:
        case "object":
            properties = schema.get("properties", {})
            return {name: _sample(each, root, depth) for name, each in properties.items()}
        case "array":
            return [_sample(schema.get("items"), root, depth) for _ in range(int(schema.get("minItems", 0)))]
        case "string":
            return "text".ljust(int(schema.get("minLength", 0)), ".")[: int(schema.get("maxLength", 2**20))]
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return False
        case _:
            return None


def _number(schema: Mapping[str, Any]) -> Any:
    if "minimum" in schema:
        return schema["minimum"]
    if "exclusiveMinimum" in schema:
        return schema["exclusiveMinimum"] + 1
    return min(0, schema.get("maximum", 0), schema.get("exclusiveMaximum", 1) - 1)


def _type_of(schema: Mapping[str, Any]) -> object:
    kind = schema.get("type", "object" if "properties" in schema else None)
    return kind[0] if isinstance(kind, list) and kind else kind


def _referred(pointer: str, root: Mapping[str, Any]) -> object:
    found: Any = root
    for step in pointer.removeprefix("#").strip("/").split("/"):
        if step:
            found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
    return found
