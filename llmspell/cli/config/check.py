"""`config check`: everything that is wrong with a configuration, at once."""

from __future__ import annotations

import json

import click

from llmspell.cli.config.found import Found, fault_entry, find, in_order
from llmspell.cli.config.leads import lead_nowhere
from llmspell.cli.listing import output_option
from llmspell.cli.parsed import FILE

_EXAMPLES = """\b
Examples:
  llmspell config check
  llmspell config check llmspell.toml
  llmspell config check --output json

\b
Exit codes: 0 nothing is wrong, 2 something is."""


@click.command(epilog=_EXAMPLES, short_help="Check what a run would read here, or FILE alone.")
@click.argument("file", required=False, type=FILE)
@output_option
@click.pass_context
def check(context: click.Context, file: str | None, form: str) -> None:
    """Check what a run would read here, or FILE alone as if --config named it.

    All faults are shown, each with its file and line, the key, what was expected and the nearest known name. When
    every value is well formed, names that lead nowhere are looked for: tools, engines, models and providers.
    """
    found = find(file)
    if not found.faults:
        found.faults.extend(in_order(lead_nowhere(found.survey.tree)))
    if form == "json":
        document = {
            "schema": "llmspell.config-check/1",
            "ok": not found.faults,
            "files": [source.file for source in found.sources],
            "faults": [fault_entry(fault) for fault in found.faults],
        }
        print(json.dumps(document, indent=2))
    else:
        found.complain()
        if not found.faults:
            click.echo(f"nothing is wrong: {_read(found)}")
    context.exit(2 if found.faults else 0)


def _read(found: Found) -> str:
    files = len(found.sources)
    return "there is no file to read" if files == 0 else f"{files} file{'s' if files > 1 else ''} read"
