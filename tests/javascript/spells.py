"""Spells in JavaScript; `tests/spells.py` says what these functions do."""

from __future__ import annotations

from tests.spells import LIMITS, Spells, files

_JAVASCRIPT = Spells("javascript", "spell.js")
runtime, spell, value, error = _JAVASCRIPT.runtime, _JAVASCRIPT.spell, _JAVASCRIPT.value, _JAVASCRIPT.error

__all__ = ["LIMITS", "error", "files", "runtime", "spell", "value"]
