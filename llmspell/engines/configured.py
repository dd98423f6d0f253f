"""The engines of a configuration, as rows of the same type as all others."""

from llmspell.engines.factory import EngineFactory, EngineSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmspell.config.configuration import Configuration


def factory_of(configuration: "Configuration") -> EngineFactory:
    """An EngineFactory with the engines of a configuration, and with the one that it takes where nothing decides."""
    rows = (
        EngineSpec(
            name,
            tuple(engine.suffixes),
            command=tuple(engine.command),
            settings=engine.settings,
            source=configuration.origin(f"engines.{name}"),
            needs=engine.needs,
        )
        for name, engine in configuration.engines.items()
    )
    if configuration.engine is None:
        return EngineFactory(rows)
    return EngineFactory(rows, default=configuration.engine, chosen_by=f"{configuration.origin('engine')}: engine")
