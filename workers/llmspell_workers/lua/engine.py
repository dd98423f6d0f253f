"""Lua in a worker: lupa's runtime, with a few hidden functions as its only way out.

Theory of operation. The `.lua` files beside this one make the script's globals, pack and unpack the values of the wire
in Lua itself, and tell how a run ended. What Lua sees of Python is in `host.py`, hidden in the upvalues of those files:
no Python object ever reaches a script, by errors neither (E11). `max_memory` of lupa is not used (E12). The files are
written in what all dialects share (`dialects.py`); `before.lua` makes what they use of 5.4 and an older one lacks.
"""

from __future__ import annotations

import os

from llmspell_workers.bridge import Bridge
from llmspell_workers.channel import Channel
from llmspell_workers.lua.dialects import SEEDED, chosen
from llmspell_workers.lua.host import host_functions
from llmspell_workers.lua.where import Where
from llmspell_workers.wire import Configure, Done, Failed, Packed, Run, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

RAW_REPLIES = True
_MAX_MESSAGE = 8 * 1024
_MIB = 1024 * 1024
_RESTING = 18 * _MIB
"""Bytes of address space that a worker takes before the first line of a script, rounded up (E17)."""
_SHORT = 2**31 - 1
"""Seeds of the dialects that take no longer ones are below this."""

_DIALECT = chosen()
lupa = _DIALECT.load()


def _read_parts() -> list[tuple[str, bytes]]:
    """The adapter's Lua files; read before the worker is confined."""
    folder = os.path.dirname(os.path.abspath(__file__))
    parts = []
    for name in _DIALECT.parts:
        with open(os.path.join(folder, name + ".lua"), "rb") as file:
            parts.append((name, file.read()))
    return parts


_SOURCES = _read_parts()
VERSION: str = lupa.LuaRuntime(register_eval=False, register_builtins=False).lua_implementation
_NAMES = """
local at, found = _G, {}
for part in (ARGS[1] or ""):gmatch("[^.]+") do at = type(at) == "table" and rawget(at, part) or nil end
for name in next, type(at) == "table" and at or {} do
  if type(name) == "string" and #found < 2000 then found[#found + 1] = name end
end
return found"""
FEATURES: dict[str, object] = {
    "parallel": True, "modules": True, "check": True, "streaming": True, "seed": True, "names": _NAMES,
}  # fmt: skip
_AT_END = ("near <eof>", "near '<eof>'")


def _make_where() -> Where | None:
    if not _DIALECT.tells_line or lupa.__file__ is None:
        return None
    try:
        return Where(lupa.__file__)
    except (OSError, AttributeError):
        return None  # a lupa that was built against a Lua of the system: the line stays unknown


_WHERE = _make_where()


def prepare() -> None:
    """What has to be done before the process is confined: the host may ask where the script is."""
    if _WHERE is not None:
        _WHERE.listen()
        FEATURES["last_line"] = True


class Engine:
    """One Lua state for the runs of one session."""

    def __init__(
        self, configure: Configure, bridge: Bridge, finish: Callable[[Done], None], tell_line: Callable[[int], None]
    ) -> None:
        """`finish` ends a run from inside it; `tell_line` ends it with the line that the host has asked for."""
        self._bridge = bridge
        self._finish = finish
        self._current = -1
        self._runtime = lupa.LuaRuntime(
            encoding=None, unpack_returned_tuples=True, register_eval=False, register_builtins=False
        )
        self._run, self._collect, main_state = self._build(configure)
        if _WHERE is not None:
            _WHERE.watch(int(main_state, 16), (Engine.run.__code__, Channel.WAIT), tell_line)

    def run(self, run: Run) -> Done | Failed:
        """Runs a source to its end. Raises nothing for what a script does."""
        self._current = run.run
        if _WHERE is not None:
            _WHERE.script = b"@" + run.name.encode()
        try:
            ended = self._run(run.source, run.name.encode(), pack(run.arguments), run.mode.encode())
        except (MemoryError, lupa.LuaError) as error:
            # Lua could not even say so; what Lua caught before is raised again here by lupa
            return self._failed(run.run, "memory" if _is_memory(error) else "runtime", str(error)[:_MAX_MESSAGE])
        finally:
            if _WHERE is not None:
                _WHERE.script = None
            self._bridge.abandon()
        if ended[0] == b"done":
            return Done(run.run, Packed(ended[1]), None, {"memory_refusals": ended[2]})
        _, kind, message, line, frames, refusals = ended
        error_map: dict[str, object] = {
            "kind": _text(kind),
            "message": _text(message),
            "line": int(line) if line else None,
            "column": None,
            "traceback": [_text(row[:1024]) for row in frames.split(b"\n")] if frames else [],
        }
        if kind == b"syntax" and _is_begun(_text(message)):
            error_map["incomplete"] = True
        return Failed(run.run, error_map, {"memory_refusals": refusals})

    def collect(self) -> None:
        """Frees what the script has left behind: there was no memory for the last frame."""
        try:
            self._collect()
        except (MemoryError, lupa.LuaError):
            pass  # then there is nothing to be had

    def _failed(self, run: int, kind: str, message: str) -> Failed:
        error: dict[str, object] = {"kind": kind, "message": message, "line": None, "column": None, "traceback": []}
        return Failed(run, error, {"memory_refusals": 1 if kind == "memory" else 0})

    def _build(self, configure: Configure) -> tuple[Callable[..., tuple[bytes, ...]], Callable[[], None], bytes]:
        shared = self._runtime.table()
        for function, made in host_functions(self._bridge, self._exit).items():
            shared[function] = made
        shared[b"safe_heap"] = _safe_heap(configure.limits.get("memory")) / 1024
        seeded = self._bridge.seeded
        if seeded is not None:
            shared[b"seed"], shared[b"short_seed"] = seeded.seed, seeded.seed % _SHORT
            shared[b"host_clock"] = lambda passed: seeded.clock.monotonic() if passed else seeded.clock.time()
        for name, source in _SOURCES:
            if name == SEEDED and seeded is None:
                continue
            self._runtime.execute(source, shared, name=f"=llmspell/{name}".encode(), mode="t")
        build = self._runtime.execute(_BUILD, name=b"=llmspell/build", mode="t")
        run, collect, main_state = build(shared, pack(configure.surface), pack(configure.environment))
        return run, collect, main_state

    def _exit(self, status: int) -> None:
        """`os.exit`: the last frame now, and not one more line of the script."""
        self._finish(Done(self._current, None, status, {"memory_refusals": 0}))


_BUILD = b"""
return function(ll, surface, environment)
  if ll.forget then ll.forget() end
  ll.G = ll.make_globals(ll.unpack(environment, 1))
  ll.build_surface(ll.G, ll.unpack(surface, 1))
  local _, main_state = pcall(ll.raw_format or string.format, "%p", (coroutine.running())) -- where it lies
  local real = _G -- the script's globals are ll.G; of the real ones nothing is left
  for name in next, real do real[name] = nil end
  return ll.run, ll.collect, main_state
end
"""


def _safe_heap(memory: object) -> float:
    """Bytes that Lua may hold while memory cannot be short: a third of what the script has."""
    return max(0, memory - _RESTING) / 3 if isinstance(memory, int) else 0


def _is_begun(message: str) -> bool:
    """Whether a source does not parse because it ends too early: all but a short string can go on in the next line."""
    return message.endswith(_AT_END) and not message.startswith("unfinished string")


def _is_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or "not enough memory" in str(error)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
