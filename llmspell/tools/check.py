"""Whether the parameters of a call satisfy the tool's published schema.

The rule kept here: a schema of the plain sort (`shapes.py`), as all built-in tools have, is checked without
importing jsonschema; any other is checked by jsonschema under a budget. Either is prepared once and kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from llmspell.errors import CallError, ErrorKind
from llmspell.tools.answer import invalid, shown
from llmspell.tools.shapes import MisfitError, Shape, is_plain

if TYPE_CHECKING:
    from llmspell.tools.bounded_schema import BoundedSchema

_KEPT = 256
_prepared: dict[int, tuple[Mapping[str, Any], Shape | BoundedSchema]] = {}
"""By the identity of the schema, which is held here so that the identity stays its own."""


class Offered(Protocol):
    """What is called by a name with parameters of a shape: a tool, or the offer of one."""

    @property
    def name(self) -> str: ...
    @property
    def schema(self) -> Mapping[str, Any]: ...


def check_parameters(tool: Offered, parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    """The parameters, ready for `tool.execute`; raises `CallError` of kind `validation`.

    The error names the tool, the parameter, what was expected and the nearest known name. A None where the
    schema knows no null counts as not given, and a float without a fraction as an integer where one is due.
    A tool's schema must not change, and should be the same object every time.
    """
    schema = tool.schema
    kept = _prepared.get(id(schema))
    checker = kept[1] if kept is not None else _prepare(tool.name, schema)
    if type(parameters) is not dict:
        parameters = _as_dict(tool.name, parameters)
    if type(checker) is not Shape:
        return _checked_by_jsonschema(tool.name, checker, schema, parameters)  # type: ignore[arg-type]
    try:
        return checker.admit_map(parameters) if checker.is_map else checker.admit(parameters)
    except MisfitError as misfit:
        raise _refusal(tool.name, misfit) from None


def _as_dict(name: str, parameters: object) -> dict[str, Any]:
    if parameters is None or parameters == []:
        return {}
    if isinstance(parameters, Mapping):
        return dict(parameters)
    raise invalid(name, f"parameters must be a map by name, not {shown(parameters)}")


def _prepare(name: str, schema: Mapping[str, Any]) -> Shape | BoundedSchema:
    checker: Shape | BoundedSchema
    if is_plain(schema):
        checker = Shape(schema)
    else:
        from llmspell.tools.bounded_schema import BadSchemaError, BoundedSchema, without_patterns

        try:
            checker = BoundedSchema(without_patterns(schema))
        except BadSchemaError as fault:
            raise CallError(ErrorKind.TOOL, f"{name}: its schema cannot be used: {fault}", {"tool": name}) from None
    if len(_prepared) >= _KEPT:
        _prepared.clear()
    _prepared[id(schema)] = (schema, checker)
    return checker


def _refusal(name: str, misfit: MisfitError) -> CallError:
    if not misfit.place:
        return invalid(name, f"parameters {misfit.problem}")
    place = "".join(each if each.startswith("[") else f".{each[:100]}" for each in misfit.place)[1:]
    return invalid(name, f"parameter {place!r} {misfit.problem}", misfit.place[0][:100])


def _checked_by_jsonschema(
    name: str, checker: BoundedSchema, schema: Mapping[str, Any], parameters: dict[str, Any]
) -> dict[str, Any]:
    from llmspell.tools.bounded_schema import BadSchemaError

    properties = schema.get("properties")
    known = list(properties) if isinstance(properties, Mapping) else []
    required = schema.get("required", ())
    given = {
        key: value
        for key, value in parameters.items()
        if value is not None or key in required or key not in known or _may_be_null(schema["properties"][key])
    }
    given |= {key: [] for key, value in given.items() if value == {} and _takes_lists_alone(schema, key)}
    if known and schema.get("additionalProperties") is False and "patternProperties" not in schema:
        _refuse_unknown(name, known, given)
    try:
        errors = checker.errors(given, most=1)
    except BadSchemaError as fault:
        raise CallError(ErrorKind.TOOL, f"{name}: {fault}", {"tool": name}) from None
    if errors:
        place = tuple(f"[{each}]" if isinstance(each, int) else str(each) for each in errors[0].absolute_path)
        raise _refusal(name, MisfitError(f"do{'es' if place else ''} not fit: {errors[0].message[:200]}", place))
    return given


def _may_be_null(schema: object) -> bool:
    return not isinstance(schema, Mapping) or "type" not in schema or "null" in schema["type"]


def _takes_lists_alone(schema: Mapping[str, Any], key: str) -> bool:
    """Whether an empty map can only mean an empty list there: some languages have one empty table for both."""
    member = schema["properties"].get(key) if isinstance(schema.get("properties"), Mapping) else None
    if not isinstance(member, Mapping):
        return False
    kinds: list[object] = []
    for each in (member, *member.get("anyOf", ()), *member.get("oneOf", ())):
        kind = each.get("type") if isinstance(each, Mapping) else "object"
        if each is not member or kind is not None:
            kinds += kind if isinstance(kind, list) else ["object" if kind is None else kind]
    return "array" in kinds and "object" not in kinds


def _refuse_unknown(name: str, known: list[str], given: Mapping[str, Any]) -> None:
    closed = Shape({"properties": {each: {} for each in known}, "additionalProperties": False})
    try:
        closed.admit(dict(given))
    except MisfitError as misfit:
        raise _refusal(name, misfit) from None
