"""The built-in tools as a table: what there is, without importing any of it.

The rule kept here: listing tools imports none; a tool's module is imported when that tool is first used.
"""

from collections.abc import Iterable, Iterator, Mapping
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
    """Tools by name, in either spelling: the built-in ones, each made on first use and then kept, and `extra` ones."""

    __slots__ = ("_made", "_rows")

    def __init__(self, rows: tuple[ToolRow, ...] = BUILTIN, extra: Iterable[Tool] = ()) -> None:
        self._rows = {row.name: row for row in rows}
        self._made: dict[str, Tool] = {}
        for tool in extra:
            name = canonical(tool.name)
            self._rows[name] = ToolRow(name, tool.description, tool.category, tool.version, "", "")
            self._made[name] = tool

    @property
    def rows(self) -> tuple[ToolRow, ...]:
        """What a list of tools shows; imports nothing."""
        return tuple(self._rows.values())

    def row(self, name: str) -> ToolRow:
        """What a list shows of one tool; imports nothing. KeyError for an unknown one."""
        return self._rows[canonical(name)]

    def in_place_of_builtin(self, *tools: Tool) -> "ToolCatalog":
        """A catalogue of the same tools, but with these where it has a built-in one of the name."""
        other = ToolCatalog(self.rows)
        other._made = {**self._made, **{tool.name: tool for tool in tools if self._is_builtin(tool.name)}}
        return other

    def _is_builtin(self, name: str) -> bool:
        row = self._rows.get(name)
        return row is not None and row.module != ""

    def __getitem__(self, name: str) -> Tool:
        made = self._made.get(name)
        if made is not None:
            return made
        name = canonical(name)
        if name in self._made:
            return self._made[name]
        row = self._rows[name]
        tool: Tool = getattr(import_module(f"llmspell.tools.{row.module}"), row.factory)()
        return self._made.setdefault(row.name, tool)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and canonical(name) in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def builtin_tools(extra: Iterable[Tool] = ()) -> ToolCatalog:
    """A catalogue of its own: the built-in tools, and `extra` ones, which may replace them."""
    return ToolCatalog(extra=extra)
