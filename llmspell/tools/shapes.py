"""A JSON Schema of the plain sort, turned once into values that check fast: `type`, `enum`, `required`,
`properties`, `additionalProperties`, `items`, `minimum`, `maximum`, and annotations.

The rule kept here: a schema with any other keyword is left to jsonschema as a whole (`bounded_schema.py`), so
each schema means the same whichever of the two checks it. One addition: `format: binary` beside `type:
string` admits bytes, which JSON does not have and the wire does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmspell.tools.answer import hint, shown

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
_CHECKED = "type enum required properties additionalProperties items minimum maximum format"
_ANNOTATIONS = "title description default examples deprecated $schema $comment"
_KNOWN = frozenset(f"{_CHECKED} {_ANNOTATIONS}".split())
_NAMES = {
    str: "string",
    bytes: "bytes",
    bool: "boolean",
    int: "integer",
    float: "number",
    dict: "map",
    list: "list",
}
_SAID = {"object": "map", "array": "list"}


_ABSENT: Any = object()


class MisfitError(ValueError):
    """A value does not satisfy its schema; `place` is the path of names to it, outermost first."""

    def __init__(self, problem: str, place: tuple[str, ...] = ()) -> None:
        super().__init__(problem)
        self.problem = problem
        self.place = place

    def within(self, name: str) -> MisfitError:
        """The same misfit, seen from one level further out."""
        return MisfitError(self.problem, (name, *self.place))


class Shape:
    """One schema, ready to check. `admit` gives the value back, whole floats as integers where one is due."""

    __slots__ = (
        "closed",
        "enum",
        "exact",
        "integral",
        "is_map",
        "items",
        "least",
        "most",
        "nullable",
        "plain",
        "properties",
        "required",
        "rest",
        "wanted",
        "words",
    )

    def __init__(self, schema: Mapping[str, Any]) -> None:
        types = schema.get("type", ())
        types = (types,) if isinstance(types, str) else tuple(types)
        self.wanted = " or ".join(_SAID.get(kind, kind) for kind in types)
        exact = {python for kind in types for python in _TYPES[kind]}
        if schema.get("format") == "binary" and "string" in types:
            exact.add(bytes)
        self.exact = frozenset(exact)
        self.nullable = not types or "null" in types
        self.integral = int in exact and float not in exact
        self.enum: list[Any] | None = schema.get("enum")
        self.least: float | None = schema.get("minimum")
        self.most: float | None = schema.get("maximum")
        self.properties = {name: Shape(each) for name, each in schema.get("properties", {}).items()}
        self.required: tuple[str, ...] = tuple(schema.get("required", ()))
        rest = schema.get("additionalProperties", True)
        self.closed = rest is False
        self.rest = Shape(rest) if isinstance(rest, Mapping) and rest else None
        items = schema.get("items", True)
        self.items = Shape(items) if isinstance(items, Mapping) and items else None
        bounded = self.enum is not None or self.least is not None or self.most is not None
        self.is_map = exact == {dict} and not bounded
        nested = bool(self.properties or self.required or self.closed or self.rest or self.items)
        self.plain = bool(exact) and not bounded and not nested
        """Whether the Python type alone decides."""
        words = self.enum is not None and all(isinstance(each, str) for each in self.enum)
        self.words = frozenset(self.enum or ()) if words else frozenset()

    def admit(self, value: Any) -> Any:
        """The value, or `MisfitError`."""
        kind = type(value)
        if self.exact and kind not in self.exact:
            if value == {} and list in self.exact:
                return []  # some languages have one empty table for both
            if not (self.integral and kind is float and value.is_integer() and abs(value) < 2.0**63):
                raise MisfitError(f"must be {self.wanted}, not {_NAMES.get(kind, 'nothing')}")
            value = int(value)
        if self.enum is not None and not any(value == each and type(each) is kind for each in self.enum):
            known = [each for each in self.enum if isinstance(each, str)]
            listed = ", ".join(repr(each) for each in self.enum)
            guess = hint(value, known) if isinstance(value, str) and known else ""
            raise MisfitError(f"must be one of {listed}, not {shown(value)}{guess if 'mean' in guess else ''}")
        if kind is int or kind is float:
            self._check_bounds(value)
        elif kind is dict:
            return self.admit_map(value)
        elif kind is list and self.items is not None:
            return self._admit_items(value)
        return value

    def _check_bounds(self, value: float) -> None:
        if self.least is not None and not value >= self.least:
            raise MisfitError(f"must be at least {self.least}, not {value}")
        if self.most is not None and not value <= self.most:
            raise MisfitError(f"must be at most {self.most}, not {value}")

    def _admit_items(self, values: list[Any]) -> list[Any]:
        assert self.items is not None
        admitted = []
        for index, value in enumerate(values):
            try:
                admitted.append(self.items.admit(value))
            except MisfitError as misfit:
                raise misfit.within(f"[{index}]") from None
        return admitted

    def admit_map(self, members: dict[str, Any]) -> dict[str, Any]:
        """`admit` for what is known to be a map, where the schema asks for no more than that and its members."""
        properties = self.properties
        changed: dict[str, Any] | None = None  # mostly it is the map itself that is given back
        for name, value in members.items():
            shape = properties.get(name)
            if shape is None:
                if self.closed:
                    raise MisfitError(f"is not known{hint(name[:100], list(properties))}", (name,))
                shape = self.rest
                if shape is None:
                    continue
            kind = type(value)
            if kind in shape.exact and (shape.plain or (shape.words and value in shape.words)):
                continue
            if value is None and not shape.nullable and name not in self.required:
                admitted = _ABSENT  # a JavaScript undefined or a Python None for "not given"
            else:
                try:
                    admitted = shape.admit_map(value) if kind is dict and shape.is_map else shape.admit(value)
                except MisfitError as misfit:
                    raise misfit.within(name) from None
            if admitted is not value:
                changed = dict(members) if changed is None else changed
                if admitted is _ABSENT:
                    del changed[name]
                else:
                    changed[name] = admitted
        given = members if changed is None else changed
        for name in self.required:
            if name not in given:
                raise MisfitError("is missing", (name,))
        return given


def is_plain(schema: object) -> bool:
    """Whether `Shape` understands all of the schema."""
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, Mapping) or not _KNOWN.issuperset(schema):
        return False
    types = schema.get("type", ())
    types = (types,) if isinstance(types, str) else types
    if not isinstance(types, list | tuple) or not all(isinstance(each, str) and each in _TYPES for each in types):
        return False
    if schema.get("format", "binary") != "binary":
        return False
    properties = schema.get("properties", {})
    if not isinstance(properties, Mapping) or not all(is_plain(each) for each in properties.values()):
        return False
    if True in properties.values():
        return False
    rest = schema.get("additionalProperties", True)
    return (rest is False or is_plain(rest)) and is_plain(schema.get("items", True))
