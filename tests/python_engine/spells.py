"""Spells in Python, indented as the test that holds them; `tests/spells.py` says what these functions do."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent
from typing import Any

from llmspell import Outcome
from tests.spells import LIMITS, Spells


class _Dedented(Spells):
    def spell(self, source: str | bytes, *functions: Callable[..., Any], **options: Any) -> Outcome:
        return super().spell(dedent(source) if isinstance(source, str) else source, *functions, **options)


_PYTHON = _Dedented("python", "spell.py")
spell, value, error = _PYTHON.spell, _PYTHON.value, _PYTHON.error

__all__ = ["LIMITS", "error", "spell", "value"]
