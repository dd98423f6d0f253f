"""Recording the cassettes of collected spells: they run with the models and grants that the user has configured."""

from __future__ import annotations

import os
from pathlib import Path

from llmspell.config import Configuration
from llmspell.engines.factory import EngineFactory
from llmspell.providers.manager import ProviderManager
from llmspell.runtime import ScriptRuntime
from llmspell.validate.beside import CASSETTE


def cassette_of(spell: Path) -> Path | None:
    """The cassette beside a spell, or None."""
    places = (Path(f"{spell}{CASSETTE}"), spell.with_suffix(CASSETTE))
    return next((place for place in places if place.exists()), None)


def record(spell: Path, *, configuration: Configuration, factory: EngineFactory) -> None:
    """Runs a spell in earnest and writes the cassette beside it. Raises UsageError and SetupError."""

    def providers() -> ProviderManager:
        return ProviderManager(
            configuration.providers,
            environ=os.environ,
            default_model=configuration.model,
            default_provider=configuration.provider,
            aliases=configuration.aliases,
        )

    with open(spell, "rb") as file:
        engine = factory.for_script(str(spell), file.read(200), configuration.engine)
    with ScriptRuntime(
        engine, providers=providers, policy=configuration.policy, limits=configuration.limits
    ) as runtime:
        place = cassette_of(spell) or new_place(spell, factory)
        runtime.execute_file(spell, record=str(place))


def new_place(spell: Path, factory: EngineFactory) -> Path:
    """Where the first cassette of a spell goes: that of `spell.abc` is not to be taken for that of `spell.xyz`."""
    suffixes = {suffix for name in factory.names() for suffix in factory.get(name).suffixes} - {spell.suffix}
    shared = any(spell.with_suffix(suffix).exists() for suffix in suffixes)
    return Path(f"{spell}{CASSETTE}") if shared else spell.with_suffix(CASSETTE)
