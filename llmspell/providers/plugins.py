"""Providers of other packages, registered in the entry-point group `llmspell.providers`.

    [project.entry-points."llmspell.providers"]
    corporate = "corporate_models.llmspell:make"

`make(name, settings, environ)` gives a `Provider`; `settings` is a `ConfiguredProvider`, `environ` holds the keys.
This file keeps the rules that the group is read only for a type or a name that nobody else knows (70 ms), and that a
plugin which fails is an error that names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.provider import Provider
from llmspell.providers.settings import ConfiguredProvider

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "llmspell.providers"

_ASKED = ("name", "complete", "stream", "estimate", "capabilities")


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
    except Exception as error:
        raise _broken(plugin, name, f"failed: {type(error).__name__}: {str(error)[:300]}") from error
    lacking = next((each for each in _ASKED if not hasattr(made, each)), None)
    if lacking is not None:
        raise _broken(plugin, name, f"gave {type(made).__name__}, which is no provider: it has no {lacking}")
    return made  # type: ignore[no-any-return]


def _broken(plugin: EntryPoint, name: str, happened: str) -> CallError:
    package = plugin.dist.name if plugin.dist is not None else "an unknown package"
    message = f"provider {name!r}: its plugin {plugin.value} ({package}) {happened}"
    return CallError(ErrorKind.PROVIDER, message, {"provider": name, "status": None, "retryable": False})
