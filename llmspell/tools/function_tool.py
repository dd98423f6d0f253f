"""A Python function as a tool.

The rule kept here: the function is called with the parameters that its schema names, by keyword, and with
nothing else; a function that would take anything is refused when the tool is made.
"""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from llmspell.errors import UsageError
from llmspell.tools.tool import ToolGrants, canonical

_TYPES: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    bytes: {"type": "string", "format": "binary"},
    dict: {"type": "object"},
    list: {"type": "array"},
    type(None): {"type": "null"},
    Any: {},
    inspect.Parameter.empty: {},
}


class FunctionTool:
    """Wraps a function as a tool.

    The name is the function's (kebab-case), the description the first paragraph of its docstring, the schema
    drawn from its annotations, unless they are given. What the function returns is the tool's answer and
    must be values of the wire; what it raises reaches the script as kind `tool`, and a `CallError` as its
    own kind.
    """

    __slots__ = ("_function", "blocking", "category", "description", "large", "name", "schema", "version")

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
        schema: Mapping[str, Any] | None = None,
        category: str = "function",
        version: str = "1.0.0",
        blocking: bool = True,
        large: bool = False,
    ) -> None:
        """`large`: it may answer with megabytes, so only a few of its calls run at once for one script.

        Raises `UsageError` for a function that cannot be called by the names of a schema.
        """
        said = str(name or getattr(function, "__name__", ""))
        if not said.replace("_", "").replace("-", "").isalnum():
            raise UsageError(f"tool {said!r} needs a name of letters, digits and hyphens; pass name=")
        self.name = canonical(said)
        documented = inspect.getdoc(function) or ""
        self.description = description or " ".join(documented.split("\n\n")[0].split())
        self.category = category
        self.version = version
        self.blocking = blocking
        self.large = large
        accepted = _accepted(self.name, function)
        derived = _derived(self.name, function, accepted) if schema is None else schema
        self.schema: Mapping[str, Any] = _closed(self.name, derived, accepted)
        self._function = function

    def execute(self, parameters: Mapping[str, Any], grants: ToolGrants) -> Any:  # noqa: ARG002
        """What the function returns for these parameters, which satisfy the schema."""
        return self._function(**parameters)


def _accepted(name: str, function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    called = _annotated(function)
    if inspect.iscoroutinefunction(called) or inspect.isasyncgenfunction(called):
        raise UsageError(f"tool {name!r}: an async function cannot be a tool; wrap it in one that runs it")
    try:
        accepted = dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        raise UsageError(f"tool {name!r}: its function has no signature; wrap it in a def") from None
    if isinstance(function, functools.partial):
        for bound in function.keywords:  # whoever bound it did not mean scripts to pass another
            accepted.pop(bound, None)
    for each in accepted.values():
        if each.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            raise UsageError(f"tool {name!r}: parameter {each.name!r} takes anything; name each parameter")
        if each.kind is inspect.Parameter.POSITIONAL_ONLY:
            raise UsageError(f"tool {name!r}: parameter {each.name!r} cannot be passed by name")
    return accepted


def _annotated(function: Callable[..., Any]) -> Any:
    """What is really called: the function within a partial, and `__call__` of an object."""
    while isinstance(function, functools.partial):
        function = function.func
    if inspect.isroutine(function) or inspect.isclass(function) or hasattr(function, "__wrapped__"):
        return function
    return type(function).__call__


def _derived(name: str, function: Callable[..., Any], accepted: Mapping[str, inspect.Parameter]) -> dict[str, Any]:
    try:
        hints = typing.get_type_hints(_annotated(function), include_extras=True)
    except (NameError, TypeError) as error:
        raise UsageError(f"tool {name!r}: its annotations cannot be read ({error}); pass schema=") from None
    properties: dict[str, Any] = {}
    for each in accepted.values():
        found = _type_schema(hints.get(each.name, inspect.Parameter.empty))
        if found is None:
            problem = f"tool {name!r}: the annotation of {each.name!r} has no place in a schema; pass schema="
            raise UsageError(problem)
        if isinstance(each.default, str | int | float | bool):
            found = {**found, "default": each.default}
        properties[each.name] = found
    required = [each.name for each in accepted.values() if each.default is inspect.Parameter.empty]
    return {"type": "object", "properties": properties, "required": required}


def _type_schema(hint: Any) -> dict[str, Any] | None:
    """The schema of an annotation, or None when there is none."""
    if hint.__hash__ is not None and hint in _TYPES:
        return dict(_TYPES[hint])
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return {"enum": list(arguments)} if all(isinstance(each, str | int) for each in arguments) else None
    if origin is typing.Annotated:
        inner = _type_schema(arguments[0])
        said = [each for each in arguments[1:] if isinstance(each, str)]
        return inner if inner is None or not said else {**inner, "description": said[0]}
    if origin in (typing.Union, types.UnionType):
        return _union_schema([_type_schema(each) for each in arguments])
    if origin is list:
        items = _type_schema(arguments[0])
        return None if items is None else {"type": "array", "items": items}
    if origin in (dict, Mapping) and arguments[0] is str:
        values = _type_schema(arguments[1])
        return None if values is None else {"type": "object", "additionalProperties": values or True}
    return None


def _union_schema(members: list[dict[str, Any] | None]) -> dict[str, Any] | None:
    """Types side by side; a union of more than plain types is `anyOf`."""
    if any(each is None for each in members):
        return None
    known = [each for each in members if each is not None]
    if all(set(each) == {"type"} for each in known):
        return {"type": [each["type"] for each in known]}
    return {"anyOf": known}


def _closed(name: str, schema: Mapping[str, Any], accepted: Mapping[str, inspect.Parameter]) -> dict[str, Any]:
    """The schema, admitting no name that the function does not take."""
    properties = schema.get("properties", {})
    for each in properties:
        if each not in accepted:
            raise UsageError(f"tool {name!r}: its schema has {each!r}, which its function does not take")
    required = schema.get("required", ())
    for each, parameter in accepted.items():
        if parameter.default is inspect.Parameter.empty and each not in required:
            raise UsageError(f"tool {name!r}: its function needs {each!r}, which its schema does not require")
    return {"type": "object", **schema, "additionalProperties": False}
