"""The commands, each loaded when it is asked for."""

from __future__ import annotations

import os

import click

from llmspell import __version__
from llmspell.cli.groups import NamedCommands

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmspell.cli.entry import Prestarted

COMMANDS = {
    "run": ("llmspell.cli.run", "run", "Run a spell with the configured providers and tools."),
    "exec": ("llmspell.cli.run", "exec_", "Run code given on the command line, and print what it returns."),
    "sandbox": ("llmspell.cli.run", "sandbox", "Run an untrusted script: nothing is granted but by --allow-*."),
    "validate": ("llmspell.cli.validate", "validate", "Check scripts, without trusting them."),
    "replay": ("llmspell.cli.replay", "replay", "Run a transcript again, offline."),
    "resume": ("llmspell.cli.replay", "resume", "Go on where a run that was recorded has ended."),
    "repl": ("llmspell.cli.repl", "repl", "Type statements, which one worker runs one after another."),
    "engines": ("llmspell.cli.engines", "engines", "Show the script engines that there are."),
    "providers": ("llmspell.cli.providers", "providers", "Show the model providers that there are, and try one."),
    "tools": ("llmspell.cli.tools", "tools", "Look at the tools, and try one."),
    "doctor": ("llmspell.cli.doctor", "doctor", "Show what the kernel of this machine enforces."),
    "config": ("llmspell.cli.config", "config", "Show, check, write and trust configurations."),
}


class _Commands(NamedCommands):
    """A group whose commands are modules; `--help` needs none of them."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        from importlib import import_module

        module, attribute, _ = COMMANDS[name]
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples, none of which needs an API key:
  llmspell run examples/hello.lua
  llmspell exec 'return 6 * 7'
  llmspell sandbox untrusted.lua
  llmspell doctor

\b
A shell completes commands, options, files and names after, for bash:
  eval "$(_LLMSPELL_COMPLETE=bash_source llmspell)"
and likewise with zsh_source or fish_source.""",
)
@click.version_option(__version__, prog_name="llmspell", message="%(prog)s %(version)s")
def app() -> None:
    """Runs scripts that talk to language models and tools, and does not have to trust them."""


def run_command(arguments: list[str], prestarted: Prestarted) -> int:
    """Runs the command that the words name, and gives its exit code. Raises whatever the command raises.

    That is why it is not click that catches: of a closed stdout its `main` makes a failure without a word.
    """
    if os.environ.get("_LLMSPELL_COMPLETE"):
        app.main(arguments, prog_name="llmspell")  # answers the shell, and exits
    try:
        with app.make_context("llmspell", arguments, obj=prestarted) as context:
            app.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    return 0
