"""`providers`: what can answer model calls here."""

from __future__ import annotations

from llmspell.cli.listing import Entry, listing
from llmspell.cli.setup import make_providers
from llmspell.config import Configuration


def _entries(configuration: Configuration) -> list[Entry]:
    known = make_providers(configuration, None, None)
    entries = []
    for name in known.names():
        provider = known.get(name)
        entries.append(
            {
                "name": name,
                "available": known.is_available(name),
                "default_model": provider.default_model,
                "models": list(provider.capabilities.available_models),
                "streaming": provider.capabilities.supports_streaming,
                "source": configuration.origin(f"providers.{name}.type"),
            }
        )
    return entries


providers = listing(
    "providers",
    _entries,
    ["name", "available", "default_model", "streaming", "source"],
    says="Show the model providers that there are.",
    lists="List the configured providers, and whether each has its key. No network is reached.",
    example="llmspell providers list --config llmspell.toml",
)
