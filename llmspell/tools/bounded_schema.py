"""JSON Schema by jsonschema, made fit for schemas and values that nobody trusts.

The rules kept here: every check has a budget of steps, so neither a schema that refers to itself nor one that
multiplies its own work can hold the host; nothing is fetched; and no regular expression of a schema ever
runs, because Python's can take for ever on a short text and hold every thread while they do.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from referencing import Registry
    from referencing.exceptions import Unresolvable

STEPS = 100_000
"""Keywords applied in one check; a list that must be unique costs its length squared."""

MOST_LISTED = 1000
"""Values in one list of a schema: old drafts compare each with each to see that none is there twice."""
_OF_AN_ERROR = 20
"""Steps of an error: with its places it takes some 2.5 KB, and `anyOf` keeps those of every alternative."""
_MESSAGE = 1000
"""Characters of an error's message that are kept."""
NESTING = 80
"""Keywords applied inside one another."""

PATTERNS = ("pattern", "patternProperties")
"""Keywords that are regular expressions."""

_NAMED_SCHEMAS = frozenset(("properties", "patternProperties", "definitions", "$defs", "dependentSchemas"))
_VALUES = frozenset(("enum", "const", "default", "examples"))


class BadSchemaError(ValueError):
    """The schema is not one, refers to what is not there, or takes more than `STEPS` steps."""


_spent = threading.local()


def _charge(steps: int) -> None:
    _spent.left -= steps
    if _spent.left < 0:
        raise BadSchemaError(f"checking takes more than {STEPS:,} steps: use a simpler schema or less input")


def _counted(keyword: str, check: Any) -> Any:
    def call(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        _charge(1 + len(value) if isinstance(value, list) else 1)
        if keyword == "uniqueItems" and isinstance(instance, list):
            _charge(len(instance) ** 2)
        # Ended before Python's own limit: rpds, below jsonschema, panics when that one strikes inside it.
        if _spent.depth >= NESTING:
            raise BadSchemaError("the schema or the value is nested too deeply, or refers to itself")
        _spent.depth += 1
        try:
            for error in check(validator, value, instance, schema) or ():
                _charge(_OF_AN_ERROR + len(error.message) // 256)
                if len(error.message) > _MESSAGE:  # it tells the whole value, and `anyOf` keeps every one
                    error.message = error.message[:_MESSAGE]
                    error.args = (error.message,)
                yield error
        finally:
            _spent.depth -= 1

    return call


@lru_cache(maxsize=8)
def _bounded_class(validator: Any) -> Any:
    import jsonschema

    validators: Any = jsonschema.validators  # its stubs leave extend() untyped

    checks = {name: _counted(name, check) for name, check in validator.VALIDATORS.items() if name not in PATTERNS}
    return validators.extend(validator, {**checks, "pattern": None, "patternProperties": None})


def first_pattern(schema: Any) -> str | None:
    """The first keyword of the schema that is a regular expression, or None."""
    for _, key in _walk(schema):
        if key in PATTERNS:
            return key
    return None


def without_patterns(schema: Any) -> Any:
    """A copy of the schema in which no regular expression is left; what it decided is then not checked."""
    if isinstance(schema, list):
        return [without_patterns(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept = {key: value for key, value in schema.items() if key not in PATTERNS}
    if "patternProperties" in schema:  # without it the others would refuse what it allowed
        kept.pop("additionalProperties", None)
        kept.pop("unevaluatedProperties", None)
    return {
        key: value
        if key in _VALUES
        else {name: without_patterns(each) for name, each in value.items()}
        if key in _NAMED_SCHEMAS and isinstance(value, Mapping)
        else without_patterns(value)
        for key, value in kept.items()
    }


def _walk(schema: Any) -> Iterator[tuple[Any, str]]:
    pending = [schema]
    while pending:
        each = pending.pop()
        if isinstance(each, list):
            pending.extend(each)
        elif isinstance(each, Mapping):
            for key, value in each.items():
                yield each, key
                if key in _NAMED_SCHEMAS and isinstance(value, Mapping):
                    pending.extend(value.values())
                elif key not in _VALUES:
                    pending.append(value)


def _lists(value: Any) -> Iterator[list[Any]]:
    pending = [value]
    while pending:
        each = pending.pop()
        if isinstance(each, list):
            yield each
            pending.extend(each)
        elif isinstance(each, Mapping):
            pending.extend(each.values())


class BoundedSchema:
    """A schema without patterns, checked under a budget. The draft is what `$schema` names, or `draft`."""

    __slots__ = ("_validator",)

    def __init__(self, schema: Mapping[str, Any], *, draft: str = "Draft202012Validator") -> None:
        import jsonschema

        longest = max((len(each) for each in _lists(schema)), default=0)
        if longest > MOST_LISTED:
            raise BadSchemaError(f"a schema with a list of {longest:,} values, the most is {MOST_LISTED:,}")
        default = getattr(jsonschema, draft)
        cls: Any = jsonschema.validators.validator_for(schema, default=default)
        try:
            cls.check_schema(schema)
        except (jsonschema.SchemaError, RecursionError) as error:
            raise BadSchemaError(f"not a JSON schema: {getattr(error, 'message', 'nested too deeply')[:200]}") from None
        self._validator = _bounded_class(cls)(schema, registry=_looked_through(schema))

    def errors(self, value: Any, *, most: int = 100) -> list[ValidationError]:
        """The first `most` errors; raises `BadSchemaError`."""
        from referencing.exceptions import Unresolvable

        _spent.left, _spent.depth = STEPS, 0
        found: list[ValidationError] = []
        try:
            for error in self._validator.iter_errors(value):
                found.append(error)
                if len(found) >= most:
                    break
        except (BadSchemaError, MemoryError):
            raise
        except Unresolvable as error:
            raise _dangling(error) from None
        except Exception as error:  # noqa: BLE001 - a reference led into what no draft knows, and nobody has looked at
            raise BadSchemaError(f"the schema refers to what is none: {type(error).__name__}") from None
        return found


def _looked_through(schema: Mapping[str, Any]) -> Registry[Any]:
    """What a schema's references are looked up in: itself, gone through once for its anchors, and not at each of them.

    Raises BadSchemaError for a reference that leads nowhere, before anything is checked: an answer may cost money.
    Where an `$id` gives places names of their own, the check itself finds it.
    """
    from referencing import Registry, Resource
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012

    keys = {key for _, key in _walk(schema)}
    registry: Registry[Any] = Registry()
    if "$ref" not in keys and "$dynamicRef" not in keys:
        return registry
    try:
        whole: Resource[Any] = Resource.from_contents(schema, default_specification=DRAFT202012)
        registry = registry.with_resource(whole.id() or "", whole).crawl()
    except (ValueError, TypeError, AttributeError, LookupError) as error:  # an `$id` that is no address, a part of none
        raise BadSchemaError(f"the names of its places cannot be read: {type(error).__name__}") from None
    if "$id" in keys:
        return registry
    resolver = registry.resolver()
    for each, key in _walk(schema):
        if key != "$ref" or not isinstance(each[key], str):
            continue
        try:
            found = resolver.lookup(each[key]).contents
        except Unresolvable as error:
            raise _dangling(error) from None
        except (ValueError, TypeError, AttributeError, LookupError):  # a way through what is no schema
            found = None
        if not isinstance(found, (Mapping, bool)):
            raise BadSchemaError(f"the schema refers to what is none: {each[key][:100]}")
    return registry


def _dangling(error: Unresolvable) -> BadSchemaError:
    return BadSchemaError(f"the schema refers to what it does not hold: {str(error)[:100]}")
