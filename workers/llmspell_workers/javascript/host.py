"""The host's side as JavaScript sees it: one function of two numbers, which the adapter rings and no script ever holds.

The rule kept here: it raises nothing, and where memory is short it says so by giving 0. A fault of ours ends the
process, with a word on stderr: a script would take it for something else.
"""

from __future__ import annotations

import os

from llmspell_workers.bridge import Bridge, has_room
from llmspell_workers.javascript.library import Value
from llmspell_workers.javascript.machine import UNDEFINED, JavaScriptError, Machine, boolean, number
from llmspell_workers.javascript.values import from_script, to_script
from llmspell_workers.wire import Packed, Reply, Unsendable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_BEGIN, _OUTPUT, _EXIT, _NAME, _WHERE, _CLOCK, _SEED = 1, 2, 3, 4, 5, 6, 7
_NO_MEMORY, _MISFIT, _DONE = 0, -1, 1
_STREAMS = {1: "stdout", 2: "stderr"}
_SMALL = 32768
"""Bytes for which there is always room: a run ends before (`where.py`)."""
_COPIES = 2
"""How many times the bytes of a reply its text and the value of it take, at the least, beside each other."""


class Host:
    """Calls that a script begins, and their replies handed over to it."""

    def __init__(
        self, machine: Machine, bridge: Bridge, leave: Callable[[int], None], told: Callable[[str], None]
    ) -> None:
        """`leave` ends the run and does not return; `told` is given the places where the script is, innermost first."""
        self._machine = machine
        self._bridge = bridge
        self._leave = leave
        self._told = told
        self._names: list[str] = []
        self._last = 0
        self.open = 0

    def ring(self, operation: float, argument: float) -> float:
        """What the adapter asks for; the text that belongs to it lies in the machine's mail."""
        try:
            if operation == _BEGIN:
                return self._begin(int(argument))
            return self._other(int(operation), int(argument))
        except Unsendable as error:
            return self._misfit(str(error))
        except JavaScriptError as error:  # the text could not be read, for want of memory
            self._machine.free(error.value)
            return _NO_MEMORY
        except MemoryError:
            return _NO_MEMORY
        except Exception as error:  # noqa: BLE001 - the boundary towards JavaScript
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
            os._exit(1)

    def _begin(self, capability: int) -> float:
        packed = from_script(self._machine.request(), "")
        number = self._bridge.begin(self._names[capability], Packed(packed))
        self.open += 1
        self._last = number
        return number

    def _other(self, operation: int, argument: int) -> float:
        machine = self._machine
        if operation == _OUTPUT:
            self._bridge.output(_STREAMS[argument], machine.request())
        elif operation == _NAME:
            self._names.append(machine.request().decode())
            return len(self._names) - 1
        elif operation == _WHERE:
            self._told(machine.request().decode("utf-8", "replace"))
        elif operation == _EXIT:
            self._leave(argument)
        elif (seeded := self._bridge.seeded) is not None:
            if operation == _CLOCK:
                return (seeded.clock.monotonic_ns() if argument else seeded.clock.time_ns()) / 1e6
            if operation == _SEED:
                return seeded.seed >> 32 * argument & 0xFFFFFFFF
        return _DONE

    def _misfit(self, why: str) -> float:
        try:
            self._machine.answer(why.removeprefix(".").encode())
        except JavaScriptError as error:
            self._machine.free(error.value)
            return _NO_MEMORY
        return _MISFIT

    def wait(self) -> Reply:
        """The next reply. The only call that is open is mostly the one that was begun last."""
        last, self._last = self._last, 0
        return self._bridge.wait_only(last) if last and self.open == 1 else self._bridge.wait_any()

    def deliver(self, to: Value, reply: Reply) -> None:
        """Hands a reply to the adapter's function `to`. Raises JavaScriptError without memory for that."""
        machine = self._machine
        self.open -= 1
        text = self._text_of(reply)
        try:
            machine.free(machine.call(to, number(reply.call), boolean(reply.ok), text))
        finally:
            machine.free(text)

    def _text_of(self, reply: Reply) -> Value:
        """The text of a reply, or undefined where there is no memory for it and for what is made of it (E12)."""
        value = reply.value
        try:
            if type(value) is Packed and (len(value.data) <= _SMALL or has_room(_COPIES * len(value.data))):
                text = to_script(value)
                if len(text) <= _SMALL or has_room(_COPIES * len(text)):
                    return self._machine.text(text)
        except MemoryError:
            pass
        except JavaScriptError as error:
            self._machine.free(error.value)
        return UNDEFINED
