"""Recording the cassette of a collected spell: it runs with the models and grants that its user has configured."""

from __future__ import annotations

import os
from pathlib import Path

from llmspell.config import Configuration
from llmspell.engines.factory import EngineSpec
from llmspell.providers.manager import ProviderManager
from llmspell.runtime import ScriptRuntime


def record(spell: Path, engine: EngineSpec, cassette: Path, configuration: Configuration) -> None:
    """Runs a spell in earnest and writes its cassette. Raises UsageError and SetupError."""

    def providers() -> ProviderManager:
        return ProviderManager(
            configuration.providers,
            environ=os.environ,
            default_model=configuration.model,
            default_provider=configuration.provider,
            aliases=configuration.aliases,
        )

    policy, limits = configuration.policy, configuration.limits
    with ScriptRuntime(engine, providers=providers, policy=policy, limits=limits) as runtime:
        runtime.execute_file(spell, record=str(cassette))
