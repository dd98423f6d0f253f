"""`engines`: what can run scripts here, and whether a worker by somebody else is made as it must be."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from llmspell.cli.folder import working_folder
from llmspell.cli.listing import Entry, listing, output_option
from llmspell.cli.parsed import PATH, Parsed
from llmspell.config import Configuration
from llmspell.engines.builtin import DIALECTS
from llmspell.engines.configured import factory_of
from llmspell.engines.factory import missing_library
from llmspell.limits import format_size, parse_size

if TYPE_CHECKING:
    from llmspell.engines.conformance import Checked


def _entries(configuration: Configuration) -> list[Entry]:
    factory = factory_of(configuration)
    return [
        {
            "name": spec.name,
            "suffixes": list(spec.suffixes),
            "least_memory": format_size(spec.least_memory),
            "source": spec.source,
            "dialects": list(DIALECTS.get(spec.name, ())),
            "missing": missing_library(spec),
            "command": list(spec.command) or None,
        }
        for spec in map(factory.get, factory.names())
    ]


engines = listing(
    "engines",
    _entries,
    ["name", "suffixes", "least_memory", "source"],
    says="Show the script engines that there are.",
    lists="List the engines: built in, by entry point, by configuration.",
    example="llmspell engines list --output json",
)


@engines.command(
    "check",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="Example:  llmspell engines check --needs /opt/toy --spells spells -- /opt/toy/worker --fast",
)
@click.option(
    "--needs", multiple=True, type=PATH, metavar="PATH", help="A file or folder that the worker reads. Repeatable."
)
@click.option("--no-launcher", is_flag=True, help="The worker confines itself.")
@click.option(
    "--spells",
    metavar="FOLDER",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder with the kit's spells in the worker's language: NAME.SUFFIX.",
)
@click.option(
    "--name", metavar="NAME", default="kit", show_default=True, help="The engine's name that the worker is given."
)
@click.option(
    "--mem",
    "memory",
    type=Parsed("SIZE", parse_size),
    default="50M",
    show_default=True,
    metavar="SIZE",
    help="Its memory limit.",
)
@output_option
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def check_worker(
    context: click.Context,
    command: tuple[str, ...],
    needs: tuple[str, ...],
    no_launcher: bool,
    spells: Path | None,
    name: str,
    memory: int,
    form: str,
) -> None:
    """Try a worker, rule by rule, as the page on writing an engine says.

    The worker is started as `run` would start it: by the launcher, which confines it before it is executed.
    Ends with 0 if every mandatory rule is passed, 1 if one is not, 2 if the worker cannot be started.
    """
    from llmspell.engines.conformance import Report, check
    from llmspell.engines.conformance.subject import read_spells
    from llmspell.engines.factory import EngineSpec

    paths = None if no_launcher else tuple(os.path.realpath(os.path.join(working_folder(), path)) for path in needs)
    # The launcher lets a program read the files that its command names by their whole path.
    words = tuple(str(Path(word).absolute()) if os.path.isfile(word) else word for word in command)
    spec = EngineSpec(name, (), command=words, needs=paths)
    report = Report(tuple(check(spec, memory=memory, spells=read_spells(spells))))
    _show(report.checked) if form == "text" else print(json.dumps(report.to_dict(), indent=2))
    context.exit(0 if report.ok else 1)


def _show(checked: tuple[Checked, ...]) -> None:
    from llmspell.cli.tables import show_table

    rows = [
        [one.rule.id, "must" if one.rule.mandatory else "may", one.result, one.why or one.rule.says] for one in checked
    ]
    show_table(["rule", "", "result", "remark"], rows)
    broken = sum(one.rule.mandatory and one.result != "passed" for one in checked)
    must = sum(one.rule.mandatory for one in checked)
    print(f"{must - broken} of {must} mandatory rules passed")
