"""What a rule is, and how it fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from llmspell.engines.conformance.subject import Subject


class Broken(Exception):
    """The worker does not keep the rule; the message says what it did instead."""


class NotStarted(Broken):
    """The worker went away before it said anything, so there is nothing to try."""


class NotApplicable(Exception):
    """The worker does not claim what the rule is about; the message says what."""


class Rule(NamedTuple):
    """One rule. `id` never changes; `says` is what `docs/protocol.md` says; `spell` is the one that it needs."""

    id: str
    says: str
    check: Callable[[Subject], None]
    spell: str | None = None
    mandatory: bool = True


def insist(holds: bool, otherwise: str) -> None:
    """Raises Broken with `otherwise` unless it holds."""
    if not holds:
        raise Broken(otherwise)
