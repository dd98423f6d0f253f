"""`providers`: what can answer model calls here."""

from __future__ import annotations

import os

import click

from llmspell.cli.listing import config_option, output_option, show_list
from llmspell.cli.setup import make_providers
from llmspell.config import load


@click.group(invoke_without_command=True, epilog="Example:  llmspell providers list --output json")
@click.pass_context
def providers(context: click.Context) -> None:
    """Show the model providers that there are."""
    if context.invoked_subcommand is None:
        context.invoke(list_providers)


@providers.command("list", epilog="Example:  llmspell providers list --config llmspell.toml")
@output_option
@config_option
def list_providers(form: str = "text", config_file: str | None = None) -> None:
    """List the configured providers, and whether each has its key. No network is reached."""
    configuration = load(cwd=os.getcwd(), environ=os.environ, config_file=config_file)
    known = make_providers(configuration, None, None)
    entries = []
    for name in known.names():
        provider = known.get(name)
        entries.append(
            {
                "name": name,
                "available": known.is_available(name),
                "default_model": provider.default_model,
                "models": list(provider.capabilities.available_models),
                "streaming": provider.capabilities.supports_streaming,
                "source": configuration.origin(f"providers.{name}.type"),
            }
        )
    show_list(entries, ["name", "available", "default_model", "streaming", "source"], form)
