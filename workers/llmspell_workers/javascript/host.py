"""The host's side as JavaScript sees it: one function of two numbers, which the adapter rings and no script ever holds.

The rule kept here: it raises nothing, and where memory is short it says so by giving 0. A fault of ours ends the
process, with a word on stderr: a script would take it for something else.
"""

from __future__ import annotations

import os

from llmspell_workers.bridge import Bridge, has_room
from llmspell_workers.javascript.library import REJECTED, Value
from llmspell_workers.javascript.machine import UNDEFINED, JavaScriptError, Machine
from llmspell_workers.javascript.values import MARK, to_script
from llmspell_workers.wire import Packed, Unsendable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_REPLY, _OUTPUT, _EXIT, _NAME, _WHERE, _CLOCK, _SEED, _FORGET = -1, -2, -3, -4, -5, -6, -7, -8
_NO_MEMORY, _MISFIT, _DONE = 0, -1, 1
_NOT_YET, _OVER = float("inf"), float("-inf")
_STREAMS = {1: "stdout", 2: "stderr"}
_SMALL = 32768
"""Bytes for which there is always room: a run ends before (`where.py`)."""
_COPIES = 2
"""How many times the bytes of a reply its text and the value of it take, at the least, beside each other."""


class Host:
    """Calls that a script begins, and their replies handed over to it.

    `open` are the calls without a reply; `awaited` is the promise that the run waits for.
    """

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
        self.awaited = UNDEFINED

    def ring(self, operation: float, argument: float) -> float:
        """What the adapter asks for: a call by the number of its capability, else what is below 0.

        The bytes of a call's arguments lie on the machine's desk, and a text in its mail.
        """
        try:
            if operation >= 0:
                return self._begin(self._names[int(operation)], int(argument))
            if operation == _REPLY:
                return self._reply()
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

    def _begin(self, capability: str, length: int) -> float:
        number = self._last = self._bridge.begin(capability, self._machine.packed(length))
        self.open += 1
        return number

    def _reply(self) -> float:
        """The next reply, its value in the mail: its call, negative if it failed."""
        machine, js = self._machine, self._machine.js
        if not self.open or js.IsJobPending(machine.runtime):
            return _NOT_YET
        if js.PromiseState(machine.context, self.awaited) == REJECTED:
            return _OVER
        last, self._last = self._last, 0
        found = self._bridge.answer(last) if last and self.open == 1 else None  # nearly always
        if found is not None:
            ok, start, data = found
        else:
            reply = self._bridge.wait_any()
            last, ok, value = reply.call, reply.ok, reply.value
            start, data = (value.start, value.data) if type(value) is Packed else (0, b"")
        self.open -= 1
        machine.answer(self._value_of(data, start))
        return last if ok else -last

    def _value_of(self, data: bytes, start: int) -> Value:
        """A value, or the text of one that is marked; undefined where there is no memory for it (E12)."""
        try:
            if data and (len(data) <= _SMALL or has_room(_COPIES * len(data))):
                text = to_script(data, start)
                if len(text) <= _SMALL or has_room(_COPIES * len(text)):
                    return self._machine.text(text) if text.startswith(MARK) else self._machine.parsed(text)
        except MemoryError:
            pass
        except JavaScriptError as error:
            self._machine.free(error.value)
        return UNDEFINED

    def _other(self, operation: int, argument: int) -> float:
        machine = self._machine
        if operation == _OUTPUT:
            self._bridge.output(_STREAMS[argument], machine.request())
        elif operation == _NAME:
            self._names.append(machine.request().decode())
            return len(self._names) - 1
        elif operation == _WHERE:
            self._told(machine.request().decode("utf-8", "replace"))
        elif operation == _FORGET:
            self._bridge.forget(argument)
            self.open -= 1
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
            self._machine.answer(self._machine.text(why.removeprefix(".").encode()))
        except JavaScriptError as error:
            self._machine.free(error.value)
            return _NO_MEMORY
        return _MISFIT
