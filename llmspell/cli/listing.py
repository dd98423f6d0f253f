"""What the commands share that list things: a table for people, JSON for machines, from the configuration."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from llmspell.cli.folder import working_folder
from llmspell.cli.groups import NamedCommands
from llmspell.cli.parsed import FILE
from llmspell.config import Configuration, load

Function = TypeVar("Function", bound=Callable[..., Any])
Entry = dict[str, Any]

output_option = click.option(
    "--output", "form", type=click.Choice(["text", "json"]), default="text", help="The form of the output."
)
config_option = click.option(
    "--config", "config_file", type=FILE, metavar="FILE", help="Read this configuration and no other."
)


def configured(config_file: str | None) -> Configuration:
    """The configuration of whoever lists something. Raises ConfigError."""
    return load(cwd=working_folder(), environ=os.environ, config_file=config_file)


def listing(
    name: str,
    entries: Callable[[Configuration], list[Entry]],
    columns: Sequence[str],
    *,
    says: str,
    lists: str,
    example: str,
) -> click.Group:
    """A group of commands with a `list` that shows the entries, and is meant when the group stands alone."""

    @click.group(name, cls=NamedCommands, invoke_without_command=True, help=says, epilog=f"Example:  {example}")
    @output_option
    @config_option
    @click.pass_context
    def group(context: click.Context, form: str, config_file: str | None) -> None:
        chosen = context.invoked_subcommand
        if chosen is None:
            context.invoke(list_all, form=form, config_file=config_file)
        elif form != "text" or config_file is not None:
            context.fail(f"options of {chosen} stand behind it: {context.command_path} {chosen} ...")

    @group.command(
        "list", help=lists, short_help=f"List the {name}.", epilog=f"Example:  llmspell {name} list --output json"
    )
    @output_option
    @config_option
    def list_all(form: str, config_file: str | None) -> None:
        show_list(entries(configured(config_file)), columns, form)

    return group


def show_list(entries: Sequence[Entry], columns: Sequence[str], form: str) -> None:
    """Shows entries: as one JSON document, or the named columns of them."""
    if form == "json":
        print(json.dumps(entries, indent=2))
        return
    from llmspell.cli.tables import show_table

    show_table(
        [column.replace("_", " ") for column in columns],
        [[_shown(entry[column]) for column in columns] for entry in entries],
    )


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    return "-" if value is None else str(value)
