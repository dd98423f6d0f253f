"""The built-in tools as a table: what there is, without importing any of it.

The rule kept here: listing tools imports none; a tool's module is imported when that tool is first used.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import NamedTuple

from llmspell.tools.tool import Tool, canonical


class ToolRow(NamedTuple):
    """One built-in tool: what a list shows, and the module and class that it is made from."""

    name: str
    description: str
    category: str
    version: str
    module: str
    factory: str


BUILTIN: tuple[ToolRow, ...] = (
    ToolRow(
        "base64-encoder",
        "Base64 encoding and decoding tool with standard and URL-safe variants",
        "utility",
        "1.0.0",
        "base64_encoder",
        "Base64Encoder",
    ),
    ToolRow(
        "calculator",
        "Mathematical expression calculator with variables and scientific functions",
        "utility",
        "1.0.0",
        "calculator",
        "Calculator",
    ),
    ToolRow(
        "datetime-handler",
        "Date and time manipulation tool with parsing, timezone conversion, and arithmetic",
        "utility",
        "1.0.0",
        "dates",
        "DateTimes",
    ),
    ToolRow(
        "file-operations",
        "Safe file system operations below granted folders",
        "filesystem",
        "1.0.0",
        "file_operations",
        "FileOperations",
    ),
    ToolRow(
        "hash-calculator",
        "Calculate and verify hashes using multiple algorithms",
        "utility",
        "1.0.0",
        "hash_calculator",
        "HashCalculator",
    ),
    ToolRow(
        "json-processor",
        "Query JSON with a part of jq's language, and validate it against a schema",
        "data",
        "1.0.0",
        "json_processor",
        "JsonProcessor",
    ),
    ToolRow(
        "text-manipulator",
        "Text manipulation and transformation tool",
        "utility",
        "1.0.0",
        "text_manipulator",
        "TextManipulator",
    ),
    ToolRow(
        "uuid-generator",
        "UUID generation tool with multiple versions and formats",
        "utility",
        "1.0.0",
        "uuid_generator",
        "UuidGenerator",
    ),
)
"""By name. Each class says the same about itself; a test compares them."""


class ToolCatalog(Mapping[str, Tool]):
    """The built-in tools by name, in either spelling; each is made on first use and then kept."""

    __slots__ = ("_made", "_rows")

    def __init__(self, rows: tuple[ToolRow, ...] = BUILTIN) -> None:
        self._rows = {row.name: row for row in rows}
        self._made: dict[str, Tool] = {}

    @property
    def rows(self) -> tuple[ToolRow, ...]:
        """What a list of tools shows; imports nothing."""
        return tuple(self._rows.values())

    def __getitem__(self, name: str) -> Tool:
        made = self._made.get(name)
        if made is not None:
            return made
        row = self._rows[canonical(name)]
        tool: Tool = getattr(import_module(f"llmspell.tools.{row.module}"), row.factory)()
        return self._made.setdefault(row.name, tool)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and canonical(name) in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def builtin_tools() -> ToolCatalog:
    """A catalogue of the built-in tools of its own."""
    return ToolCatalog()
