"""`engines`: what can run scripts here."""

from __future__ import annotations

from llmspell.cli.listing import Entry, listing
from llmspell.config import Configuration
from llmspell.engines.configured import factory_of
from llmspell.limits import format_size


def _entries(configuration: Configuration) -> list[Entry]:
    factory = factory_of(configuration.engines, configuration.origin)
    return [
        {
            "name": spec.name,
            "suffixes": list(spec.suffixes),
            "least_memory": format_size(spec.least_memory),
            "source": spec.source,
            "command": list(spec.command) or None,
        }
        for spec in map(factory.get, factory.names())
    ]


engines = listing(
    "engines",
    _entries,
    ["name", "suffixes", "least_memory", "source"],
    says="Show the script engines that there are.",
    lists="List the engines: built in, by entry point, by configuration.",
    example="llmspell engines list --output json",
)
