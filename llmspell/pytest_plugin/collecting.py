"""Spells as tests: which files are collected, and the hooks that are there with `--llmspell` only.

A spell is a file by the suffix of an engine. Where the suffix is also that of pytest's own modules, it is one only as
NAME.spell.py, or where `llmspell_files` or `[validate]` of the configuration says so. What is named is collected.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from llmspell.config import Configuration, load
from llmspell.engines.configured import factory_of
from llmspell.errors import UsageError
from llmspell.providers.manager import ProviderManager
from llmspell.pytest_plugin.cassettes import cassette_of, new_cassette
from llmspell.pytest_plugin.spell_item import SpellItem
from llmspell.transcript.secrets import secrets_of
from llmspell.validate.check import Checker
from llmspell.validate.discovery import Discovery
from llmspell.validate.finding import Finding, Severity
from llmspell.validate.places import shown_path as text_path
from llmspell.validate.reports.masked import WithoutKeys
from llmspell.validate.reports.wording import shown_path
from llmspell.validate.result import Result, Status
from llmspell.validate.runs.running import Ran, expected_of
from llmspell.validate.settings import settings_of
from llmspell.validate.spell import Spell
from llmspell.validate.tree import is_below, matches

_OF_PYTEST = ".py"


class SpellCollection:
    """The plugin behind `--llmspell`: what all spells of a session share."""

    def __init__(self, config: pytest.Config) -> None:
        """Raises pytest.UsageError for a configuration that cannot be read."""
        self._config = config
        try:
            configuration = _configuration(config)
            self._factory = factory_of(configuration)
            self._settings = settings_of(configuration, self._factory, strict=config.getoption("--llmspell-strict"))
            self.checker = Checker(self._settings)
            providers = ProviderManager(configuration.providers, environ=os.environ)
            self.shown = WithoutKeys(secrets_of(providers, configuration.policy.environment))
        except UsageError as error:
            raise pytest.UsageError(f"--llmspell: {error}") from None
        self._suffixes = {suffix for name in self._factory.names() for suffix in self._factory.get(name).suffixes}
        self._files: list[str] = config.getini("llmspell_files")
        self._include: Sequence[str] = configuration.validate.get("include", ())
        self._exclude: Sequence[str] = configuration.validate.get("exclude", ())

    def discovered(self, path: str) -> Spell | Result:
        """A script with what stands beside it, or why it cannot be checked. Raises UsageError where it is gone."""
        root = os.path.realpath(self._config.rootpath)
        if not is_below(os.path.realpath(path), root):  # pytest goes into folders that are links
            says = f"it is not below {root}, or a symbolic link leads out of there, and it is not looked at"
            return Result(text_path(path), Status.UNCHECKED, findings=(Finding("unreadable", Severity.ERROR, says),))
        allowed = self._settings.limits.source_allowed
        for each in Discovery([path], factory=self._factory, allowed=allowed, inside=root, follow=False):
            return each
        raise UsageError(f"{path!r:.300} is gone")

    def is_recorded(self, spell: Path) -> bool:
        """Whether the cassette of a spell is to be recorded now."""
        mode = self._config.getoption("--llmspell-record")
        return mode == "all" or (mode == "once" and cassette_of(spell) is None)

    def record(self, path: Path, spell: Spell) -> Ran:
        """Runs a spell in earnest and writes its cassette, or tells why not. Raises UsageError and SetupError."""
        from llmspell.pytest_plugin.recording import record

        place = cassette_of(path) or new_cassette(path, self._suffixes)
        configuration = _configuration(self._config, sandboxed=False)
        return record(path, self._factory.get(spell.engine), place, configuration, expected_of(spell))

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """A spell, if this file is one."""
        if not self._is_wanted(file_path, parent.session):
            return None
        named: dict[str, Any] = {}
        place = os.path.relpath(file_path, self._config.rootpath)
        shown = shown_path(place)
        if shown != place:  # it could steer a terminal or a CI, or be no text that another process can be sent
            named = {"nodeid": shown, "name": shown}
        return SpellFile.from_parent(parent, path=file_path, collection=self, **named)

    def pytest_unconfigure(self) -> None:
        """Ends what was started."""
        self.checker.close()

    def _is_wanted(self, path: Path, session: pytest.Session) -> bool:
        known = path.suffix in self._suffixes
        if session.isinitpath(path) and known and path.suffix != _OF_PYTEST:
            return True
        place = os.path.relpath(path, self._config.rootpath)
        if any(matches(place, pattern) for pattern in self._exclude):
            return False
        if self._files:
            return any(matches(place if "/" in pattern else path.name, pattern) for pattern in self._files)
        if self._include:
            return known and any(matches(place, pattern) for pattern in self._include)
        return known and (path.suffix != _OF_PYTEST or path.stem.endswith(".spell"))


class SpellFile(pytest.File):
    """A file with one spell."""

    def __init__(self, *, collection: SpellCollection, **given: object) -> None:
        super().__init__(**given)  # type: ignore[arg-type]  # what pytest hands on to its own class
        self.collection = collection

    def collect(self) -> list[pytest.Item]:
        """Its one test."""
        return [SpellItem.from_parent(self, name="spell", collection=self.collection)]


def _configuration(config: pytest.Config, *, sandboxed: bool = True) -> Configuration:
    named = config.getini("llmspell_config")
    file = str(config.rootpath / named) if named else None
    return load(cwd=str(config.rootpath), environ=os.environ, config_file=file, sandboxed=sandboxed)
