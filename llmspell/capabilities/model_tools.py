"""The tools that an agent's model may ask for: those that the script named and the policy grants, and no others.

The rule kept here: a call that a model makes passes the same grants, bounds, checks, counts and records as a script's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from llmspell.capabilities.tools import ToolCalls
from llmspell.providers.provider import ToolOffer, ToolRequest

if TYPE_CHECKING:
    from llmspell.sandbox.threads import Threads


class Nested(Protocol):
    """The broker's way for calls that a model makes (`Broker.nested`)."""

    def __call__(
        self, capability: str, name: str, agent: str, run: Callable[[], Any], *, arguments: Mapping[str, Any]
    ) -> Any: ...


class ModelTools:
    """The tools of one agent; a `ToolBox`. Raises CallError: `not_found` or `denied` for one that it may not have."""

    __slots__ = ("_agent", "_calls", "_nested", "_offers", "_threads", "blocking")

    def __init__(
        self, agent: str, names: Sequence[str], calls: ToolCalls, *, nested: Nested, threads: Callable[[], Threads]
    ) -> None:
        self._agent = agent
        self._calls = calls
        self._nested = nested
        self._threads = threads
        tools = [calls.granted(name) for name in names]
        self.blocking = any(tool.blocking for tool in tools)
        """Whether a call of them may wait."""
        self._offers = tuple(ToolOffer(tool.name, tool.description, tool.schema) for tool in tools)

    def offers(self) -> tuple[ToolOffer, ...]:
        """What the model is offered."""
        return self._offers

    def call(self, request: ToolRequest) -> Any:
        """What the tool gives. Raises CallError, which the model is told, and LimitCrossed, which ends the run."""
        name, given = request.name, request.arguments or {}
        return self._nested(
            "tool.invoke",
            name,
            self._agent,
            lambda: self._calls.invoke_for_model(name, given, self._threads()),
            arguments=given,
        )
