"""A script with all that its check may look at, as data: it is the same on this machine and on another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from llmspell.validate.finding import Finding


class Spell(NamedTuple):
    """One script to check. `path` is as in `Result`; `engine` is a name.

    `modules` are the files that it may load, by their paths relative to its folder; those that begin with `..` it may
    name only where it is a module itself, of a script further up. `cassette` and
    `expectation` are the contents of the files that stand beside it, None where none does. `findings` are what was
    found where it was read: a cassette that is too large, say. The two paths are as `path` is.
    """

    path: str
    engine: str
    source: bytes
    modules: Mapping[str, bytes] = {}
    cassette: bytes | None = None
    expectation: bytes | None = None
    findings: tuple[Finding, ...] = ()
    cassette_path: str | None = None
    expectation_path: str | None = None
