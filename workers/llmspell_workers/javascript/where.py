"""Where a script is when it has to end: at a limit of the host's, or when memory has run out.

Theory of operation. The host sends SIGURG. Python's own handler notes it, which is safe at any moment; it runs when
Python next does: while JavaScript computes, when the machine asks whether to go on, as it does each 10,000 steps, in
regular expressions too; else while the worker waits for the host. In the first case the machine is told to stop, and
the error that this makes is never seen by the script: its stack is asked for, told, and the process ends. In the
second the line is that of the call that has been open the longest.

At the same steps it is looked whether there is memory left. QuickJS does not collect garbage when it is refused some,
and breaks in places; so before that its collector is run, and where that is not enough, the run ends in the same way.
"""

from __future__ import annotations

from _signal import SIGURG, signal  # type: ignore[import-not-found] # `signal` makes enums of its numbers: 2 ms

from llmspell_workers.channel import Channel
from llmspell_workers.javascript.machine import JavaScriptError, Machine
from llmspell_workers.javascript.room import Room
from llmspell_workers.javascript.stacks import frames_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from llmspell_workers.javascript.library import Value

_LOW = 2 * 1024 * 1024
"""Bytes that a script must leave: 10,000 steps may well take as much in small pieces."""


class Where:
    """Finds the line of the script in one machine. `script` is the script's name while a run goes on, else None."""

    def __init__(self) -> None:
        self.script: str | None = None
        self._room = Room()
        self._asked = False
        self._full = False
        self._stopping = False
        self._machine: Machine | None = None
        self._ask: Value | None = None
        self._waiting: Value | None = None
        self._tell: Callable[[int], None] = lambda _line: None
        self._give_up: Callable[[int | None], None] = lambda _line: None

    def listen(self) -> None:
        """Takes the signal from now on."""
        signal(SIGURG, self._signalled)

    def watch(
        self,
        machine: Machine,
        functions: tuple[Value, Value],
        *,
        tell: Callable[[int], None],
        give_up: Callable[[int | None], None],
    ) -> None:
        """From now on it is this machine that is asked for, by the adapter's functions `ask` and `waiting`.

        `tell` ends the process with the line that the host wants, `give_up` the run for want of memory.
        """
        self._machine, (self._ask, self._waiting) = machine, functions
        self._tell, self._give_up = tell, give_up

    def interrupt(self, _runtime: int, _opaque: object) -> int:
        """Whether the machine is to stop; asked by the machine, between two steps of the script."""
        try:
            if not self._asked and (self._room.has(_LOW) or self._freed()):
                return 0
            if not self._stopping and self._machine is not None and self._ask is not None:
                self._stopping = True
                self._machine.free(self._machine.call(self._ask))
            elif self._full:
                self._give_up(None)
        except (JavaScriptError, MemoryError):
            self._full = True  # and the next time there is nothing to be asked
        return 1

    def _freed(self) -> bool:
        """Whether the collector finds some memory; if not, the run is over."""
        if self._machine is not None and self.script is not None:
            self._machine.collect()
            self._full = not self._room.has(2 * _LOW)
        return not self._full

    def told(self, places: str) -> None:
        """Where the script is, a place in a line, the innermost first: ends the process if one is the script's own."""
        line = self._own_line(places)
        if self._full:
            self._give_up(line)
        elif line is not None:
            self._tell(line)

    def _own_line(self, places: str) -> int | None:
        for row in places.split("\n"):
            file, _, line = row.rpartition(":")
            if file == self.script and line.isascii() and line.isdigit():
                return int(line)
        return None

    def _signalled(self, _number: int, frame: FrameType | None) -> None:
        if self.script is None:
            return
        self._asked = True
        if frame is not None and frame.f_code is Channel.WAIT:
            self._tell_waiting()

    def _tell_waiting(self) -> None:
        machine = self._machine
        if machine is None or self._waiting is None:
            return
        try:
            text = machine.call(self._waiting)
            for found in frames_of(machine.read(text).decode("utf-8", "replace")):
                if found.file == self.script:
                    self._tell(found.line)
        except (JavaScriptError, MemoryError):
            return
