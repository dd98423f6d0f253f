"""Providers: what answers model calls. The public names of the plan, loaded on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmspell.providers.check import ProviderCheck
    from llmspell.providers.manager import ProviderManager
    from llmspell.providers.provider import Provider, ProviderCapabilities, ProviderInstance
    from llmspell.providers.settings import Price, ProviderSettings

_HOMES = {
    "Price": "settings",
    "Provider": "provider",
    "ProviderCapabilities": "provider",
    "ProviderCheck": "check",
    "ProviderInstance": "provider",
    "ProviderManager": "manager",
    "ProviderSettings": "settings",
}

__all__ = [
    "Price",
    "Provider",
    "ProviderCapabilities",
    "ProviderCheck",
    "ProviderInstance",
    "ProviderManager",
    "ProviderSettings",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
