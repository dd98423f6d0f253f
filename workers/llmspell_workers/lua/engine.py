"""Lua 5.4 in a worker: lupa's runtime, with one hidden function as its only way out.

Theory of operation. The `.lua` files beside this one make the script's globals, pack and unpack the values of the wire
in Lua itself, and tell how a run ended. Lua sees one Python function, `_Dispatch`, hidden in their upvalues; it takes
and gives numbers, booleans and strings only, and raises nothing but what cannot be helped (E11): no Python object ever
reaches a script, by errors neither. `max_memory` of lupa is not used (E12).
"""

from __future__ import annotations

import os

import lupa.lua54 as lupa

from llmspell_workers.bridge import Bridge, make_room
from llmspell_workers.wire import Configure, Done, Failed, Packed, Run, Unsendable, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

RAW_REPLIES = True
_PARTS = ("codec", "globals", "json", "parallel", "surface", "main")
_MAX_MESSAGE = 8 * 1024


def _read_parts() -> list[tuple[str, bytes]]:
    """The adapter's Lua files; read before the worker is confined."""
    folder = os.path.dirname(os.path.abspath(__file__))
    parts = []
    for name in _PARTS:
        with open(os.path.join(folder, name + ".lua"), "rb") as file:
            parts.append((name, file.read()))
    return parts


_SOURCES = _read_parts()
_runtime_version = lupa.LuaRuntime(register_eval=False, register_builtins=False).lua_version
VERSION = "Lua " + ".".join(map(str, _runtime_version))
FEATURES: dict[str, object] = {"parallel": True, "modules": True, "check": True, "streaming": True}


class Engine:
    """One Lua state for the runs of one session."""

    def __init__(self, configure: Configure, bridge: Bridge, finish: Callable[[Done], None]) -> None:
        self._bridge = bridge
        self._finish = finish
        self._current = -1
        self._runtime = lupa.LuaRuntime(
            encoding=None, unpack_returned_tuples=True, register_eval=False, register_builtins=False
        )
        self._run = self._build(configure)

    def run(self, run: Run) -> Done | Failed:
        """Runs a source to its end. Raises nothing for what a script does."""
        self._current = run.run
        try:
            ended = self._run(run.source, run.name.encode(), pack(run.arguments), run.mode.encode())
        except (MemoryError, lupa.LuaError) as error:
            # Lua could not even say so; what Lua caught before is raised again here by lupa
            return self._failed(run.run, "memory" if _is_memory(error) else "runtime", str(error)[:_MAX_MESSAGE])
        finally:
            self._bridge.abandon()
        if ended[0] == b"done":
            return Done(run.run, Packed(ended[1]), None, {"memory_refusals": ended[2]})
        _, kind, message, file, line, frames, refusals = ended
        error_map: dict[str, object] = {
            "kind": _text(kind)[:100] or "runtime",
            "message": _text(message[:_MAX_MESSAGE]),
            "file": _text(file[:1024]) or None,
            "line": int(line) if line else None,
            "column": None,
            "traceback": [_text(row[:1024]) for row in frames.split(b"\n")] if frames else [],
        }
        return Failed(run.run, error_map, {"memory_refusals": refusals})

    def _failed(self, run: int, kind: str, message: str) -> Failed:
        error: dict[str, object] = {
            "kind": kind,
            "message": message,
            "line": None,
            "column": None,
            "traceback": [],
        }
        return Failed(run, error, {"memory_refusals": 1 if kind == "memory" else 0})

    def _build(self, configure: Configure) -> Callable[..., tuple[bytes, ...]]:
        shared = self._runtime.table()
        shared[b"dispatch"] = _make_dispatch(self._bridge, self._exit)
        for name, source in _SOURCES:
            self._runtime.execute(source, shared, name=f"=llmspell/{name}".encode(), mode="t")
        build = self._runtime.execute(_BUILD, name=b"=llmspell/build", mode="t")
        run: Callable[..., tuple[bytes, ...]] = build(shared, pack(configure.surface), pack(configure.environment))
        return run

    def _exit(self, status: int) -> None:
        """`os.exit`: the last frame now, and not one more line of the script."""
        self._finish(Done(self._current, None, status, {"memory_refusals": 0}))


_BUILD = b"""
return function(ll, surface, environment)
  ll.G = ll.make_globals(ll.unpack(environment, 1))
  ll.build_surface(ll.G, ll.unpack(surface, 1))
  local real = _G -- the script's globals are ll.G; of the real ones nothing is left
  for name in next, real do real[name] = nil end
  return ll.run
end
"""


def _make_dispatch(bridge: Bridge, leave: Callable[[int], None]) -> Callable[..., object]:
    """The one function that Lua can call. Numbers name what is asked for, as in `parallel.lua` and `globals.lua`."""
    names: dict[bytes, str] = {}

    def name_of(capability: bytes) -> str:
        if capability not in names:
            names[capability] = capability.decode()
        return names[capability]

    def handed_over(reply_value: object) -> tuple[int, bytes]:
        assert isinstance(reply_value, Packed)
        make_room(len(reply_value.data))
        return reply_value.start + 1, reply_value.data

    def call(capability: bytes, packed: bytes) -> object:
        try:
            reply = bridge.wait(bridge.begin(name_of(capability), Packed(packed)))
        except Unsendable as error:
            return None, str(error).encode()
        return (reply.ok, *handed_over(reply.value))

    def begin(capability: bytes, packed: bytes) -> object:
        try:
            return bridge.begin(name_of(capability), Packed(packed))
        except Unsendable as error:
            return None, str(error).encode()

    def wait_any() -> object:
        reply = bridge.wait_any()
        return (reply.call, reply.ok, *handed_over(reply.value))

    def output(stream: bytes, data: bytes) -> None:
        bridge.output(name_of(stream), data)

    operations: dict[int, Callable[..., object]] = {1: call, 2: begin, 3: wait_any, 4: output, 5: leave}

    def dispatch(operation: int, *scalars: object) -> object:
        return operations[operation](*scalars)

    return dispatch


def _is_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or "not enough memory" in str(error)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
