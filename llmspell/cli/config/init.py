"""`config init`: a commented sample to begin with."""

from __future__ import annotations

import os

import click

from llmspell.cli.folder import working_folder
from llmspell.cli.terminal import escaped
from llmspell.config.discovery import PROJECT_NAME, user_config_file
from llmspell.config.sample import sample
from llmspell.errors import UsageError
from llmspell.utils.files import ensure_dir, write_atomic

_EXAMPLES = """\b
Examples:
  llmspell config init
  llmspell config init --project"""


@click.command(epilog=_EXAMPLES, short_help="Write a sample configuration to begin with.")
@click.option("--project", is_flag=True, help=f"Write {PROJECT_NAME} here instead of your own configuration.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def init(project: bool, force: bool) -> None:
    """Write a sample configuration with every key as a comment; it configures nothing until you edit it.

    It goes to your own place (llmspell config path shows where), or with --project into the working directory.
    """
    file = os.path.join(working_folder(), PROJECT_NAME) if project else user_config_file(os.environ)
    content = sample(project=project).encode()
    if not project:
        ensure_dir(os.path.dirname(file), mode=0o700)
    if force:
        write_atomic(file, content)
    else:
        _write_new(file, content)
    click.echo(f"wrote {escaped(file, kept='')}")


def _write_new(file: str, content: bytes) -> None:
    """Writes a file that is not there yet, whole or not at all. Raises UsageError if it is."""
    draft = f"{file}.{os.urandom(8).hex()}.new"
    write_atomic(draft, content)
    try:
        os.link(draft, file)  # a rename would replace what somebody has put there in the meantime
    except FileExistsError:
        raise UsageError(f"{file} is there already: edit it, or replace it with --force") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {(error.strerror or str(error)).lower()}") from None
    finally:
        os.unlink(draft)
