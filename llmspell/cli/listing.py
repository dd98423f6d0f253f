"""What the commands share that list things: a table for people, JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])

output_option = click.option(
    "--output", "form", type=click.Choice(["text", "json"]), default="text", help="The form of the output."
)
config_option = click.option("--config", "config_file", metavar="FILE", help="Read this configuration and no other.")


def show_list(entries: Sequence[dict[str, Any]], columns: Sequence[str], form: str) -> None:
    """Shows entries: as one JSON document, or the named columns of them."""
    if form == "json":
        print(json.dumps(entries, indent=2))
        return
    from llmspell.cli.tables import show_table

    show_table(columns, [[_shown(entry[column]) for column in columns] for entry in entries])


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    return "-" if value is None else str(value)
