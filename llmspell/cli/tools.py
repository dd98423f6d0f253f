"""`tools`: look at the tools, and try one."""

from __future__ import annotations

import json
from typing import Any

import click

from llmspell.cli.folder import whole_paths
from llmspell.cli.listing import Entry, listing, output_option
from llmspell.cli.parsed import PATH
from llmspell.cli.terminal import escaped, say
from llmspell.config import Configuration
from llmspell.errors import CallError, UsageError, nearest
from llmspell.outcome import as_json
from llmspell.policy import PURE_TOOLS
from llmspell.tools.catalog import builtin_tools
from llmspell.tools.check import check_parameters
from llmspell.tools.tool import Tool, ToolGrants, canonical


def _entries(configuration: Configuration) -> list[Entry]:
    return [
        {
            "name": tool.name,
            "category": tool.category,
            "granted": tool.name in configuration.policy.tools,
            "granted_by_default": tool.name in PURE_TOOLS,
            "description": tool.description,
        }
        for tool in builtin_tools().rows
    ]


tools = listing(
    "tools",
    _entries,
    ["name", "category", "granted", "description"],
    says="Look at the tools, and try one.",
    lists="List the tools, and which of them `run` grants: what is configured, or those without side effects.",
    example='llmspell tools run calculator --params \'{"input": "6*7"}\'',
)


@tools.command(epilog="Example:  llmspell tools info json-processor")
@click.argument("name")
@output_option
def info(name: str, form: str) -> None:
    """Show a tool's description and the JSON schema of its parameters."""
    tool = _find(name)
    if form == "json":
        told = {"name": tool.name, "version": tool.version, "category": tool.category, "description": tool.description}
        click.echo(json.dumps({**told, "parameters": dict(tool.schema)}, indent=2))
        return
    click.echo(f"{tool.name} {tool.version} ({tool.category})\n{tool.description}\n")
    click.echo(json.dumps(dict(tool.schema), indent=2))


@tools.command(epilog='Example:  llmspell tools run hash-calculator --params \'{"input": "a"}\'')
@click.argument("name")
@click.option("--params", default="{}", metavar="JSON", help="The parameters, as a JSON object.")
@click.option(
    "--allow-read", multiple=True, type=PATH, metavar="PATH", help="Let the tool read below PATH. Repeatable."
)
@click.option(
    "--allow-write", multiple=True, type=PATH, metavar="PATH", help="Let the tool write below PATH. Repeatable."
)
def run(name: str, params: str, allow_read: tuple[str, ...], allow_write: tuple[str, ...]) -> None:
    """Run a tool once and print its result as JSON."""
    tool = _find(name)
    try:
        given: Any = json.loads(params)
    except (ValueError, RecursionError) as error:
        raise UsageError(f'--params is no JSON: {error}; write an object, like \'{{"input": "6*7"}}\'') from None
    grants = ToolGrants(whole_paths(allow_read), whole_paths(allow_write))
    try:
        result = tool.execute(check_parameters(tool, given), grants)
    except CallError as error:
        say(f"{error.kind.value}: {escaped(error.message)}")
        raise click.exceptions.Exit(4 if error.kind == "denied" else 1) from None
    click.echo(json.dumps(as_json(result), indent=2))


def _find(name: str) -> Tool:
    known = builtin_tools()
    tool = known.get(canonical(name))
    if tool is None:
        close = nearest(canonical(name), list(known))
        raise UsageError(
            f"there is no tool {name[:60]!r}; "
            + (f"did you mean {close}?" if close else f"known are: {', '.join(known)}")
        )
    return tool
