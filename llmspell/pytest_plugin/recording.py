"""Recording the cassette of a collected spell: it runs with the models and grants that its user has configured.

The rule kept here: a run that ended otherwise than expected leaves no cassette, for replayed it would pass for ever.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from llmspell.config import Configuration
from llmspell.engines.factory import EngineSpec
from llmspell.providers.manager import ProviderManager
from llmspell.runtime import ScriptRuntime
from llmspell.transcript.beside import ValuesFolder
from llmspell.transcript.file import TranscriptFile, values_place
from llmspell.transcript.form import TranscriptError
from llmspell.validate.runs.compare import differences_of_end
from llmspell.validate.runs.expectation import Expectation
from llmspell.validate.runs.running import Ran, given_input


def record(spell: Path, engine: EngineSpec, cassette: Path, configuration: Configuration, expected: Expectation) -> Ran:
    """Runs a spell in earnest and writes its cassette, unless it ended otherwise than expected: then it has findings.

    Raises UsageError and SetupError.
    """

    def providers() -> ProviderManager:
        return ProviderManager(
            configuration.providers,
            environ=os.environ,
            default_model=configuration.model,
            default_provider=configuration.provider,
            aliases=configuration.aliases,
        )

    policy, limits = configuration.policy, configuration.limits
    if engine.extensions is None:  # a configuration is for spells of all languages
        policy = policy._replace(packages=())
    stdin = given_input(expected)
    with ScriptRuntime(engine, providers=providers, policy=policy, limits=limits, stdin=stdin) as runtime:
        sink = UnnamedCassette(cassette)
        try:
            outcome = runtime.execute_file(spell, record=sink, arguments=expected.arguments, seed=expected.seed)
            findings = tuple(differences_of_end(expected, outcome))
            if not findings:
                sink.keep()
        finally:
            sink.forget()
    return Ran(findings, outcome)


class UnnamedCassette:
    """A cassette that has its name only once it is wanted. Until then the one that it replaces is there."""

    def __init__(self, cassette: Path) -> None:
        """Raises TranscriptError."""
        self._file = TranscriptFile(cassette)
        self._values = values_place(self._file.path)
        self._were_there = set(os.listdir(self._values)) if os.path.isdir(self._values) else set()
        self._is_whole = self._is_kept = False
        self.line, self.value = self._file.line, self._file.value

    def finish(self) -> None:
        """All of it was written."""
        self._is_whole = True

    def discard(self) -> None:
        """Nothing yet: it is not known whether it is wanted."""

    def close(self) -> None:
        """Nothing yet, likewise."""

    def keep(self) -> None:
        """Gives it its name. Raises TranscriptError."""
        if not self._is_whole:  # the run says why, by another verdict: here that was expected
            raise TranscriptError(f"{self._file.path!a} could not be written to its end, and is not kept")
        self._file.finish()
        self._is_kept = True

    def forget(self) -> None:
        """Removes what was not kept. May be called after `keep`."""
        if self._is_kept:
            return
        self._file.discard()
        ValuesFolder(self._values).forget_others(self._were_there)
        with suppress(OSError):  # it is not there, or not empty
            os.rmdir(self._values)
