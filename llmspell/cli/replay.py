"""`replay` and `resume`: a transcript is run again from its record alone, or gone on with where it ends."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

from llmspell.cli.choices import Choices
from llmspell.cli.folder import working_folder
from llmspell.cli.run import EXIT_CODES, run_options
from llmspell.cli.script import Spell, run_spell
from llmspell.cli.setup import configure, prepare
from llmspell.source import read_script
from llmspell.transcript.cassette import Cassette
from llmspell.transcript.live import UNANSWERED
from llmspell.transcript.resumable import Resumable

_REPLAY = """\b
Examples:
  llmspell run --record bees.jsonl spell.lua
  llmspell replay bees.jsonl
  llmspell replay bees.jsonl changed.lua --replay-mode loose
  llmspell replay bees.jsonl changed.lua --replay-mode once

\b
The last one makes the calls that bees.jsonl lacks, and rewrites it."""
_RESUME = """\b
Examples:
  llmspell run --record bees.jsonl spell.lua       (and is killed)
  llmspell resume bees.jsonl
  llmspell resume bees.jsonl spell.lua --max-cost 5
  llmspell resume bees.jsonl --unanswered again"""
_RECORDED = ("record", "replay", "seed", "engine")


def _replay_options(function: Callable[..., Any]) -> Callable[..., Any]:
    return run_options(function, but=_RECORDED)


def _resume_options(function: Callable[..., Any]) -> Callable[..., Any]:
    return run_options(function, but=(*_RECORDED, "replay_mode"))


@click.command(epilog=_REPLAY + EXIT_CODES)
@click.argument("file")
@click.argument("script", required=False)
@_replay_options
@click.pass_context
def replay(context: click.Context, /, file: str, script: str | None, **options: Any) -> None:
    """Run the transcript FILE again: the same output, value and verdict; offline, but in the mode once.

    The script is the one in FILE, or SCRIPT. A call that is not the recorded one ends the run as an error.

    In the modes strict and loose no call is made, and FILE is left as it is. In the mode once the calls that FILE lacks
    are made, for real, and FILE is rewritten with them.
    """
    choices = Choices(**options, replay=file)
    cassette = Cassette.load(file)
    replays = None if choices.replay_mode == "once" else cassette
    context.exit(_run(cassette, script, choices, context.obj, replays=replays))


@click.command(epilog=_RESUME + EXIT_CODES)
@click.argument("file")
@click.argument("script", required=False)
@click.option(
    "--unanswered",
    type=click.Choice(UNANSWERED),
    metavar="WHAT",
    default=UNANSWERED[0],
    help="Calls that were sent, have no answer, and may have done something: refuse to go on (the default), make them"
    " again, or let them fail in the script.",
)
@_resume_options
@click.pass_context
def resume(context: click.Context, /, file: str, script: str | None, unanswered: str, **options: Any) -> None:
    """Go on with the run in the transcript FILE where it was cut; what was answered is not asked again.

    The script is the one in FILE, or SCRIPT, beside which modules are looked for. Its output comes from the begin.

    It is run as the command runs one that has recorded FILE: with your configuration, and with the --allow-* of this
    command line, for FILE grants nothing. FILE of a stranger is what a script of a stranger is: see it before.
    """
    resumed = Resumable(os.path.join(working_folder(), file))
    context.exit(
        _run(resumed.cassette, script, Choices(**options), context.obj, resumed=resumed, unanswered=unanswered)
    )


def _run(
    cassette: Cassette,
    script: str | None,
    choices: Choices,
    prestarted: Any,
    *,
    replays: Cassette | None = None,
    resumed: Resumable | None = None,
    unanswered: str = "refuse",
) -> int:
    header = cassette.header
    command = header.labels.get("command")
    sandboxed = command == "sandbox"
    choices = choices._replace(engine=header.engine)
    configuration, limits = configure(choices, sandboxed=sandboxed)
    if script is None:
        source, folder = cassette.source(), None
    else:
        source, folder = read_script(script, limits.source_allowed), os.path.dirname(script) or "."
    setup = prepare(configuration, limits, choices, header.name, source[:200], sandboxed=sandboxed, folder=folder)
    spell = Spell(
        source,
        header.name,
        header.arguments,
        folder,
        prints_value=command == "exec",
        sandboxed=sandboxed,
        cassette=replays,
        resumed=resumed,
        unanswered=unanswered,
    )
    return run_spell(spell, setup, choices, prestarted)
