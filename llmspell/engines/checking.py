"""The workers that check: rows like those of engines, which run nothing.

The rule kept here: only a built-in engine has one. The script of another is parsed by its own worker, where that says
that it can.
"""

from __future__ import annotations

from llmspell.engines.builtin import CHECKERS
from llmspell.engines.factory import EngineSpec

CHECKS = "check:"
"""What the name of such a worker begins with; the engine's own stands behind it."""
_MIB = 1024 * 1024


def checking(spec: EngineSpec) -> EngineSpec | None:
    """The row of what checks scripts of an engine, or None."""
    name = spec.name.partition("@")[0]
    if spec.command or name not in CHECKERS:
        return None
    return spec._replace(
        name=CHECKS + spec.name,
        library=f"{spec.library or ''} {CHECKERS[name]}".strip(),
        least_memory=spec.least_memory + 8 * _MIB,
    )
