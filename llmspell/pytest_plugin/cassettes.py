"""Where cassettes lie, and the fixture `llmspell_cassette`: runs of a test, recorded once and replayed from then on.

Each run of a test has a file of its own, by the test's name and the run's number, in `cassettes/MODULE` beside the
test; that of a collected spell is beside the spell. The rule kept here: nothing is recorded unless that was asked for,
so a test in CI asks no model by accident.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from llmspell.outcome import Outcome
from llmspell.runtime import ScriptRuntime
from llmspell.validate.beside import CASSETTE

FOLDER = "cassettes"
_MOST = 100
"""Characters of a test's name in the name of its file."""


class Cassettes:
    """The cassettes of one test. `mode` is `none`, `once` or `all`, as for `--llmspell-record`."""

    def __init__(self, test: Path, name: str, *, mode: str) -> None:
        self._folder = test.parent / FOLDER / test.stem
        self._name = name
        self._mode = mode
        self._runs = 0

    def execute(self, runtime: ScriptRuntime, source: str | bytes, **options: Any) -> Outcome:
        """`runtime.execute`, replayed or recorded. A run whose cassette is missing fails the test."""
        return runtime.execute(source, **options, **self._next())

    def execute_file(self, runtime: ScriptRuntime, path: str | os.PathLike[str], **options: Any) -> Outcome:
        """`runtime.execute_file`, likewise."""
        return runtime.execute_file(path, **options, **self._next())

    @property
    def is_recording(self) -> bool:
        """Whether the next run is made in earnest."""
        return self._mode == "all" or (self._mode == "once" and not self.file(self._runs + 1).exists())

    def file(self, run: int = 1) -> Path:
        """Where the cassette of a run lies; runs count from 1."""
        number = "" if run == 1 else f".{run}"
        return self._folder / f"{file_name(self._name)}{number}{CASSETTE}"

    def _next(self) -> dict[str, Any]:
        recording = self.is_recording
        self._runs += 1
        file = self.file(self._runs)
        if recording:
            file.parent.mkdir(parents=True, exist_ok=True)
            return {"record": str(file)}
        if not file.exists():
            place = os.path.relpath(file)
            pytest.fail(f"there is no cassette {place}: record it with --llmspell-record=once", pytrace=False)
        return {"replay": str(file)}


def file_name(test: str) -> str:
    """The name of a test as that of a file: different ones for different tests.

    >>> file_name("test_sums[2]"), file_name("test_plain")
    ('test_sums-2-4b3e555e', 'test_plain')
    """
    plain = re.sub(r"[^A-Za-z0-9_]+", "-", test)[:_MOST].strip("-")
    if plain == test:
        return test
    digest = hashlib.sha256(test.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{plain}-{digest}"


def cassette_of(spell: Path) -> Path | None:
    """The cassette beside a spell, or None."""
    places = (Path(f"{spell}{CASSETTE}"), spell.with_suffix(CASSETTE))
    return next((place for place in places if place.exists()), None)


def new_cassette(spell: Path, suffixes: Collection[str]) -> Path:
    """Where the first cassette of a spell goes: that of `spell.abc` is not to be taken for that of `spell.xyz`."""
    others = (spell.with_suffix(suffix) for suffix in suffixes if suffix != spell.suffix)
    return Path(f"{spell}{CASSETTE}") if any(map(Path.exists, others)) else spell.with_suffix(CASSETTE)
