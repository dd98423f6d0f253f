"""What a fuzz target is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

Check = Callable[[bytes], None]
"""One execution: returns if all is well with these bytes; whatever it raises is a finding."""


class Defect(NamedTuple):
    """One line of the code under test, wrong: `old` stands in `place` exactly once.

    `place` is the path of a file below the folder that holds the package.
    """

    place: str
    old: str
    new: str


class Target(NamedTuple):
    """One thing that is fuzzed.

    `make` loads the code under test and gives its check; `seeds` are inputs by name; `words` are put into inputs by the
    fuzzer; `defects` are what the plain fuzzer must find, by name, and the first of them atheris too.
    """

    name: str
    what: str
    make: Callable[[], Check]
    seeds: Callable[[], dict[str, bytes]]
    words: tuple[bytes, ...]
    defects: Mapping[str, Defect]


WIRE = "llmspell_workers/wire"
