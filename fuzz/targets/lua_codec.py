"""The Lua engine's own codec: what a host packs, Lua unpacks and packs again, and msgpack reads the same.

The first byte of an input says whether the rest is a value of the wire, which must come back as it went, or any bytes,
which Lua may refuse with an error and nothing worse.
"""

from __future__ import annotations

import os
from typing import Any

import lupa.lua54 as lupa

from fuzz.model import same
from fuzz.seeding import MSGPACK_WORDS, value_bodies
from fuzz.target import Check, Defect, Target
from fuzz.targets.values import expanded
from llmspell_workers import lua
from llmspell_workers.wire import Violation, pack, unpack
from llmspell_workers.wire.quick import pack_plain

LUA = "llmspell_workers/lua"
_GLUE = b"""
local ll = ...
return function(bytes)
  local fine, value = pcall(ll.unpack, bytes, 1)
  if not fine then return false, value end
  return ll.pack(value, "value")
end
"""
_REFUSALS = (b"nested deeper than 48 levels", b"262144 values", b"is nil inside a list", b"has ", b"no UTF-8")
"""What a packer may say of a value that came from bytes which no host sends."""


def as_lua_gives_it(value: Any) -> Any:
    """What is left of a value after Lua had it: nil in a map is no entry, and bytes that are UTF-8 are text."""
    if isinstance(value, dict):
        return {key: as_lua_gives_it(item) for key, item in sorted(value.items()) if item is not None}
    if isinstance(value, list):
        return list(map(as_lua_gives_it, value))
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    return value


def _make() -> Check:
    runtime = lupa.LuaRuntime(encoding=None, unpack_returned_tuples=True, register_eval=False, register_builtins=False)
    shared = runtime.table()
    for name in ("pack.lua", "unpack.lua"):
        with open(os.path.join(lua.__path__[0], name), "rb") as file:
            runtime.execute(file.read(), shared, name=b"=" + name.encode(), mode="t")
    both = runtime.execute(_GLUE, shared, name=b"=glue", mode="t")
    reset = shared[b"reset_codec"]

    def check_any(data: bytes) -> None:
        packed, why = _pair(both(data))
        if type(packed) is bytes:
            unpack(packed)  # a Violation is a finding
        else:
            assert type(why) is bytes, f"{why!r:.200} is no message"
            assert packed is False or any(text in why for text in _REFUSALS), why
        reset()

    def check(data: bytes) -> None:
        how, rest = data[:1], data[1:]
        try:
            value = unpack(rest)
        except Violation:
            if how >= b"\x80":
                rest = expanded(how + rest)
            check_any(rest)
            return
        body = pack(value)
        packed, why = _pair(both(body))
        assert type(packed) is bytes, f"{value!r:.200} is refused: {why!r:.200}"
        returned = unpack(packed)
        assert same(_ordered(returned), as_lua_gives_it(value)), f"{value!r:.200} became {returned!r:.200}"
        quick = pack_plain(returned)
        assert quick is None or len(quick) == len(packed), "not packed in the shortest way"

    return check


def _pair(given: Any) -> tuple[Any, Any]:
    return given if isinstance(given, tuple) else (given, None)


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _ordered(item) for key, item in sorted(value.items())}
    return list(map(_ordered, value)) if isinstance(value, list) else value


LUA_CODEC = Target(
    "lua-codec",
    "values through unpack.lua and pack.lua, against msgpack",
    _make,
    lambda: {name: b"\x00" + body for name, body in value_bodies().items()},
    MSGPACK_WORDS,
    {
        "a-sign-lost": Defect(
            LUA + "/unpack.lua",
            '[0xd1] = function(s, pos) return sunpack(">i2"',
            '[0xd1] = function(s, pos) return sunpack(">I2"',
        ),
        "an-edge-of-16-bits": Defect(
            LUA + "/pack.lua",
            'if v < 65536 then return spack(">BI2", 0xcd, v) end',
            'if v < 65536 then return spack(">Bi2", 0xd1, v & 32767) end',
        ),
        "bytes-as-text": Defect(LUA + "/pack.lua", "  if utf8_len(v) then\n", "  if utf8_len(v) or length < 3 then\n"),
        "empty-lists-as-maps": Defect(LUA + "/unpack.lua", "if length == 0 then empty_lists[list] = true end", ""),
    },
)
