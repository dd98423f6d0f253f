"""JavaScript in a worker: QuickJS, with one hidden function as its only way out.

Theory of operation. The `.js` files beside this one (`adapter.py`) make the script's globals, pack the values of the
script, and tell how a run ended. A script is run as it stands: first as a script, whose value is that of its last
expression; what does not parse as one, because it imports or exports, as a module. Calls are begun at once and give
promises; while any is open, a job of the adapter's own waits for a reply to any of them, once no other job of the
machine is left to be run. A run is over when the script has ended and no call is open.
"""

from __future__ import annotations

from llmspell_workers.bridge import Bridge, has_room
from llmspell_workers.javascript.adapter import Adapter
from llmspell_workers.javascript.callbacks import Callbacks
from llmspell_workers.javascript.failures import failed, out_of_memory, stuck, unsendable
from llmspell_workers.javascript.host import Host
from llmspell_workers.javascript.library import (
    EVAL_ASYNC,
    EVAL_GLOBAL,
    EVAL_INDIRECT,
    EVAL_MODULE,
    EVAL_STRICT,
    FULFILLED,
    PENDING,
    Library,
    Value,
)
from llmspell_workers.javascript.machine import UNDEFINED, JavaScriptError, Machine
from llmspell_workers.javascript.modules import Modules
from llmspell_workers.javascript.rejections import Rejections
from llmspell_workers.javascript.room import LEAST_STACK, hold_stack
from llmspell_workers.javascript.where import Where
from llmspell_workers.wire import Configure, Done, Failed, Packed, Run, Unsendable, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

RAW_REPLIES = True
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
_FULL = 2 * 1024 * 1024
"""Bytes: when there is no room for them, memory has run out."""

_LIBRARY = Library()
_CALLBACKS = Callbacks()
VERSION = f"QuickJS-ng {_LIBRARY.GetVersion().decode()}"
FEATURES: dict[str, object] = {
    "parallel": True, "modules": True, "check": True, "streaming": True, "seed": True, "last_line": True,
    "names": _NAMES,
}  # fmt: skip
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
        _CALLBACKS.on_ring, _CALLBACKS.on_track = self._host.ring, self._rejections.track
        self._adapter = adapter = Adapter(machine, seeded=bridge.seeded is not None)
        self._modules = Modules(machine, bridge, adapter.throw, adapter.describe)
        _CALLBACKS.on_normalize, _CALLBACKS.on_load = self._modules.normalize, self._modules.load
        _CALLBACKS.on_interrupt = _WHERE.interrupt
        _WHERE.watch(machine, adapter.where_it_is, tell=tell_line, give_up=self._give_up)
        adapter.build(configure.surface, configure.environment)

    def run(self, run: Run) -> Done | Failed:
        """Runs a source to its end. Raises nothing for what a script does."""
        self._current = run.run
        _WHERE.script = run.name
        self._machine.js.UpdateStackTop(self._machine.runtime)
        self._host.open, self._started = 0, False
        try:
            return Done(run.run, Packed(self._run(run)), None, {"memory_refusals": 0})
        except JavaScriptError as error:
            return failed(run, self._adapter.described(error.value), started=self._started)
        except MemoryError:
            return out_of_memory(run.run, None)
        except Unsendable as error:
            return unsendable(run.run, str(error))
        except _StuckError:
            return stuck(run.run) if has_room(_FULL) else out_of_memory(run.run, None)
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
        self._adapter.prepare(name, run.arguments)
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
        return self._adapter.result(inner, given=module != 0)

    def _compile(self, source: bytes, name: bytes) -> tuple[Value, int]:
        """The parsed source, and its module if it is one."""
        machine = self._machine
        try:
            return machine.compile(source, name, self._flags), 0
        except JavaScriptError as error:
            if not self._adapter.describe(error.value).syntax:
                raise
            machine.free(error.value)
        compiled = machine.compile(source, name, EVAL_MODULE)
        return compiled, compiled.payload

    def _settled(self, promise: Value) -> Value:
        """What a promise was fulfilled with, once no call is open. Raises JavaScriptError with what it was rejected."""
        machine, host = self._machine, self._host
        js, context = machine.js, machine.context
        host.awaited = promise
        js.PromiseMarkAsHandled(context, promise)
        try:
            while True:
                machine.jobs()
                state = js.PromiseState(context, promise)
                if state > FULFILLED:
                    raise JavaScriptError(js.PromiseResult(context, promise))
                if host.open:  # there was no memory for the job that waits for them
                    self._adapter.take()
                elif state == PENDING:
                    self._rejections.check()
                    raise _StuckError
                else:
                    return machine.checked(js.PromiseResult(context, promise))
        finally:
            host.awaited = UNDEFINED
            machine.free(promise)

    def _give_up(self, line: int | None) -> None:
        """Memory has run out: the last frame now, as of `exit`."""
        self._finish(out_of_memory(self._current, line))

    def _exit(self, status: int) -> None:
        """`exit`: the last frame now, and not one more line of the script."""
        self._finish(Done(self._current, None, status, {"memory_refusals": 0}))


class _StuckError(Exception):
    """The script waits for what cannot come."""
