"""`config`: what is configured, where it comes from, whether it is right, and who is trusted. One file per command."""

from __future__ import annotations

import click

from llmspell.cli.config.check import check
from llmspell.cli.config.init import init
from llmspell.cli.config.path import path
from llmspell.cli.config.show import show
from llmspell.cli.config.trust import trust
from llmspell.cli.groups import NamedCommands

_EXAMPLES = """\b
Examples:
  llmspell config init
  llmspell config check llmspell.toml
  llmspell config show --key limits.memory
  llmspell config path
  llmspell config trust llmspell.toml"""


@click.group(cls=NamedCommands, epilog=_EXAMPLES)
def config() -> None:
    """Show, check, write and trust configurations."""


for _command in (show, check, path, init, trust):
    config.add_command(_command)
