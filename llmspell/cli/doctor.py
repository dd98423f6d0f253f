"""`doctor`: what this machine enforces, tried on real workers."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click

from llmspell.cli.listing import config_option, configured, output_option
from llmspell.doctor import Diagnosis, Examined, diagnose, remark
from llmspell.engines.configured import factory_of
from llmspell.sandbox.require import DEFAULT

_EXAMPLES = """\b
Examples:
  llmspell doctor
  llmspell doctor --engine lua
  llmspell doctor --output json > doctor.json

\b
Exit codes: 0 all that sandbox requires is active, 2 something is missing."""


@click.command(epilog=_EXAMPLES)
@click.option("--engine", "names", multiple=True, metavar="NAME", help="Try this engine and no other. Repeatable.")
@output_option
@config_option
@click.pass_context
def doctor(context: click.Context, names: tuple[str, ...], form: str, config_file: str | None) -> None:
    """Show what the kernel of this machine enforces on workers.

    A worker of each engine is started and looked at from outside: what it is confined by, what is missing, why, and
    what to do about it.
    """
    configuration = configured(config_file)
    factory = factory_of(configuration)
    diagnosis = diagnose([factory.get(name) for name in names or factory.names()])
    if form == "json":
        print(json.dumps(diagnosis.to_dict(), indent=2))
    else:
        _show(diagnosis)
    context.exit(0 if diagnosis.ok else 2)


def _rows(one: Examined) -> Iterator[list[str]]:
    """The lines of one engine; what was said of a protection just above is not said again."""
    said, of = "", ""
    for each in one.protections:
        words = remark(each)
        shown = f"as for {of}" if words and words == said else words
        if shown == words:
            said, of = words, each.name
        yield [one.engine, each.name, "active" if each.active else "missing", each.mechanism or "-", shown]
    layer = one.namespaces
    if one.version is not None:
        state = "available" if layer.active else "missing"
        said = "used where it is required" if layer.active else f"not needed: {remark(layer)}"
        yield [one.engine, layer.name, state, layer.mechanism or "-", said]
    for step, why in one.other_gaps().items():
        yield [one.engine, step, "missing", "-", f"warning: {why}"]


def _show(diagnosis: Diagnosis) -> None:
    from llmspell.cli.tables import show_table

    rows = [row for one in diagnosis.engines for row in _rows(one)]
    show_table(["engine", "protection", "state", "mechanism", "remark"], rows)
    print()
    show_table(["this machine", ""], [[fact.name, fact.says] for fact in diagnosis.machine])
    print()
    for one in diagnosis.engines:
        missing = ", ".join(each.name for each in one.protections if not each.active)
        found = f"lacks {missing}: sandbox refuses its scripts" if missing else f"has {', '.join(DEFAULT)}"
        print(f"engine {one.engine} {found}")
