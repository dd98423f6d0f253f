"""The tools that an agent's model may ask for.

Who embeds an agent decides what it may do: the agent knows names, descriptions and schemas, and calls nothing but a
`ToolBox`. The rule kept here is that a box refuses by CallError, which the model is told, and that anything else it
raises (a limit of the whole run, a fault of ours) ends the question.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.provider import ToolOffer, ToolRequest
from llmspell.tools.tool import Tool, ToolGrants


class ToolBox(Protocol):
    """Tools by name. Both methods are called by the thread that asks the agent, one after another."""

    def offers(self) -> tuple[ToolOffer, ...]:
        """What the model is offered, asked for before each question. A schema should be the same object each time: what
        was prepared to check it is kept by its identity."""
        ...

    def call(self, request: ToolRequest) -> Any:
        """Makes a call that the model asked for, and gives a value that can travel.

        `request.name` is one of those offered, spelled as it was offered, and `request.arguments` a map that fits its
        schema. Raises CallError where it fails or is refused: the model is told kind and message, and goes on.
        """
        ...


class NoTools:
    """The box without tools."""

    def offers(self) -> tuple[ToolOffer, ...]:
        """Nothing."""
        return ()

    def call(self, request: ToolRequest) -> Any:
        """There is nothing to call: raises CallError (`not_found`)."""
        raise CallError(ErrorKind.NOT_FOUND, f"there is no tool {request.name[:100]!r}", {"tool": request.name[:100]})


NO_TOOLS = NoTools()


class LocalTools:
    """Tools of this process, called in place and for as long as they take. For programs; a script's agents go through
    the broker's grants and counts instead.

    >>> LocalTools([]).offers()
    ()
    """

    __slots__ = ("_grants", "_offers", "_tools")

    def __init__(self, tools: Iterable[Tool], *, grants: ToolGrants | None = None) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._grants = grants or ToolGrants()
        self._offers = tuple(ToolOffer(tool.name, tool.description, tool.schema) for tool in self._tools.values())

    def offers(self) -> tuple[ToolOffer, ...]:
        """Every tool."""
        return self._offers

    def call(self, request: ToolRequest) -> Any:
        """The tool's answer. Raises CallError: its own, or kind `tool` for a fault of the tool."""
        tool = self._tools[request.name]
        try:
            return tool.execute(request.arguments or {}, self._grants)
        except CallError:
            raise
        except Exception as fault:  # whatever a tool does wrong is an answer to the model, not the end of the program
            said = f"{type(fault).__name__}: {str(fault)[:500]}"
            raise CallError(ErrorKind.TOOL, f"tool {tool.name} failed: {said}", {"tool": tool.name}) from fault
