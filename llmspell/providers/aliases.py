"""Short names for models: each leads to one `provider/model`, or to several that are tried in turn.

This file keeps the rule that an alias never leads to another, so that what a name means is seen where it is written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from llmspell.errors import ConfigError

Aliases = Mapping[str, str | Sequence[str]]


def checked_aliases(aliases: Aliases, providers: Collection[str]) -> dict[str, tuple[str, ...]]:
    """What every alias leads to. Raises ConfigError for one that could be misread."""
    made = {name: (to,) if isinstance(to, str) else tuple(to) for name, to in aliases.items()}
    for name, targets in made.items():
        if not name or "/" in name:
            raise ConfigError(f"alias {name!r}: a short name holds no slash")
        if name in providers:
            raise ConfigError(f"alias {name!r} is the name of a provider as well; rename one of them")
        if not targets:
            raise ConfigError(f"alias {name!r} leads nowhere: write provider/model")
        for target in targets:
            if target in made:
                raise ConfigError(f"alias {name!r} leads to the alias {target!r}; write the model that is meant")
    return made
