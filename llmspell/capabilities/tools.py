"""`Tool`: list, look at and call tools, each granted by name."""

from __future__ import annotations

import _thread
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from llmspell.capabilities.arguments import mapping, short_name
from llmspell.errors import CallError, ErrorKind, nearest
from llmspell.limits import Limits
from llmspell.policy import Policy
from llmspell.sandbox.broker import Handler, Later
from llmspell.tools.catalog import ToolCatalog
from llmspell.tools.check import check_parameters
from llmspell.tools.tool import Tool, ToolGrants, canonical

if TYPE_CHECKING:
    from llmspell.sandbox.threads import Threads


class ToolCalls:
    """The tool calls of one run. `tools` maps canonical names to tools."""

    def __init__(self, tools: ToolCatalog, policy: Policy, limits: Limits) -> None:
        self._tools = tools
        self._policy = policy._replace(tools={canonical(name): grant for name, grant in policy.tools.items()})
        self._seconds = limits.tool_seconds
        self._grants = ToolGrants(read=policy.read, write=policy.write)
        self._granted: dict[str, Tool] = {}
        self._bounded: dict[str, int] = {}
        self._made: dict[str, int] = {}
        self._times: dict[str, float] = {}  # of tools that may take less than any other
        self._turn = _thread.allocate_lock()  # models count on threads of their own

    def handlers(self) -> dict[str, Handler]:
        """The capabilities that this file answers."""
        return {
            "tool.invoke": Handler(self.invoke, named="name"),
            "tool.invoke_object": Handler(self.invoke_object, named="self"),
            "tool.list": Handler(lambda _: self.list_all()),
            "tool.get": Handler(self.get, named="name"),
            "tool.exists": Handler(lambda arguments: self._find(arguments, of="Tool.exists") is not None, named="name"),
            "tool.categories": Handler(lambda _: sorted({row.category for row in self._tools.rows})),
            "tool.discover": Handler(self.discover),
            "tool.schema": Handler(self.schema, named="self"),
        }

    def invoke(self, arguments: Mapping[str, Any], key: str = "name") -> Any:
        """Calls the tool that `key` names: its result, or a Later that gives it. Raises CallError."""
        name = arguments.get(key)
        tool = self._granted.get(name) if type(name) is str else None  # as it was spelled: looked up before
        if tool is None:
            tool = self._find_granted(short_name(arguments, key, of="Tool.execute"))
        if self._bounded:
            self._spend(tool)
        parameters = arguments.get("parameters")
        parameters = check_parameters(tool, {} if parameters is None else parameters)
        if tool.blocking:
            return Later(
                job=lambda: self._execute(tool, parameters),
                seconds=self._times.get(tool.name, self._seconds),
                name=f"tool {tool.name}",
                large=getattr(tool, "large", False) is True,
            )
        return self._execute(tool, parameters)

    def count(self, name: str) -> None:
        """Counts a call that was made in an earlier part of the run. Raises CallError."""
        tool = self.granted(name)
        if self._bounded:
            self._spend(tool)

    def invoke_object(self, arguments: Mapping[str, Any]) -> Any:
        """The same for a tool object, which travels as `self`."""
        return self.invoke(arguments, "self")

    def granted(self, name: str) -> Tool:
        """The tool of that name, if it is granted. Raises CallError: `not_found` or `denied`."""
        return self._granted.get(name) or self._find_granted(name)

    def invoke_for_model(self, name: str, parameters: Mapping[str, Any], threads: Threads) -> Any:
        """The same call on the thread of an agent whose model asked for it, waiting for the result. Raises CallError.

        A tool that may wait has a thread of its own meanwhile, which is left behind when its time is over.
        """
        tool = self.granted(name)
        if self._bounded:
            self._spend(tool)
        checked = check_parameters(tool, parameters)
        if not tool.blocking:
            return self._execute(tool, checked)
        seconds = self._times.get(tool.name, self._seconds)
        return threads.finish(lambda: self._execute(tool, checked), seconds, f"tool {tool.name}")

    def list_all(self) -> list[dict[str, Any]]:
        """Every tool there is, granted or not."""
        return [self._describe(name) for name in sorted(self._tools)]

    def get(self, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        """What describes a tool, or None."""
        name = self._find(arguments, of="Tool.get")
        return None if name is None else self._describe(name)

    def discover(self, arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The tools of a category: `discover{category = "utility"}`, or all."""
        wanted = mapping(arguments, "filter", of="Tool.discover").get("category")
        return [tool for tool in self.list_all() if wanted is None or tool["category"] == wanted]

    def schema(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The JSON schema of a tool's parameters."""
        return self._tool(short_name(arguments, "self", of="tool.getSchema")).schema

    def _find(self, arguments: Mapping[str, Any], *, of: str) -> str | None:
        name = canonical(short_name(arguments, "name", of=of))
        return name if name in self._tools else None

    def _tool(self, name: str) -> Tool:
        tool = self._tools.get(canonical(name))
        if tool is None:
            close = nearest(canonical(name), list(self._tools))
            raise CallError(
                ErrorKind.NOT_FOUND,
                f"there is no tool {name!r}"
                + (f"; did you mean {close}?" if close else "; Tool.list() names them all"),
                {"tool": name},
            )
        return tool

    def _execute(self, tool: Tool, parameters: Mapping[str, Any]) -> Any:
        try:
            return tool.execute(parameters, self._grants)
        except (CallError, KeyboardInterrupt):
            raise  # the one is an answer; the other is a person's, not the tool's
        except BaseException as error:
            raise CallError(ErrorKind.TOOL, f"tool {tool.name} failed: {_said(error)}", {"tool": tool.name}) from error

    def _find_granted(self, spelled: str) -> Tool:
        tool = self._tool(spelled)
        name = canonical(spelled)
        grant = self._policy.tools.get(name)
        if grant is None:
            raise CallError(
                ErrorKind.DENIED, f"tool {name} is not granted; allow it with --allow-tool {name}", {"tool": name}
            )
        if grant.max_calls is not None:
            self._bounded.setdefault(tool.name, grant.max_calls)
        if grant.max_seconds is not None:
            self._times[tool.name] = min(grant.max_seconds, self._seconds)
        self._granted[spelled] = tool
        return tool

    def _spend(self, tool: Tool) -> None:
        """Counts a call of a tool that has a bound of its own. Raises CallError (budget)."""
        allowed = self._bounded.get(tool.name)
        if allowed is None:
            return
        with self._turn:
            made = self._made.get(tool.name, 0)
            if made < allowed:
                self._made[tool.name] = made + 1
                return
        raise CallError(
            ErrorKind.BUDGET,
            f"tool {tool.name} has made {made} of the {allowed} calls that it is granted",
            {"tool": tool.name, "allowed": allowed},
        )

    def _describe(self, name: str) -> dict[str, Any]:
        row = self._tools.row(name)
        return {
            "id": row.name,
            "name": row.name,
            "description": row.description,
            "category": row.category,
            "version": row.version,
            "granted": row.name in self._policy.tools,
        }


def _said(error: BaseException) -> str:
    """The type and the words of an error, fit to travel; the words are a tool's own code too."""
    try:
        words = str(error)[:500]
    except Exception as worse:  # noqa: BLE001 - the boundary around a tool
        words = f"its text cannot be had ({type(worse).__name__})"
    return f"{type(error).__name__}: {words}".encode(errors="backslashreplace").decode()
