"""`config show`: every value that holds, and where it came from."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from itertools import groupby

import click

from llmspell.cli.config.found import Found, fault_entry, find, place_of
from llmspell.cli.listing import config_option, output_option
from llmspell.cli.terminal import complain, escaped
from llmspell.config.defaults import default_tree
from llmspell.config.refusal import dotted
from llmspell.config.schema import KEYS
from llmspell.config.toml_text import Line, lines_of, shown_value, toml_key
from llmspell.config.tree import overlay
from llmspell.errors import UsageError, nearest
from llmspell.outcome import as_json

_EXAMPLES = """\b
Examples:
  llmspell config show
  llmspell config show --key limits.memory
  llmspell config show --key limits --output json
  llmspell config show --sandbox

\b
Exit codes: 0 what is shown holds, 1 the key has no value, 2 something is
wrong with it: run would refuse it."""


@click.command(epilog=_EXAMPLES, short_help="Show the merged configuration, with origins.")
@click.option("--key", metavar="KEY", help="Show this value alone, or the values of this table.")
@click.option("--sandbox", "sandboxed", is_flag=True, help="Show what holds for sandbox instead of run.")
@output_option
@config_option
@click.pass_context
def show(context: click.Context, key: str | None, sandboxed: bool, form: str, config_file: str | None) -> None:
    """Show the merged configuration: as TOML with the origin of each value, on a terminal as a table.

    What an untrusted project's file may not set is not in it, and said on stderr like all that is wrong. Keys of
    providers are in no configuration: what is shown are the names of their variables.
    """
    found = find(config_file, sandboxed=sandboxed)
    lines = lines_of(overlay(default_tree(sandboxed=sandboxed), found.survey.tree))
    if key is not None:
        lines = _chosen(lines, key)
    if form == "json":
        print(json.dumps(_document(found, lines), indent=2))
    elif not lines:
        complain(f"{key} has no value")
    elif len(lines) == 1 and dotted(lines[0].path) == key:
        value = shown_value(lines[0].setting)
        print(escaped(value) if isinstance(value, str) else lines[0].value)
    elif sys.stdout.isatty():
        _show_table(found, lines)
    else:
        print("\n".join(_toml(found, lines)))
    found.complain()
    context.exit(2 if found.faults else 0 if lines else 1)


def _chosen(lines: list[Line], key: str) -> list[Line]:
    """The values of a key. Raises UsageError for one that nobody knows."""
    chosen = [line for line in lines if f"{dotted(line.path)}.".startswith(f"{key}.")]
    if chosen:
        return chosen
    names = key.split(".")
    for row in KEYS:
        parts = row.path.split(".")
        if all(part in ("*", name) for part, name in zip(parts, names, strict=False)) and (
            len(names) <= len(parts) or row.path in ("script", "engines.*.settings")
        ):
            return []
    known = [dotted(line.path) for line in lines] + [row.path for row in KEYS if "*" not in row.path]
    close = nearest(key, [*known, *{row.path.split(".")[0] for row in KEYS}])
    raise UsageError(
        f"--key: there is no key {key[:100]!r}; " + (f"did you mean {close}?" if close else "config init shows all")
    )


def _document(found: Found, lines: Iterable[Line]) -> dict[str, object]:
    return {
        "schema": "llmspell.config/1",
        "files": [source.file for source in found.sources],
        "values": [
            {
                "key": dotted(line.path),
                "value": as_json(shown_value(line.setting)),
                "origin": found.origin(line.setting, line.path),
            }
            for line in lines
        ],
        "ignored": list(found.survey.ignored),
        "faults": [fault_entry(fault) for fault in found.faults],
    }


def _toml(found: Found, lines: Iterable[Line]) -> Iterable[str]:
    for at, (table, group) in enumerate(groupby(lines, key=lambda line: line.table)):
        rows = [(f"{toml_key(line.name)} = {line.value}", _place(found, line)) for line in group]
        width = max((len(text) for text, _ in rows if len(text) <= 60), default=0)
        if at:
            yield ""
        if table:
            yield f"[{toml_key(table)}]"
        for text, place in rows:
            yield f"{text:<{width}}  # {place}"


def _show_table(found: Found, lines: Iterable[Line]) -> None:
    from llmspell.cli.tables import show_table

    rows = [[dotted(line.path), line.value, _place(found, line)] for line in lines]
    show_table(["key", "value", "origin"], rows)


def _place(found: Found, line: Line) -> str:
    return escaped(place_of(found.origin(line.setting, line.path)), kept="")
