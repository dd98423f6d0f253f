"""JavaScript in a worker: QuickJS, with one hidden function as its only way out.

Theory of operation. The `.js` files beside this one make the script's globals, turn values into JSON text and back, and
tell how a run ended. A script is run as it stands: first as a script, whose value is that of its last expression; what
does not parse as one, because it imports or exports, as a module. Calls are begun at once and give promises; when no
job of the machine is left to be run, the worker waits for a reply to any of them. A run is over when the script has
ended and no call is open.
"""

from __future__ import annotations

import os

from llmspell_workers.bridge import Bridge, has_room
from llmspell_workers.javascript.callbacks import Callbacks
from llmspell_workers.javascript.host import Host
from llmspell_workers.javascript.library import (
    EVAL_ASYNC,
    EVAL_GLOBAL,
    EVAL_INDIRECT,
    EVAL_MODULE,
    EVAL_STRICT,
    FULFILLED,
    PENDING,
    TAG_UNDEFINED,
    TAG_UNINITIALIZED,
    Library,
    Value,
)
from llmspell_workers.javascript.machine import JavaScriptError, Machine, boolean
from llmspell_workers.javascript.modules import Modules
from llmspell_workers.javascript.rejections import Rejections
from llmspell_workers.javascript.room import LEAST_STACK, hold_stack
from llmspell_workers.javascript.stacks import Described
from llmspell_workers.javascript.values import from_script, parsed, to_script
from llmspell_workers.javascript.where import Where
from llmspell_workers.wire import Configure, Done, Failed, Packed, Run, Unsendable, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

RAW_REPLIES = True
_SEEDED = "seeded"
"""The file that only a deterministic run has."""
_PARTS = ("pack", "errors", "text", "calls", _SEEDED, "io", "streams", "surface", "main")
"""The adapter's JavaScript files, in the order in which they build on one another."""
_SCRIPT = EVAL_INDIRECT | EVAL_STRICT | EVAL_ASYNC
_KEPT = EVAL_GLOBAL | EVAL_STRICT | EVAL_ASYNC
"""For the runs of a session: what one declares at the top, the next one finds."""
_NAMES = """
{
  const found = new Set();
  let at = ARGS[1] ? (0, eval)(ARGS[1]) : globalThis;
  for (let left = 2000; at !== undefined && at !== null && left > 0; at = Object.getPrototypeOf(Object(at)))
    for (const name of Object.getOwnPropertyNames(at)) if (left-- > 0) found.add(name);
  [...found];
}"""
_MEMORY = "not enough memory"
_FULL = 2 * 1024 * 1024
"""Bytes: when there is no room for them, memory has run out."""
_STUCK = "the script waits for a promise that nothing is left to settle"
_UNPLACED: dict[str, object] = {"kind": "runtime", "line": None, "column": None, "traceback": []}

_LIBRARY = Library()
_CALLBACKS = Callbacks()
VERSION = f"QuickJS-ng {_LIBRARY.GetVersion().decode()}"
FEATURES: dict[str, object] = {
    "parallel": True, "modules": True, "check": True, "streaming": True, "seed": True, "last_line": True,
    "names": _NAMES,
}  # fmt: skip


def _read_parts() -> list[tuple[str, bytes]]:
    """The adapter's JavaScript files; read before the worker is confined."""
    folder = os.path.dirname(os.path.abspath(__file__))
    parts = []
    for name in _PARTS:
        with open(os.path.join(folder, name + ".js"), "rb") as file:
            parts.append((name, file.read()))
    return parts


_SOURCES = _read_parts()
_WHERE = Where()
_stack = LEAST_STACK


def prepare() -> None:
    """What must be done before the worker is confined."""
    global _stack
    _stack = hold_stack()
    _WHERE.listen()


class Engine:
    """One JavaScript machine for the runs of one session."""

    def __init__(
        self,
        configure: Configure,
        bridge: Bridge,
        finish: Callable[[Done | Failed], None],
        tell_line: Callable[[int], None],
    ) -> None:
        """`finish` ends a run from inside it; `tell_line` ends it with the line that the host has asked for."""
        self._bridge = bridge
        self._finish = finish
        self._current = -1
        self._started = False
        self._flags = _KEPT if configure.settings.get("session") is True else _SCRIPT
        self._machine = machine = Machine(_LIBRARY, _CALLBACKS, _stack)
        self._host = Host(machine, bridge, self._exit, _WHERE.told)
        self._rejections = Rejections(machine)
        self._modules = Modules(machine, bridge, self._throw, self._describe)
        _CALLBACKS.on_ring, _CALLBACKS.on_track, _CALLBACKS.on_interrupt = (
            self._host.ring,
            self._rejections.track,
            _WHERE.interrupt,
        )
        _CALLBACKS.on_normalize, _CALLBACKS.on_load = self._modules.normalize, self._modules.load
        shared = machine.build([part for part in _SOURCES if bridge.seeded is not None or part[0] != _SEEDED])
        names = ("build", "prepare", "deliver", "describe", "error", "result", "ask", "waiting")
        self._adapter = {name: machine.member(shared, name.encode()) for name in names}
        asked = self._adapter["ask"], self._adapter["waiting"]
        _WHERE.watch(machine, asked, tell=tell_line, give_up=self._give_up)
        self._ask("build", to_script(Packed(pack(configure.surface))), to_script(Packed(pack(configure.environment))))

    def run(self, run: Run) -> Done | Failed:
        """Runs a source to its end. Raises nothing for what a script does."""
        self._current = run.run
        _WHERE.script = run.name
        self._machine.js.UpdateStackTop(self._machine.runtime)
        self._host.open, self._started = 0, False
        try:
            return Done(run.run, Packed(self._run(run)), None, {"memory_refusals": 0})
        except JavaScriptError as error:
            return self._failed(run, self._described(error.value))
        except MemoryError:
            return self._out_of_memory(None)
        except Unsendable as error:
            return Failed(run.run, {**_UNPLACED, "kind": "validation", "message": str(error)}, {"memory_refusals": 0})
        except _StuckError:
            if not has_room(_FULL):
                return self._out_of_memory(None)
            return Failed(run.run, {**_UNPLACED, "message": _STUCK}, {"memory_refusals": 0})
        finally:
            _WHERE.script = None
            self._rejections.forget()
            self._bridge.abandon()

    def collect(self) -> None:
        """Frees what the script has left behind: there was no memory for the last frame."""
        self._machine.collect()

    def _run(self, run: Run) -> bytes:
        """The packed value of a run. Raises JavaScriptError, MemoryError, _StuckError."""
        machine = self._machine
        name = run.name.encode()
        self._ask("prepare", name, to_script(Packed(pack(run.arguments))))
        self._modules.only_check = run.mode == "check"
        compiled, module = self._compile(run.source.removeprefix(b"\xef\xbb\xbf"), name)
        if run.mode == "check":
            machine.free(compiled)
            return pack(None)
        self._started = True
        value = self._settled(machine.run(compiled))
        if module:
            machine.free(value)
            value = machine.checked(machine.js.GetModuleNamespace(machine.context, module))
        inner = machine.member(value, b"default" if module else b"value")
        machine.free(value)
        if machine.js.IsPromise(inner):
            inner = self._settled(inner)
        self._rejections.check()
        return self._result(inner, module != 0)

    def _compile(self, source: bytes, name: bytes) -> tuple[Value, int]:
        """The parsed source, and its module if it is one."""
        machine = self._machine
        try:
            return machine.compile(source, name, self._flags), 0
        except JavaScriptError as error:
            if not self._describe(error.value).syntax:
                raise
            machine.free(error.value)
        compiled = machine.compile(source, name, EVAL_MODULE)
        return compiled, compiled.payload

    def _settled(self, promise: Value) -> Value:
        """What a promise was fulfilled with, once no call is open. Raises JavaScriptError with what it was rejected."""
        machine, host = self._machine, self._host
        js, context = machine.js, machine.context
        deliver, wait = self._adapter["deliver"], host.wait
        js.PromiseMarkAsHandled(context, promise)
        try:
            while True:
                machine.jobs()
                state = js.PromiseState(context, promise)
                if state == FULFILLED and not host.open:
                    return machine.checked(js.PromiseResult(context, promise))
                if state > FULFILLED:
                    raise JavaScriptError(js.PromiseResult(context, promise))
                if state == PENDING and not host.open:
                    self._rejections.check()
                    raise _StuckError
                host.deliver(deliver, wait())
        finally:
            machine.free(promise)

    def _result(self, value: Value, given: bool) -> bytes:
        machine = self._machine
        if value.tag == TAG_UNDEFINED:
            return pack(None)
        try:
            text = machine.call(self._adapter["result"], value, boolean(given))
        finally:
            machine.free(value)
        try:
            return from_script(machine.read(text), "result")
        finally:
            machine.free(text)

    def _ask(self, function: str, *texts: bytes) -> None:
        """Calls a function of the adapter with texts, for what it does."""
        machine = self._machine
        values = [machine.text(text) for text in texts]
        try:
            machine.free(machine.call(self._adapter[function], *values))
        finally:
            for value in values:
                machine.free(value)

    def _throw(self, kind: str, message: str) -> None:
        """Raises an error of the script API in the machine."""
        machine = self._machine
        texts = [machine.text(kind.encode()), machine.text(message.encode("utf-8", "replace"))]
        try:
            machine.js.Throw(machine.context, machine.call(self._adapter["error"], *texts))
        except JavaScriptError as error:
            machine.js.Throw(machine.context, error.value)
        finally:
            for text in texts:
                machine.free(text)

    def _describe(self, value: Value) -> Described:
        """What is known of an error, which stays whoever's it is. Raises JavaScriptError, MemoryError."""
        machine = self._machine
        text = machine.call(self._adapter["describe"], value)
        try:
            about = parsed(machine.read(text).decode("utf-8", "replace"))
        finally:
            machine.free(text)
        assert isinstance(about, dict)  # the adapter's own
        return Described(about)

    def _described(self, value: Value) -> Described | None:
        """The same, and lets go of it; None where even that takes too much memory."""
        if value.tag == TAG_UNINITIALIZED:  # no script can throw it: QuickJS has no memory for an error
            return None
        try:
            return self._describe(value)
        except JavaScriptError as error:
            self._machine.free(error.value)
            return None
        except MemoryError:
            return None
        finally:
            self._machine.free(value)

    def _failed(self, run: Run, why: Described | None) -> Failed:
        if why is None or why.memory or why.is_null:  # when even an error is refused, QuickJS throws null instead
            return self._out_of_memory(why.line_in(run.name) if why else None)
        place = why.place_in(run.name)
        parser = why.syntax and not self._started
        error: dict[str, object] = {
            "kind": "syntax" if parser else why.kind,
            "message": why.message.removeprefix("SyntaxError: ") if parser else why.message,
            "line": place[0] if place else None,
            "column": place[1] if place else None,
            "traceback": [str(frame) for frame in why.frames],
        }
        if parser and _is_begun(run.source, why.message, place):
            error["incomplete"] = True
        return Failed(run.run, error, {"memory_refusals": 0})

    def _out_of_memory(self, line: int | None) -> Failed:
        error = {**_UNPLACED, "kind": "memory", "message": _MEMORY, "line": line}
        return Failed(self._current, error, {"memory_refusals": 1})

    def _give_up(self, line: int | None) -> None:
        """Memory has run out: the last frame now, as of `exit`."""
        self._finish(self._out_of_memory(line))

    def _exit(self, status: int) -> None:
        """`exit`: the last frame now, and not one more line of the script."""
        self._finish(Done(self._current, None, status, {"memory_refusals": 0}))


def _is_begun(source: bytes, message: str, place: tuple[int, int] | None) -> bool:
    """Whether a source does not parse because it ends too early: the error stands behind its last character, or at the
    begin of what may span lines and was not closed."""
    if place is None:
        return False
    lines = source.decode("utf-8", "replace").rstrip().split("\n")
    line, column = place
    if line > len(lines) or (line == len(lines) and column > len(lines[-1])):
        return True
    if message.endswith("end of comment"):
        return True
    return message.endswith("end of string") and lines[line - 1][column - 1 : column] in ("`", "}")


class _StuckError(Exception):
    """The script waits for what cannot come."""
