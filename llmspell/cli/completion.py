"""What a shell completes besides commands and options: files, and the names of engines and tools.

The rule kept here: only a shell that asks pays for it. So the parameters of a command say nothing of completion; they
are told here what they name once the command is looked at for a shell.
"""

from __future__ import annotations

import click

_FILES = {"SCRIPT", "FILE", "PATH", "ARGUMENTS", "COMMAND"}
"""What files are called in the usage of a command. Arguments of a script, and a worker's command, are often some."""


def let_complete(command: click.Command) -> None:
    """Lets a shell complete what stands for the parameters of a command."""
    for parameter in command.params:
        named = parameter.metavar or parameter.human_readable_name
        if named.upper() in _FILES:
            parameter.type = click.Path()
        elif "--engine" in parameter.opts:
            parameter.type = click.Choice(_engines())
        elif "--allow-tool" in parameter.opts or (named == "NAME" and command.name in ("info", "run")):
            parameter.type = click.Choice(_tools())


def _engines() -> list[str]:
    from llmspell.engines.factory import EngineFactory

    return EngineFactory().names()


def _tools() -> list[str]:
    from llmspell.tools.catalog import builtin_tools

    return sorted(builtin_tools())
