"""The engines of a configuration, as rows of the same type as all others."""

from collections.abc import Callable, Mapping
from typing import Any

from llmspell.engines.factory import EngineFactory, EngineSpec


def factory_of(engines: Mapping[str, Any], source: Callable[[str], str]) -> EngineFactory:
    """An EngineFactory with the engines of a configuration; `source` says where a key of it came from."""
    return EngineFactory(
        EngineSpec(
            name,
            tuple(engine.suffixes),
            command=tuple(engine.command),
            settings=engine.settings,
            source=source(f"engines.{name}"),
            needs=engine.needs,
        )
        for name, engine in engines.items()
    )
