"""`engines`: what can run scripts here."""

from __future__ import annotations

import os

import click

from llmspell.cli.listing import config_option, output_option, show_list
from llmspell.config import load
from llmspell.limits import format_size
from llmspell.runtime import factory_of


@click.group(invoke_without_command=True, epilog="Example:  llmspell engines list --output json")
@click.pass_context
def engines(context: click.Context) -> None:
    """Show the script engines that there are."""
    if context.invoked_subcommand is None:
        context.invoke(list_engines)


@engines.command("list", epilog="Example:  llmspell engines list --output json")
@output_option
@config_option
def list_engines(form: str = "text", config_file: str | None = None) -> None:
    """List the engines: built in, by entry point, by configuration."""
    configuration = load(cwd=os.getcwd(), environ=os.environ, config_file=config_file)
    factory = factory_of(configuration.engines, configuration.origin)
    entries = [
        {
            "name": spec.name,
            "suffixes": list(spec.suffixes),
            "least_memory": format_size(spec.least_memory),
            "source": spec.source,
            "command": list(spec.command) or None,
        }
        for spec in map(factory.get, factory.names())
    ]
    show_list(entries, ["name", "suffixes", "least_memory", "source"], form)
