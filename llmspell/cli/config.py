"""`config trust`: accept a project's file by its content."""

from __future__ import annotations

import os

import click

from llmspell.config.discovery import trust_file
from llmspell.config.trust import TrustStore


@click.group(epilog="Example:  llmspell config trust llmspell.toml")
def config() -> None:
    """Trust a project's configuration."""


@config.command(epilog="Example:  llmspell config trust llmspell.toml")
@click.argument("file", type=click.Path(exists=True, dir_okay=False), default="llmspell.toml")
def trust(file: str) -> None:
    """Trust FILE as it is now; once it changes it is not trusted any more. Read it first."""
    path = os.path.abspath(file)
    digest = TrustStore(trust_file(os.environ)).trust(path)
    click.echo(f"trusted {path} (sha256 {digest})")
