"""`Provider`: what there is to call models with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmspell.capabilities.arguments import short_name
from llmspell.providers.manager import ProviderManager
from llmspell.sandbox.broker import Handler


class ProviderCalls:
    """The questions of one run about providers. None of them reaches a network."""

    def __init__(self, providers: ProviderManager) -> None:
        self._providers = providers

    def handlers(self) -> dict[str, Handler]:
        """The capabilities that this file answers."""
        return {
            "provider.list": Handler(lambda _: [self._describe(name) for name in self._providers.names()]),
            "provider.get": Handler(self.get, named="name"),
            "provider.is_available": Handler(self.is_available, named="name"),
            "provider.capabilities": Handler(self.capabilities, named="name"),
        }

    def get(self, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        """What describes a provider, or None."""
        name = short_name(arguments, "name", of="Provider.get")
        return self._describe(name) if name in self._providers.names() else None

    def is_available(self, arguments: Mapping[str, Any]) -> bool:
        """Whether a provider is known and has its key."""
        name = short_name(arguments, "name", of="Provider.isAvailable")
        return name in self._providers.names() and self._providers.is_available(name)

    def capabilities(self, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        """What a provider can do, or None."""
        described = self.get(arguments)
        return described and described["capabilities"]

    def _describe(self, name: str) -> dict[str, Any]:
        provider = self._providers.get(name)
        can = provider.capabilities
        return {
            "name": name,
            "enabled": self._providers.is_available(name),
            "default_model": provider.default_model,
            "capabilities": {
                **can._asdict(),
                "available_models": list(can.available_models),
                "media": list(can.media),
            },
        }
