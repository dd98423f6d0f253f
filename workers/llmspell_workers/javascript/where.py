"""The line that a script is at when the host asks for it, at the end of a run by a limit.

Theory of operation. The host sends SIGURG. Python's own handler notes it, which is safe at any moment; it runs when
Python next does: while JavaScript computes, when the machine asks whether to go on, as it does each 10,000 steps, in
regular expressions too; else while the worker waits for the host. In the first case the machine is told to stop, and
the error that this makes is never seen by the script: its stack is asked for, told, and the process ends. In the
second the line is that of the call that has been open the longest.
"""

from __future__ import annotations

from _signal import SIGURG, signal  # type: ignore[import-not-found] # `signal` makes enums of its numbers: 2 ms

from llmspell_workers.channel import Channel
from llmspell_workers.javascript.machine import JavaScriptError, Machine
from llmspell_workers.javascript.stacks import frames_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from llmspell_workers.javascript.library import Value


class Where:
    """Finds the line of the script in one machine. `script` is the script's name while a run goes on, else None."""

    def __init__(self) -> None:
        self.script: str | None = None
        self._asked = False
        self._stopping = False
        self._machine: Machine | None = None
        self._ask: Value | None = None
        self._waiting: Value | None = None
        self._tell: Callable[[int], None] = lambda _line: None

    def listen(self) -> None:
        """Takes the signal from now on."""
        signal(SIGURG, self._signalled)

    def watch(self, machine: Machine, ask: Value, waiting: Value, tell: Callable[[int], None]) -> None:
        """From now on it is this machine that is asked for. `ask` and `waiting` are functions of the adapter."""
        self._machine, self._ask, self._waiting, self._tell = machine, ask, waiting, tell

    def interrupt(self, _runtime: int, _opaque: object) -> int:
        """Whether the machine is to stop; asked by the machine, between two steps of the script."""
        if not self._asked:
            return 0
        if self._machine is not None and self._ask is not None and not self._stopping:
            self._stopping = True
            try:
                self._machine.free(self._machine.call(self._ask))
            except (JavaScriptError, MemoryError):
                pass  # then nothing is told
        return 1

    def told(self, places: str) -> None:
        """Where the script is, a place in a line, the innermost first: ends the process if one is the script's own."""
        for row in places.split("\n"):
            file, _, line = row.rpartition(":")
            if file == self.script and line.isascii() and line.isdigit():
                self._tell(int(line))

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
