"""What an agent remembers: its messages, and how the oldest of them are let go.

The rules kept here: system messages stay, a tool call stays with its answers, and what is remembered begins with a
question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from llmspell.agents.message import Message, Role
from llmspell.types.media_file import OpenFile
from llmspell.types.reading import MalformedError, described

Messages = tuple[Message, ...]

MAX_SAVED = 100_000
"""Messages in a saved conversation."""


class Dialogue:
    """The messages of an agent so far. Immutable tuples are swapped, so a question may hold on to what it saw."""

    __slots__ = ("_most", "messages")

    def __init__(self, *, most: int | None = None) -> None:
        """`most` messages are remembered, system messages aside."""
        self.messages: Messages = ()
        self._most = most

    def keep(self, seen: Messages, shortened: Messages, exchange: Messages) -> None:
        """Remembers an exchange. It was asked after `seen`, of which the model was shown `shortened`; what it was not
        shown is forgotten, unless another exchange has been kept since."""
        before = shortened if self.messages is seen else self.messages
        self.messages = self._bounded((*before, *exchange))

    def clear(self) -> None:
        """Forgets everything."""
        self.messages = ()

    @property
    def held(self) -> int:
        """About how many bytes the messages take."""
        return sum(message.held for message in self.messages)

    def save(self) -> list[dict[str, Any]]:
        """The messages as values that can travel. Raises MalformedError for what cannot."""
        return [message.to_wire() for message in self.messages]

    def restore(self, saved: Any, *, open_file: OpenFile | None = None) -> None:
        """Remembers what was saved, and nothing else. Raises MalformedError, and is then as it was."""
        if type(saved) not in (list, tuple):
            if saved != {}:  # an empty table of a script is a map
                raise MalformedError("conversation", f"must be a list of messages, not {described(saved)}")
            saved = []
        if len(saved) > MAX_SAVED:
            raise MalformedError("conversation", f"has {len(saved):,} messages, and at most {MAX_SAVED:,} are taken")
        read = Message.reader(open_file)
        messages = tuple(read(each, f"conversation[{at}]") for at, each in enumerate(saved))
        _check_calls(messages)
        self.messages = self._bounded(messages)

    def _bounded(self, messages: Messages) -> Messages:
        most = self._most
        return messages if most is None else shorten(messages, lambda left: _said(left) <= most)


def shorten(messages: Messages, fits: Callable[[Messages], bool]) -> Messages:
    """The messages without as many as it takes to fit; only system messages when nothing else does.

    The oldest go first; of the last exchange the tool calls go before its question and its answer do.
    """
    if fits(messages):
        return messages
    units = _units(messages)
    order = _order(units)
    low, high = 1, len(order)
    while low < high:  # the fewest that must go: what fits goes on fitting with less
        middle = (low + high) // 2
        low, high = (low, middle) if fits(_without(units, order[:middle])) else (middle + 1, high)
    return _without(units, order[:high])


def _units(messages: Messages) -> list[Messages]:
    """The messages that stay or go together: a tool's answers with the call in front of them."""
    units: list[Messages] = []
    for message in messages:
        if message.role is Role.TOOL and units:
            units[-1] += (message,)
        else:
            units.append((message,))
    return units


def _order(units: list[Messages]) -> list[tuple[int, ...]]:
    """The units by number, in the order in which they go; some go at the same time."""
    roles = [unit[0].role for unit in units]
    last = max((at for at, role in enumerate(roles) if role is Role.USER), default=len(units))
    said = [at for at, role in enumerate(roles) if role is not Role.SYSTEM]
    older = [at for at in said if at < last]
    newest = [at for at in said if at > last]
    return [*((at,) for at in older), *((at,) for at in newest[:-1]), (last, *newest[-1:])]


def _without(units: list[Messages], gone: list[tuple[int, ...]]) -> Messages:
    """The messages of the units that are left, and no answer in front of the first question."""
    dropped = {at for together in gone for at in together}
    left: list[Message] = []
    is_asked = False
    for at, unit in enumerate(units):
        is_asked = is_asked or (unit[0].role is Role.USER and at not in dropped)
        if unit[0].role is Role.SYSTEM or (is_asked and at not in dropped):
            left += unit
    return tuple(left)


def _said(messages: Iterable[Message]) -> int:
    return sum(message.role is not Role.SYSTEM for message in messages)


def _check_calls(messages: Messages) -> None:
    """Raises unless every answer of a tool follows its call, and every call has its answer."""
    waiting: list[str] = []
    for at, message in enumerate(messages):
        if message.role is Role.TOOL:
            if message.tool_call_id not in waiting:
                raise MalformedError(f"conversation[{at}].tool_call_id", "names no call of the message before it")
            waiting.remove(message.tool_call_id)
            continue
        if waiting:
            raise MalformedError(f"conversation[{at}]", "comes before the tool calls in front of it are answered")
        waiting = [call.id for call in message.calls]
    if waiting:
        raise MalformedError("conversation", "ends with tool calls that are not answered")
