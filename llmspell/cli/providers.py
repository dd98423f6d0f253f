"""`providers`: what can answer model calls here, and whether it does."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click

from llmspell.cli.listing import Entry, config_option, configured, listing, output_option
from llmspell.cli.setup import make_providers
from llmspell.cli.terminal import complain
from llmspell.config import Configuration
from llmspell.errors import CallError, LlmspellError, UsageError
from llmspell.providers.prefixes import key_names, route
from llmspell.providers.settings import ConfiguredProvider, ProviderSettings

if TYPE_CHECKING:
    from llmspell.providers.check import ProviderCheck
    from llmspell.providers.manager import ProviderManager


def _entries(configuration: Configuration) -> list[Entry]:
    with make_providers(configuration, None, None) as known:
        return [_entry(name, known, configuration) for name in known.names()]


def _entry(name: str, known: ProviderManager, configuration: Configuration) -> Entry:
    settings: ConfiguredProvider = configuration.providers.get(name, ProviderSettings(name))
    keys = _keys(name, settings)
    entry: Entry = {
        "name": name,
        "type": settings.type,
        "available": known.is_available(name),
        "default_model": None,
        "models": [],
        "streaming": None,
        "multimodal": None,
        "key_variables": list(keys),
        "key": next(
            (f"{key} is set" for key in keys if os.environ.get(key)), f"{keys[0]} is not set" if keys else None
        ),
        "source": configuration.origin(f"providers.{name}.type"),
        "error": None,
    }
    try:
        provider = known.get(name)
    except LlmspellError as error:  # a plugin that cannot be loaded is shown beside those that can
        return {**entry, "available": False, "error": str(error)}
    can = provider.capabilities
    return {
        **entry,
        "default_model": provider.default_model,
        "models": list(can.available_models),
        "streaming": can.supports_streaming,
        "multimodal": can.supports_multimodal,
    }


def _keys(name: str, settings: ConfiguredProvider) -> tuple[str, ...]:
    """The variables that may hold its key; empty where none is looked for."""
    if settings.type != "litellm":
        return (settings.api_key_env,) if settings.api_key_env else ()
    to = route(name, settings, settings.default_model or "")
    return key_names(settings, to.prefix if to is not None else None)


providers = listing(
    "providers",
    _entries,
    ["name", "type", "available", "default_model", "models", "streaming", "multimodal", "key", "source"],
    says="Show the model providers that there are, and try one.",
    lists="List the configured providers, and whether each has its key. No network is reached.",
    example="llmspell providers list --config llmspell.toml",
)

_CHECK = """\b
Examples:
  llmspell providers check echo
  llmspell providers check openai --model gpt-4o-mini

\b
Exit codes: 0 it answers, 1 it does not, 2 there is no such provider."""


@providers.command(epilog=_CHECK, short_help="Ask a provider one short question, and time it.")
@click.argument("name")
@click.option("--model", metavar="MODEL", help="Ask this model instead of the provider's default.")
@output_option
@config_option
@click.pass_context
def check(context: click.Context, name: str, model: str | None, form: str, config_file: str | None) -> None:
    """Ask a provider one short question, and show what works and how long it takes.

    NAME is a provider, provider/model, or an alias: then each of its models is asked. The question costs a few tokens.
    """
    configuration = configured(config_file)
    if model is None:
        targets = [_split(specifier) for specifier in configuration.aliases.get(name, (name,))]
    else:
        targets = [(name, model)]
    with make_providers(configuration, None, None) as known:
        try:
            checks = [known.check(provider, wanted) for provider, wanted in targets]
        except CallError as error:
            raise UsageError(error.message) from None
    if form == "json":
        print(
            json.dumps({"schema": "llmspell.provider-check/1", "checks": [_document(one) for one in checks]}, indent=2)
        )
    else:
        _show(checks)
    context.exit(0 if all(one.ok for one in checks) else 1)


def _split(specifier: str) -> tuple[str, str | None]:
    provider, _, model = specifier.partition("/")
    return provider, model or None


def _document(one: ProviderCheck) -> Entry:
    error = one.error
    return {
        "provider": one.provider,
        "model": one.model,
        "ok": one.ok,
        "reachable": one.reachable,
        "key_accepted": one.key_accepted,
        "model_known": one.model_known,
        "streaming": one.streaming,
        "seconds_to_first": one.seconds_to_first,
        "seconds": one.seconds,
        "error": None if error is None else {"kind": error.kind.value, "message": error.message},
    }


def _show(checks: list[ProviderCheck]) -> None:
    from llmspell.cli.tables import show_table

    columns = ["provider", "model", "reachable", "key", "model known", "streaming", "first token", "whole answer"]
    rows = [
        [
            one.provider,
            one.model or "-",
            *map(_word, (one.reachable, one.key_accepted, one.model_known, one.streaming)),
            _time(one.seconds_to_first),
            _time(one.seconds),
        ]
        for one in checks
    ]
    show_table(columns, rows)
    for one in checks:
        if one.error is not None:
            complain(f"{one.error.kind.value}: {one.error.message}")


def _word(answer: bool | None) -> str:
    return "unknown" if answer is None else "yes" if answer else "no"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
