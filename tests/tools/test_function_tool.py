"""Python functions as tools: what is drawn from a signature, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal

import pytest

from llmspell.errors import CallError, UsageError
from llmspell.tools.check import check_parameters
from llmspell.tools.function_tool import FunctionTool
from llmspell.tools.tool import Tool, ToolGrants


def send_mail(
    to: Annotated[str, "who gets it"],
    subject: str = "none",
    *,
    copies: list[str] | None = None,
    urgent: bool = False,
    kind: Literal["text", "html"] = "text",
    size: int | float = 1,
    extra: dict[str, int] | None = None,
    raw: bytes = b"",
    free: Any = None,
    either: list[int] | dict[str, Any] = (),  # type: ignore[assignment]
) -> dict[str, Any]:
    """Sends a mail
    to somebody.

    More about it.
    """
    return {
        "to": to,
        "subject": subject,
        "copies": copies,
        "urgent": urgent,
        "kind": kind,
        "size": size,
        "rest": [extra, raw, free, either],
    }


def test_schema_is_drawn_from_the_signature() -> None:
    tool: Tool = FunctionTool(send_mail)
    assert (tool.name, tool.description, tool.blocking) == ("send-mail", "Sends a mail to somebody.", True)
    assert (tool.category, tool.version) == ("function", "1.0.0")
    assert tool.schema == {
        "type": "object",
        "properties": {
            "to": {"type": "string", "description": "who gets it"},
            "subject": {"type": "string", "default": "none"},
            "copies": {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]},
            "urgent": {"type": "boolean", "default": False},
            "kind": {"enum": ["text", "html"], "default": "text"},
            "size": {"type": ["integer", "number"], "default": 1},
            "extra": {"anyOf": [{"type": "object", "additionalProperties": {"type": "integer"}}, {"type": "null"}]},
            "raw": {"type": "string", "format": "binary"},
            "free": {},
            "either": {
                "anyOf": [
                    {"type": "array", "items": {"type": "integer"}},
                    {"type": "object", "additionalProperties": True},
                ]
            },
        },
        "required": ["to"],
        "additionalProperties": False,
    }


def test_function_is_called_by_name_and_with_nothing_else() -> None:
    tool = FunctionTool(send_mail)
    done = tool.execute(check_parameters(tool, {"to": "a", "copies": ["b"]}), ToolGrants())
    assert (done["to"], done["copies"]) == ("a", ["b"])
    for wrong in ({"to": 1}, {}, {"to": "a", "bcc": "x"}, {"to": "a", "kind": "pdf"}):
        with pytest.raises(CallError):
            check_parameters(tool, wrong)


def test_given_schema_name_and_description_win() -> None:
    def double(x: int) -> int:
        return 2 * x

    schema = {"properties": {"x": {"type": "integer", "minimum": 1}}, "required": ["x"]}
    tool = FunctionTool(
        double,
        name="times_two",
        description="twice",
        schema=schema,
        category="math",
        version="2",
        blocking=False,
    )
    assert (tool.name, tool.description, tool.category) == ("times-two", "twice", "math")
    assert (tool.version, tool.blocking) == ("2", False)
    assert tool.execute(check_parameters(tool, {"x": 4}), ToolGrants()) == 8
    with pytest.raises(CallError, match="at least 1"):
        check_parameters(tool, {"x": 0})
    assert FunctionTool(double).description == ""


def anything(**rest: int) -> None: ...
def many(*rest: int) -> None: ...
def unnamed(x: int, /) -> None: ...
def unknown_type(x: set[int]) -> None: ...
def nested_unknown(x: list[set[int]], y: dict[str, set[int]]) -> None: ...
def int_keys(x: dict[int, int]) -> None: ...
def union_unknown(x: set[int] | None) -> None: ...
def float_literal(x: Literal[b"x"]) -> None: ...
def hidden(x: Missing) -> None: ...  # type: ignore[name-defined]  # noqa: F821
async def later() -> None: ...


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (anything, "'rest' takes anything"),
        (many, "'rest' takes anything"),
        (unnamed, "cannot be passed by name"),
        (unknown_type, "has no place in a schema"),
        (nested_unknown, "has no place in a schema"),
        (int_keys, "has no place in a schema"),
        (union_unknown, "has no place in a schema"),
        (float_literal, "has no place in a schema"),
        (hidden, "annotations cannot be read"),
        (later, "an async function"),
        (lambda: None, "needs a name"),
        (type, "has no signature"),
    ],
)
def test_functions_that_cannot_be_tools(function: Callable[..., Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        FunctionTool(function)


def test_schema_and_function_must_agree() -> None:
    def double(x: int) -> int:
        return 2 * x

    with pytest.raises(UsageError, match="does not take"):
        FunctionTool(double, schema={"properties": {"y": {}}, "required": ["x"]})
    with pytest.raises(UsageError, match="does not require"):
        FunctionTool(double, schema={"properties": {"x": {}}})


def test_unannotated_and_nested_dict_values() -> None:
    def loose(x, y: dict[str, list[int]]) -> None:  # type: ignore[no-untyped-def]
        """Loose."""

    schema = FunctionTool(loose).schema
    assert schema["properties"]["x"] == {}
    assert schema["properties"]["y"]["additionalProperties"] == {
        "type": "array",
        "items": {"type": "integer"},
    }


class Shelf:
    """An object that is called."""

    def __init__(self, owner: str) -> None:
        self.owner = owner

    def __call__(self, item: str, count: int = 1) -> str:
        return f"{self.owner}: {count} {item}"


class AsyncShelf:
    async def __call__(self, item: str) -> str:
        return item


def query(connection: Shelf, item: str, *, tenant: str, count: int = 1) -> str:
    """Asks a shelf."""
    return f"{tenant}/{connection(item, count)}"


def test_what_a_partial_has_bound_is_not_for_scripts() -> None:
    tool = FunctionTool(partial(query, Shelf("ada"), tenant="acme"), name="query")
    assert set(tool.schema["properties"]) == {"item", "count"}
    assert tool.schema["properties"]["item"] == {"type": "string"}
    assert tool.schema["required"] == ["item"]
    assert tool.execute({"item": "wand"}, ToolGrants()) == "acme/ada: 1 wand"
    with pytest.raises(CallError, match="tenant"):
        check_parameters(tool, {"item": "wand", "tenant": "other"})
    with pytest.raises(UsageError, match="its schema has 'tenant', which its function does not take"):
        FunctionTool(partial(query, Shelf("ada"), tenant="acme"), name="query", schema={"properties": {"tenant": {}}})


def test_an_object_that_is_called_is_a_tool() -> None:
    tool = FunctionTool(Shelf("ada"), name="shelf")
    assert tool.schema["properties"]["count"] == {"type": "integer", "default": 1}
    assert tool.execute({"item": "wand", "count": 2}, ToolGrants()) == "ada: 2 wand"
    with pytest.raises(UsageError, match="an async function cannot be a tool"):
        FunctionTool(AsyncShelf(), name="shelf")
