"""Which provider answers for `provider/model`, made when it is first asked for.

A script that needs no model touches no provider; this file keeps the rule that nothing heavy is imported to
find a name, and that a name which nobody configured still works where its meaning is plain.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from time import sleep as real_sleep
from types import TracebackType
from typing import TYPE_CHECKING

from llmspell.errors import CallError, ConfigError, ErrorKind, nearest
from llmspell.providers.aliases import Aliases, checked_aliases
from llmspell.providers.echo import EchoProvider
from llmspell.providers.prefixes import KEY_NAMES, key_names, route
from llmspell.providers.provider import Provider, ProviderCapabilities
from llmspell.providers.settings import ConfiguredProvider, ProviderSettings

if TYPE_CHECKING:
    from llmspell.providers.check import ProviderCheck

TYPES = ("echo", "litellm")
"""The types that are built in; others come from plugins."""

_LOOKED_AT = 64 * 1024
"""How much of a script is looked at for the names of providers."""


class ProviderManager:
    """The providers of a host: the configured ones, `echo`, and by name those that litellm knows.

    `default_model` is a specifier, an alias, or a model of `default_provider`; without both, `echo/echo` is the
    default. `own` are providers that the program has made itself, known by their names; it closes them itself, too.
    Raises ConfigError for a provider whose type nobody knows, and for aliases that could be misread.
    Closing it ends open calls and drops idle connections.
    """

    def __init__(
        self,
        providers: Mapping[str, ConfiguredProvider] | None = None,
        *,
        own: Iterable[Provider] = (),
        environ: Mapping[str, str],
        default_model: str | None = None,
        default_provider: str | None = None,
        aliases: Aliases | None = None,
        sleep: Callable[[float], object] = real_sleep,
    ) -> None:
        self._settings: dict[str, ConfiguredProvider] = dict(providers or {})
        for name, settings in self._settings.items():
            _check_type(name, settings.type)
        self._own = _by_own_names(own, self._settings)
        self._settings.update({name: ProviderSettings("own") for name in self._own})
        self._settings.setdefault("echo", ProviderSettings("echo"))
        self._aliases = checked_aliases(aliases or {}, self._settings)
        self._environ = environ
        self._default_model = default_model
        self._default_provider = default_provider
        self._sleep = sleep
        self._made: dict[str, Provider] = {}
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        """The configured names, in their order, and `echo`."""
        return list(self._settings)

    def get(self, name: str) -> Provider:
        """The provider of that name. Raises CallError (`not_found`), which names the nearest."""
        settings = self._find(name)
        if name in self._own:
            return self._own[name]
        with self._lock:
            if name not in self._made:
                self._made[name] = self._make(name, settings)
            return self._made[name]

    def candidates(self, specifier: str | None, provider: str | None = None) -> tuple[tuple[Provider, str], ...]:
        """What is meant, in the order in which it is tried: more than one where an alias says so. Raises CallError."""
        return tuple(self._resolved(*names) for names in self._all_names(specifier, provider))

    def resolve(self, specifier: str | None, provider: str | None = None) -> tuple[Provider, str]:
        """The provider and its model for `provider/model`, an alias, a model of `provider`, or the default.

        The first slash splits, so a model may hold more of them. A name of a provider alone means its default
        model. Raises CallError: `not_found` for an unknown provider, `validation` where one or a model lacks, and
        for an alias of several models: whoever grants models must see each of them, with `candidates`.
        """
        found = self._all_names(specifier, provider)
        if len(found) > 1:
            shown = ", ".join("/".join(each) for each in found)
            raise CallError(ErrorKind.VALIDATION, f"one model is wanted here, and {specifier!r} means {shown}")
        return self._resolved(*found[0])

    def _resolved(self, name: str, model: str) -> tuple[Provider, str]:
        found = self.get(name)
        model = model or found.default_model or ""
        if not model:
            message = f"provider {name!r} has no default model; write {name}/MODEL, or set its default_model"
            raise CallError(ErrorKind.VALIDATION, message, {"provider": name})
        return found, model

    def check_default(self) -> None:
        """Raises CallError if the default names no provider, or one that is not there. Makes none, and asks nobody."""
        for name, _ in self._all_names(None, None):
            self._find(name)

    def check(self, name: str, model: str | None = None) -> ProviderCheck:
        """Asks a provider one short question. Raises CallError only for what cannot be asked: no such provider, or
        no model of it."""
        from llmspell.providers.check import check_provider

        provider, model = self._resolved(name, model or "")
        return check_provider(provider, model, monotonic)

    def preload(self, source: bytes) -> None:
        """Begins to load litellm, on a thread, if the script `source` will probably call a model through it."""
        if b"Agent" in source and self._will_load(source[:_LOOKED_AT]):
            from llmspell.providers.litellm_load import preload

            preload()

    def _will_load(self, source: bytes) -> bool:
        try:
            if any(self._find(name).type == "litellm" for name, _ in self._all_names(None, None)):
                return True
        except CallError:  # a default that is nothing is an error when it is used
            pass
        names = [name for name, settings in self._settings.items() if settings.type == "litellm"]
        names += [name for name in KEY_NAMES if name not in self._settings]
        words = [name + mark for name in names for mark in ("/", '"', "'")]
        words += [name + mark for name in self._aliases for mark in ('"', "'")]
        return any(word.encode() in source for word in words)

    def _all_names(self, specifier: str | None, provider: str | None) -> list[tuple[str, str]]:
        """The names of each provider and model that is meant."""
        if specifier is None and provider is None and self._default_provider is None:
            specifier = self._default_model
        if provider is None and specifier in self._aliases:
            return [self._names(target, None) for target in self._aliases[specifier]]
        return [self._names(specifier, provider)]

    def _names(self, specifier: str | None, provider: str | None) -> tuple[str, str]:
        """The names of the provider and of its model, which is empty where only the provider was named."""
        if specifier is None and provider is None:
            specifier, provider = self._default_model, self._default_provider
            if specifier is None and provider is None:
                specifier = "echo/echo"
        elif provider is None and specifier is not None and "/" not in specifier and not self._is_known(specifier):
            provider = self._default_provider
        if provider is not None:
            return provider, (specifier or "").removeprefix(f"{provider}/")
        name, _, model = (specifier or "").partition("/")
        if not model and not self._is_known(name) and name not in self._plugged:
            raise CallError(ErrorKind.VALIDATION, self._nameless(name))
        return name, model

    def is_available(self, name: str) -> bool:
        """Whether a call could be made: the provider is known and its key is there. Asks nobody."""
        if not self._is_known(name) and name not in self._plugged:
            return False
        settings = self._find(name)
        if settings.type != "litellm":
            return settings.type == "echo" or not settings.api_key_env or bool(self._environ.get(settings.api_key_env))
        to = route(name, settings, settings.default_model or "")
        names = key_names(settings, to.prefix if to is not None else None)
        if to is None and not names:
            return False
        return not names or any(self._environ.get(key) for key in names)

    def keys(self) -> tuple[str, ...]:
        """The keys that providers could be asked with: what must stand in no text, and is shown to nobody."""
        configured = (settings.api_key_env for settings in self._settings.values())
        names = {*configured, *(name for names in KEY_NAMES.values() for name in names)}
        return tuple(value for name in names if name and (value := self._environ.get(name)))

    def capabilities(self, name: str, model: str | None = None) -> ProviderCapabilities:
        """What the provider can do, or one model of it, as far as known without a call. Raises CallError."""
        provider = self.get(name)
        of_model = getattr(provider, "capabilities_of", None)
        return provider.capabilities if model is None or of_model is None else of_model(model)

    def close(self) -> None:
        """Ends open calls, and closes the connections that providers keep for their next one."""
        with self._lock:
            made, self._made = list(self._made.values()), {}
        for provider in made:
            close = getattr(provider, "close", None)
            if close is not None:
                close()

    def __enter__(self) -> ProviderManager:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _is_known(self, name: str) -> bool:
        return name in self._settings or name in KEY_NAMES

    @property
    def _plugged(self) -> Mapping[str, object]:
        """The plugins, which are looked for when nothing else has a name."""
        from llmspell.providers.plugins import plugins

        return plugins()

    def _find(self, name: str) -> ConfiguredProvider:
        if name in self._settings:
            return self._settings[name]
        if name in KEY_NAMES:
            return ProviderSettings()
        if name in self._plugged:
            return ProviderSettings(name)
        known = nearest(name, [*self._settings, *self._aliases, *KEY_NAMES, *self._plugged])
        hint = f"did you mean {known!r}" if known else f"known are {', '.join(self._settings)}"
        message = f"there is no provider {name[:200]!r}; {hint}, or configure [providers.NAME]"
        raise CallError(ErrorKind.NOT_FOUND, message, {"provider": name[:200]})

    def _nameless(self, model: str) -> str:
        hint = nearest(model, [*self.names(), *self._aliases])
        kind = "alias" if hint in self._aliases else "provider"
        meant = f"did you mean the {kind} {hint!r}, or " if hint else ""
        return f"model {model[:200]!r} names no provider: {meant}write provider/model, like openai/gpt-4o"

    def _make(self, name: str, settings: ConfiguredProvider) -> Provider:
        if settings.type == "echo":
            return EchoProvider(
                name,
                answers=settings.answers,
                fail=settings.fail,
                delay_seconds=settings.delay_seconds,
                default_model=settings.default_model,
                models=settings.models,
                sleep=self._sleep,
            )
        if settings.type == "litellm":
            from llmspell.providers.litellm_provider import LiteLLMProvider  # only when it is asked for

            return LiteLLMProvider(name, settings, environ=self._environ)
        from llmspell.providers.plugins import make_by_plugin, plugins

        return make_by_plugin(plugins()[settings.type], name, settings, self._environ)


def _by_own_names(own: Iterable[Provider], configured: Mapping[str, object]) -> dict[str, Provider]:
    if not own:
        return {}
    from llmspell.providers.plugins import by_own_names

    return by_own_names(own, configured)


def _check_type(name: str, kind: str) -> None:
    if kind in TYPES:
        return
    from llmspell.providers.plugins import plugins

    known = [*TYPES, *plugins()]
    if kind not in known:
        close = nearest(kind, known)
        hint = f"did you mean {close!r}?" if close else f"write {' or '.join(known)}"
        raise ConfigError(f"provider {name!r} has the type {kind!r}; {hint}")
