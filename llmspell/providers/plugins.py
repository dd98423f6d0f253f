"""Providers of other packages, registered in the entry-point group `llmspell.providers`.

    [project.entry-points."llmspell.providers"]
    corporate = "corporate_models.llmspell:make"

`make(name, settings, environ)` gives a `Provider`; `settings` is a `ConfiguredProvider`, `environ` holds the keys.
This file keeps the rules that the group is read only for a type or a name that nobody else knows (70 ms), and that a
plugin which fails is an error that names it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from llmspell.errors import CallError, ConfigError, ErrorKind
from llmspell.providers.provider import Provider
from llmspell.providers.settings import ConfiguredProvider

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "llmspell.providers"

_ASKED = ("name", "blocking", "default_model", "capabilities", "notice", "complete", "stream", "estimate")


@cache
def plugins() -> Mapping[str, EntryPoint]:
    """The registered plugins by name."""
    from importlib.metadata import entry_points

    return {found.name: found for found in entry_points(group=GROUP)}


def make_by_plugin(plugin: EntryPoint, name: str, settings: ConfiguredProvider, environ: Mapping[str, str]) -> Provider:
    """The provider `name` of a plugin. Raises CallError (`provider`), which names the plugin."""
    try:
        made: Any = plugin.load()(name, settings, environ)
    except CallError:
        raise
    except (Exception, SystemExit) as error:
        raise _broken(plugin, name, f"failed: {type(error).__name__}: {str(error)[:300]}") from error
    lacking = lacked(made)
    if lacking is not None:
        raise _broken(plugin, name, f"gave {type(made).__name__}, which is no provider: it has no {lacking}")
    return made  # type: ignore[no-any-return]


def lacked(made: object) -> str | None:
    """What it would have if it were a provider."""
    return next((each for each in _ASKED if not hasattr(made, each)), None)


def by_own_names(providers: Iterable[Provider], configured: Container[str]) -> dict[str, Provider]:
    """Providers that a program has made itself. Raises ConfigError for what is none, and for a name that is taken."""
    found: dict[str, Provider] = {}
    for provider in providers:
        lacking = lacked(provider)
        if lacking is not None:
            raise ConfigError(f"{provider!r:.60} is no provider: it has no {lacking}")
        name = provider.name
        if not name or "/" in name or name in configured or name in found:
            raise ConfigError(f"a provider cannot be called {name!r:.60}: it needs a name of its own, without a slash")
        found[name] = provider
    return found


def _broken(plugin: EntryPoint, name: str, happened: str) -> CallError:
    package = plugin.dist.name if plugin.dist is not None else "an unknown package"
    message = f"provider {name!r}: its plugin {plugin.value} ({package}) {happened}"
    return CallError(ErrorKind.PROVIDER, message, {"provider": name, "status": None, "retryable": False})
