"""Rejected promises that nobody handles: they end the run as its error, once there is nothing more that could.

The rule kept here: a rejection is judged at the end of the run, because a script may begin calls, wait for one and
handle the other later.
"""

from __future__ import annotations

from llmspell_workers.javascript.machine import JavaScriptError, Machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmspell_workers.javascript.library import Value


class Rejections:
    """The promises that were rejected and have no handler yet, in their order."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._waiting: dict[int, tuple[Value, Value]] = {}

    def track(self, _context: int, promise: Value, reason: Value, handled: bool, _opaque: object) -> None:
        """What the machine tells: a promise was rejected without a handler, or has one now."""
        try:
            if handled:
                self._let_go(self._waiting.pop(promise.payload, None))
            elif promise.payload not in self._waiting:
                pair = self._machine.duplicate(promise), self._machine.duplicate(reason)
                self._waiting[promise.payload] = pair
        except MemoryError:
            pass  # then it is not told

    def check(self) -> None:
        """Raises JavaScriptError for the first that nobody has handled."""
        for _promise, reason in self._waiting.values():
            raise JavaScriptError(self._machine.duplicate(reason))

    def forget(self) -> None:
        """The run is over."""
        while self._waiting:
            self._let_go(self._waiting.popitem()[1])

    def _let_go(self, pair: tuple[Value, Value] | None) -> None:
        for value in pair or ():
            self._machine.free(value)
