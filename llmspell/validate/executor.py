"""Where checks run: on processes of this machine, or on those of a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from llmspell.validate.result import Result
from llmspell.validate.spell import Spell


class Executor(Protocol):
    """Runs the checks. A context manager; leaving it ends what it started, also midway.

    `results` takes spells as it has room for them (it never holds all of a long list) and gives one result for each,
    exactly once, in the order in which they come to be known; it can be left at any time.
    """

    def results(self, spells: Iterable[Spell]) -> Iterator[Result]: ...
    def __enter__(self) -> Executor: ...
    def __exit__(self, *_: object) -> None: ...
