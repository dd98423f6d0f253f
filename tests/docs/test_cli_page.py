"""docs/cli.md has every command and option that `--help` shows, with its metavar, and none other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from llmspell.cli.app import COMMANDS, app
from llmspell.outcome import EXIT_CODES, Outcome, Verdict
from tests.docs.pages import ROOT, blocks, prose, section

PAGE = ROOT / "docs" / "cli.md"
SHARED = "Options of run, exec and sandbox"
HOME = {**dict.fromkeys(("run", "exec", "sandbox", "replay", "resume", "repl"), SHARED)}


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command below a group, by its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path}{name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")


LEAVES = {name: command for name, command in commands(app) if not isinstance(command, click.Group)}


def options_of(command: click.Command) -> set[str]:
    """The options of a command as the page writes them: `--mem SIZE`, `-q`."""
    shown = set()
    for option in command.params:
        if not isinstance(option, click.Option):
            continue
        takes = {"form": "FORM", "color": "WHEN"}.get(option.name or "", option.metavar or "")
        if not option.is_flag and not option.count and not takes:
            takes = option.type.name.upper()
        shown |= {f"{name} {takes}".rstrip() for name in (*option.opts, *option.secondary_opts)}
    return shown


def options_in(text: str) -> set[str]:
    """The options in the first column of the tables of a part of the page."""
    cells = re.findall(r"^\| (`-.*?`) \|", text, re.MULTILINE)
    return {span for cell in cells for span in re.findall(r"`(-.*?)`", cell)}


def test_every_option_is_on_the_page_and_none_other() -> None:
    wanted: dict[str, set[str]] = {}
    for name, command in LEAVES.items():
        wanted.setdefault(HOME.get(name, name.split()[0]), set()).update(options_of(command))
    for heading, options in wanted.items():
        assert options_in(section(PAGE, heading)) == options, heading
    everywhere = {"-h", "--help", "--version"}.union(*wanted.values())
    assert options_in(prose(PAGE)) == everywhere


def test_run_exec_and_sandbox_have_the_same_options() -> None:
    assert options_of(LEAVES["run"]) == options_of(LEAVES["exec"]) == options_of(LEAVES["sandbox"])


def test_every_command_is_on_the_page_and_none_other() -> None:
    table = re.findall(r"^\| `([a-z]+)` \|", prose(PAGE).split("## run")[0], re.MULTILINE)
    assert table == list(COMMANDS)
    named = set(re.findall(r"`llmspell ([a-z]+(?: [a-z]+)?)(?: [A-Z\[][^`]*)?`", prose(PAGE)))
    assert named - set(COMMANDS) == {name for name in LEAVES if " " in name}
    for name, command in LEAVES.items():
        arguments = [each for each in command.params if isinstance(each, click.Argument)]
        for argument in arguments:
            assert argument.human_readable_name.upper() in section(PAGE, name.split()[0]), (name, argument.name)


@pytest.mark.parametrize("name", ["", *LEAVES])
def test_help_shows_the_options_of_the_page(name: str) -> None:
    ran = CliRunner().invoke(app, [*name.split(), "--help"], prog_name="llmspell")
    assert ran.exit_code == 0
    options = set(re.findall(r"^  (?:(-\w), )?(--[a-z-]+)(?: / (--[a-z-]+))?", ran.stdout, re.MULTILINE))
    shown = {option for row in options for option in row if option} - {"-h", "--help", "--version"}
    wanted = options_of(LEAVES[name]) if name else set()
    assert shown == {option.split()[0] for option in wanted}


@pytest.mark.parametrize("name", [name for name in ["", *dict(commands(app))] if name != "validate"])
def test_help_has_an_example_fits_into_eighty_columns_and_cuts_nothing_short(name: str) -> None:
    shown = CliRunner().invoke(app, [*name.split(), "--help"], prog_name="llmspell", terminal_width=78).stdout
    lines = shown.splitlines()
    assert f"llmspell {name}".rstrip() in shown.split("xample", 1)[1]
    assert max(map(len, lines)) <= 80
    assert [line for line in lines[1:] if line.endswith("...")] == []


def test_the_exit_codes_of_every_verdict_are_on_the_page() -> None:
    rows = dict(re.findall(r"^\| ([0-9, ]+) \| (.*) \|$", section(PAGE, "Exit codes"), re.MULTILINE))
    for verdict in Verdict:
        codes = [code for code, means in rows.items() if means.startswith(f"`{verdict.value}`")]
        assert str(EXIT_CODES[verdict]) in ", ".join(codes).split(", ")


def test_the_outcome_that_is_shown_has_the_keys_of_a_real_one() -> None:
    shown = next(json.loads(block.text) for block in blocks(PAGE) if block.note("outcome of"))
    real = Outcome(Verdict.OK, "spell.lua", None, "lua", None, started=True).to_dict()
    assert list(shown) == list(real)
    for key in ("script", "engine", "truncated", "usage", "confinement"):
        assert list(shown[key]) == list(real[key])
    table = re.findall(r"^\| (`.*?) \|", section(PAGE, "The outcome document"), re.MULTILINE)
    explained = {name for cell in table for name in re.findall(r"`(\w+)`", cell)}
    assert explained == set(real) - {"schema", "script", "engine"}
