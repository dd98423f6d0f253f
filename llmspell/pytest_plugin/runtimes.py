"""Runtimes for tests.

The rule kept here: a model is asked only where the test says by whom it is answered, and no key of the environment is
read. A spell may name any model, as it does in earnest; a provider of the test answers for it.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Self

from llmspell.engines.factory import DEFAULT_ENGINE
from llmspell.errors import CallError, ErrorKind, UsageError
from llmspell.providers.manager import ProviderManager
from llmspell.providers.provider import Provider
from llmspell.runtime import ScriptRuntime


class OfflineProviders(ProviderManager):
    """`echo`, and for every other name the provider that the test has given."""

    def __init__(self, provider: Provider | None = None) -> None:
        default = None if provider is None else f"{provider.name}/{provider.default_model or provider.name}"
        super().__init__(environ={}, default_model=default)
        self._given = provider

    def get(self, name: str) -> Provider:
        """The provider of that name. Raises CallError (`not_found`) where the test has given none."""
        given = self._given
        if given is not None and (name != "echo" or given.name == "echo"):
            named = getattr(given, "named", None)
            return given if named is None else named(name)
        if name == "echo":
            return super().get(name)
        message = f"tests are offline, and nobody answers for {name[:200]!r}: give the runtime a provider"
        raise CallError(ErrorKind.NOT_FOUND, message, {"provider": name[:200]})

    def is_available(self, name: str) -> bool:
        """Whether somebody answers for it."""
        return name == "echo" or self._given is not None

    def preload(self, source: bytes) -> None:
        """Nothing needs to be loaded."""

    def _is_known(self, name: str) -> bool:
        return (self._given is not None and name == self._given.name) or super()._is_known(name)


class Runtimes:
    """The fixture `llmspell_runtime`: makes runtimes, and closes them after the test."""

    def __init__(self) -> None:
        self._open = ExitStack()

    def __call__(
        self, engine: str = DEFAULT_ENGINE, *, provider: Provider | None = None, **options: Any
    ) -> ScriptRuntime:
        """A runtime of an engine. `provider` answers whichever model a spell names; without it there is `echo`.

        Other options as for ScriptRuntime; its `providers`, instead of `provider`, may ask models in earnest.
        """
        if "providers" in options and provider is not None:
            raise UsageError("a runtime is given a provider or providers, not both")
        options.setdefault("providers", OfflineProviders(provider))
        return self._open.enter_context(ScriptRuntime.with_engine(engine, **options))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
