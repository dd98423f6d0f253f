"""What a project's file may not say before the user has trusted it (`architecture.md`, Trust)."""

from __future__ import annotations

from collections.abc import Iterator

from llmspell.config.schema import OPEN_TO_PROJECTS, Kind, Project
from llmspell.config.tree import Setting, Tree
from llmspell.limits import Limits, format_size


def overreach(layer: Tree, lower: Tree) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every key of an untrusted layer that is closed to it, with what is wrong about it, first things first.

    A limit may be set to at most what the layers below, or else the defaults, allow.
    """
    yield from _overreach(layer, lower, ())


def _overreach(layer: Tree, lower: Tree, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    for name, below in layer.items():
        here = (*path, name)
        if not isinstance(below, Setting):
            if below:
                yield from _overreach(below, lower, here)
            elif here[0] not in OPEN_TO_PROJECTS:  # an empty table names something all the same
                yield here, "may not be set"
        elif below.key.project is Project.NOTHING:
            yield here, "may not be set"
        elif below.key.project is Project.LOWERS and below.value > _allowed(name, lower):
            size = below.key.kind is Kind.SIZE
            old, new = (format_size(n) if size else f"{n:g}" for n in (_allowed(name, lower), below.value))
            yield here, f"may only be lowered, not raised from {old} to {new},"


def _allowed(limit: str, lower: Tree) -> int:
    limits = lower.get("limits")
    below = limits.get(limit) if isinstance(limits, dict) else None
    return below.value if isinstance(below, Setting) else getattr(Limits(), limit)  # type: ignore[no-any-return]
