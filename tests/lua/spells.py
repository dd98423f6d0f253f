"""Spells in Lua; `tests/spells.py` says what these functions do."""

from __future__ import annotations

from tests.spells import LIMITS, Spells, files

_LUA = Spells("lua", "spell.lua")
runtime, spell, value, error = _LUA.runtime, _LUA.spell, _LUA.value, _LUA.error

__all__ = ["LIMITS", "error", "files", "runtime", "spell", "value"]
