"""The tool calls that a model asks for: checked, made through the agent's box, and told to the model in bounds.

What a model writes is hostile: a call that cannot be made is an answer to the model, and no error of the question.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from llmspell.agents.message import AskedCall, Message, Role
from llmspell.agents.tool_box import ToolBox
from llmspell.errors import CallError, ErrorKind, nearest
from llmspell.providers.provider import ToolOffer, ToolRequest
from llmspell.tools.check import check_parameters
from llmspell.tools.tool import canonical
from llmspell.types.agent_io import ToolCall, ToolOutput
from llmspell.types.json_form import write_json
from llmspell.types.reading import MalformedError, check_sendable

MAX_RESULT = 64 * 1024
"""Characters of a tool's result that a model is told, and that an answer keeps."""

MAX_RESULTS = 1024 * 1024
"""The same for all results of one question."""

MAX_CALLS = 64
"""Tool calls in one answer of a model."""


class ToolRounds:
    """The tools of one question, and the calls that were made of them."""

    __slots__ = ("_box", "_clock", "_most", "_room", "calls", "offers", "rounds")

    def __init__(self, box: ToolBox, *, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._box = box
        self._most = most
        self._clock = clock
        self._room = MAX_RESULTS
        self.offers: tuple[ToolOffer, ...] = box.offers()
        self.rounds = 0
        self.calls: list[ToolCall] = []

    def begin(self, requests: tuple[ToolRequest, ...], agent: str) -> None:
        """Counts the calls of one answer. Raises CallError (`budget`) when they are more than may be made."""
        if self.rounds >= self._most:
            raise CallError(
                ErrorKind.BUDGET,
                f"agent {agent}: the model asked for tools in {self.rounds + 1} answers to one question, and"
                f" {self._most} are allowed; ask for less at a time, or raise max_tool_rounds",
                {"agent": agent, "allowed": self._most, "tool": requests[0].name[:100]},
            )
        if len(requests) > MAX_CALLS:
            raise CallError(
                ErrorKind.BUDGET,
                f"agent {agent}: the model asked for {len(requests):,} tool calls in one answer, and {MAX_CALLS} are"
                " allowed",
                {"agent": agent, "allowed": MAX_CALLS},
            )
        self.rounds += 1

    def make(self, request: ToolRequest) -> tuple[ToolCall, Message]:
        """Makes a call: what came of it, and the message that tells the model. What is no CallError is raised."""
        begun = self._clock()
        name, arguments = request.name, request.arguments
        try:
            offer = self._offered(request.name)
            name = offer.name
            arguments = _checked(offer, request)
            value = self._box.call(request._replace(name=name, arguments=arguments))
            told, whole = self._told(value)
            output = ToolOutput(success=True, data=value if whole else told)
        except CallError as error:
            output = ToolOutput(success=False, error=error.message)
            told = write_json({"error": error.kind.value, "message": error.message[:4096]}, "error")
        output = output.but(execution_time_ms=(self._clock() - begun) * 1000)
        call = ToolCall(request.id, name, sendable(arguments) or {}, output)
        self.calls.append(call)
        return call, Message(Role.TOOL, told, tool_call_id=request.id, name=request.name)

    def _told(self, value: Any) -> tuple[str, bool]:
        """A result as a model is told it, and whether that is all of it."""
        check_sendable(value, "result")
        text = value if isinstance(value, str) else write_json(value, "result")
        most = min(MAX_RESULT, self._room)
        self._room -= min(len(text), most)
        if len(text) <= most:
            return text, True
        return f"{text[:most]}\n[cut: the result has {len(text):,} characters, and {most:,} are here]", False

    def _offered(self, name: str) -> ToolOffer:
        known = {canonical(offer.name): offer for offer in self.offers}
        offer = known.get(canonical(name))
        if offer is None:
            close = nearest(name, [offer.name for offer in self.offers])
            hint = f"; did you mean {close}?" if close else f"; there are {', '.join(known)}"[:1000] if known else ""
            raise CallError(ErrorKind.NOT_FOUND, f"there is no tool {name[:100]!r}{hint}")
        return offer


def asked(request: ToolRequest) -> AskedCall:
    """The call as a conversation keeps it."""
    return AskedCall(request.id, request.name, request.written, sendable(request.arguments))


def sendable(arguments: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The arguments if they can travel."""
    try:
        check_sendable(arguments, "arguments")
    except MalformedError:
        return None
    return arguments


def _checked(offer: ToolOffer, request: ToolRequest) -> dict[str, Any]:
    if request.arguments is None:
        raise CallError(
            ErrorKind.VALIDATION, f"the arguments of {offer.name} are no JSON object: {request.written[:100]!r}"
        )
    check_sendable(request.arguments, "arguments")
    return check_parameters(offer, request.arguments)
