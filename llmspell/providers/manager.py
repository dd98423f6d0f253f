"""Which provider answers for `provider/model`, made when it is first asked for.

A script that needs no model touches no provider; this file keeps the rule that nothing heavy is imported to
find a name, and that a name which nobody configured still works where its meaning is plain.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from time import sleep as real_sleep
from types import TracebackType

from llmspell.errors import CallError, ConfigError, ErrorKind, nearest
from llmspell.providers.echo import EchoProvider
from llmspell.providers.prefixes import KEY_NAMES, key_names, route
from llmspell.providers.provider import Capabilities, Provider
from llmspell.providers.settings import ConfiguredProvider, ProviderSettings

TYPES = ("echo", "litellm")


class ProviderManager:
    """The providers of a host: the configured ones, `echo`, and by name those that litellm knows.

    `default_model` is a specifier or a model of `default_provider`; without both, `echo/echo` is the default.
    Raises ConfigError for a provider whose type is unknown. Closing it drops idle connections.
    """

    def __init__(
        self,
        providers: Mapping[str, ConfiguredProvider] | None = None,
        *,
        environ: Mapping[str, str],
        default_model: str | None = None,
        default_provider: str | None = None,
        sleep: Callable[[float], object] = real_sleep,
    ) -> None:
        self._settings: dict[str, ConfiguredProvider] = dict(providers or {})
        for name, settings in self._settings.items():
            if settings.type not in TYPES:
                raise ConfigError(f"provider {name!r} has the type {settings.type!r}; write {' or '.join(TYPES)}")
        self._settings.setdefault("echo", ProviderSettings("echo"))
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
        with self._lock:
            if name not in self._made:
                self._made[name] = self._make(name, settings)
            return self._made[name]

    def resolve(self, specifier: str | None, provider: str | None = None) -> tuple[Provider, str]:
        """The provider and its model for `provider/model`, for a model of `provider`, or for the default.

        The first slash splits, so a model may hold more of them. A name of a provider alone means its default
        model. Raises CallError: `not_found` for an unknown provider, `validation` where one or a model lacks.
        """
        name, model = self._names(specifier, provider)
        found = self.get(name)
        model = model or found.default_model or ""
        if not model:
            message = f"provider {name!r} has no default model; write {name}/MODEL, or set its default_model"
            raise CallError(ErrorKind.VALIDATION, message, {"provider": name})
        return found, model

    def check_default(self) -> None:
        """Raises CallError if the default names no provider, or one that is not there. Makes none, and asks nobody."""
        name, _ = self._names(None, None)
        self._find(name)

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
        if not model and not self._is_known(name):
            raise CallError(ErrorKind.VALIDATION, self._nameless(name))
        return name, model

    def is_available(self, name: str) -> bool:
        """Whether a call could be made: the provider is known and its key is there. Asks nobody."""
        if not self._is_known(name):
            return False
        settings = self._find(name)
        if settings.type == "echo":
            return True
        to = route(name, settings, settings.default_model or "")
        names = key_names(settings, to.prefix if to is not None else None)
        if to is None and not names:
            return False
        return not names or any(self._environ.get(key) for key in names)

    def capabilities(self, name: str) -> Capabilities:
        """What the provider can do, as far as known without a call. Raises CallError (`not_found`)."""
        return self.get(name).capabilities

    def close(self) -> None:
        """Closes the connections that providers keep for their next call."""
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

    def _find(self, name: str) -> ConfiguredProvider:
        if name in self._settings:
            return self._settings[name]
        if name in KEY_NAMES:
            return ProviderSettings()
        known = nearest(name, [*self._settings, *KEY_NAMES])
        hint = f"did you mean {known!r}" if known else f"known are {', '.join(self._settings)}"
        message = f"there is no provider {name[:200]!r}; {hint}, or configure [providers.NAME]"
        raise CallError(ErrorKind.NOT_FOUND, message, {"provider": name[:200]})

    def _nameless(self, model: str) -> str:
        hint = nearest(model, self.names())
        meant = f"did you mean the provider {hint!r}, or " if hint else ""
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
        from llmspell.providers.litellm_provider import LiteLLMProvider  # only when it is asked for

        return LiteLLMProvider(name, settings, environ=self._environ)
