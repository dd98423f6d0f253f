"""The adapter's own JavaScript, which makes the script's globals, and what Python asks of it around a run.

The rule kept here: only texts and bytes come back from it, and every reference that was had is let go of.
"""

from __future__ import annotations

import os

from llmspell_workers.javascript.library import TAG_UNDEFINED, TAG_UNINITIALIZED, Value
from llmspell_workers.javascript.machine import JavaScriptError, Machine, boolean
from llmspell_workers.javascript.stacks import Described
from llmspell_workers.javascript.values import script_text
from llmspell_workers.wire import Packed, pack

_SEEDED = "seeded"
"""The file that only a deterministic run has."""
_PARTS = ("pack", "unpack", "errors", "text", "calls", "timers", _SEEDED, "io", "streams", "surface", "main")
"""The files, in the order in which they build on one another."""
_FUNCTIONS = ("build", "prepare", "take", "describe", "error", "result", "ask", "waiting")


def _read_parts() -> list[tuple[str, bytes]]:
    """The files; read before the worker is confined."""
    folder = os.path.dirname(os.path.abspath(__file__))
    parts = []
    for name in _PARTS:
        with open(os.path.join(folder, name + ".js"), "rb") as file:
            parts.append((name, file.read()))
    return parts


_SOURCES = _read_parts()


class Adapter:
    """The functions of the files in one machine."""

    def __init__(self, machine: Machine, *, seeded: bool) -> None:
        """`seeded`: a deterministic run. Raises JavaScriptError, MemoryError."""
        self._machine = machine
        shared = machine.build([part for part in _SOURCES if seeded or part[0] != _SEEDED])
        self._functions = {name: machine.member(shared, name.encode()) for name in _FUNCTIONS}
        self.where_it_is = self._functions["ask"], self._functions["waiting"]

    def build(self, surface: dict[str, object], environment: dict[str, object]) -> None:
        """Makes the globals: once."""
        self._ask("build", script_text(surface), script_text(environment))

    def prepare(self, name: bytes, arguments: dict[str, object]) -> None:
        """Makes ready for a run."""
        self._ask("prepare", name, script_text(arguments))

    def take(self) -> None:
        """Takes a reply, and has the next ones taken. Raises JavaScriptError."""
        self._machine.free(self._machine.call(self._functions["take"]))

    def result(self, value: Value, *, given: bool) -> bytes:
        """The packed value of a run, which may be nobody's: that of the last expression. Raises JavaScriptError."""
        machine = self._machine
        if value.tag == TAG_UNDEFINED:
            return pack(None)
        try:
            bytes_ = machine.call(self._functions["result"], value, boolean(given))
        finally:
            machine.free(value)
        try:
            return machine.read_bytes(bytes_)
        finally:
            machine.free(bytes_)

    def throw(self, kind: str, message: str) -> None:
        """Raises an error of the script API in the machine."""
        machine = self._machine
        texts = [machine.text(kind.encode()), machine.text(message.encode("utf-8", "replace"))]
        try:
            machine.js.Throw(machine.context, machine.call(self._functions["error"], *texts))
        except JavaScriptError as error:
            machine.js.Throw(machine.context, error.value)
        finally:
            for text in texts:
                machine.free(text)

    def describe(self, value: Value) -> Described:
        """What is known of an error, which stays whoever's it is. Raises JavaScriptError, MemoryError."""
        machine = self._machine
        bytes_ = machine.call(self._functions["describe"], value)
        try:
            about = Packed(machine.read_bytes(bytes_)).unpack()
        finally:
            machine.free(bytes_)
        assert isinstance(about, dict)  # the adapter's own
        return Described(about)

    def described(self, value: Value) -> Described | None:
        """The same, and lets go of it; None where even that takes too much memory."""
        if value.tag == TAG_UNINITIALIZED:  # no script can throw it: QuickJS has no memory for an error
            return None
        try:
            return self.describe(value)
        except JavaScriptError as error:
            self._machine.free(error.value)
            return None
        except MemoryError:
            return None
        finally:
            self._machine.free(value)

    def _ask(self, function: str, *texts: bytes) -> None:
        """Calls a function with texts, for what it does."""
        machine = self._machine
        values = [machine.text(text) for text in texts]
        try:
            machine.free(machine.call(self._functions[function], *values))
        finally:
            for value in values:
                machine.free(value)
