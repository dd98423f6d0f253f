"""Where checks run: on processes of this machine, or on those of a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from llmspell.sandbox.wake import Cancellation
from llmspell.validate.finding import Finding, Severity
from llmspell.validate.result import Result, Status
from llmspell.validate.spell import Spell

MAX_REASON = 500
"""Characters of a reason for which a script was not checked."""


class Executor(Protocol):
    """Runs the checks. A context manager; leaving it ends what it started, also midway.

    `results` takes spells as it has room for them (it never holds all of a long list) and gives one result for each,
    exactly once, in the order in which they come to be known; it can be left at any time. A Result among the spells is
    handed on as it is. Once the executor's `Cancellation` is cancelled it takes no more, ends what runs, gives what
    was done before, and is over.
    """

    def results(self, spells: Iterable[Spell | Result]) -> Iterator[Result]: ...
    def __enter__(self) -> Executor: ...
    def __exit__(self, *_: object) -> None: ...


def until_failed(results: Iterable[Result], cancellation: Cancellation) -> Iterator[Result]:
    """`--fail-fast`: the results of an executor with this `cancellation`, which the first that did not pass cancels."""
    for result in results:
        if result.status is not Status.PASSED:
            cancellation.cancel(1)
        yield result


def unchecked(spell: Spell, reason: str) -> Result:
    """The result of a spell that could not be checked, for no fault of its own that is known."""
    shown = reason if len(reason) <= MAX_REASON else reason[:MAX_REASON] + "…"
    finding = Finding("not-checked", Severity.ERROR, shown)
    return Result(spell.path, Status.UNCHECKED, engine=spell.engine, findings=(finding,))


def fault(error: Exception) -> str:
    """The reason where an exception was nobody's intention."""
    return f"a fault of llmspell: {type(error).__name__}: {error}"[:MAX_REASON]


def weight(spell: Spell) -> int:
    """How many bytes a spell holds, about."""
    beside = len(spell.cassette or b"") + len(spell.expectation or b"")
    return len(spell.source) + beside + sum(map(len, spell.modules.values()))
