"""`config trust`: accept a project's file by its content, see which are, take it back."""

from __future__ import annotations

import json
import os

import click

from llmspell.cli.folder import working_folder
from llmspell.cli.listing import Entry, output_option, show_list
from llmspell.cli.parsed import FILE
from llmspell.cli.terminal import escaped
from llmspell.config.check import checked
from llmspell.config.discovery import PROJECT_NAME, home, project_file, trust_file
from llmspell.config.document import read_document
from llmspell.config.readers import Folders
from llmspell.config.refusal import Refusal, dotted
from llmspell.config.tree import Origin
from llmspell.config.trust import TrustStore
from llmspell.config.untrusted import overreach
from llmspell.errors import UsageError, nearest

_EXAMPLES = """\b
Examples:
  llmspell config trust llmspell.toml
  llmspell config trust --list
  llmspell config trust --revoke llmspell.toml"""


@click.command(epilog=_EXAMPLES, short_help="Trust a project's file as it is now.")
@click.argument("file", required=False, type=FILE)
@click.option("--list", "listed", is_flag=True, help="Show the files that you trust, and which have changed since.")
@click.option("--revoke", is_flag=True, help="Trust FILE no more.")
@output_option
def trust(file: str | None, listed: bool, revoke: bool, form: str) -> None:
    """Trust FILE as it is now; once it changes it is not trusted any more. Read it first.

    Without FILE it is the llmspell.toml that a run would find: here, or in the nearest folder above.
    """
    store = TrustStore(trust_file(os.environ))
    if listed:
        if file is not None or revoke:
            raise UsageError("--list shows all files that are trusted: it takes no FILE and no --revoke")
        show_list([_entry(store, path) for path in sorted(store.files())], ["file", "state", "sha256"], form)
        return
    folder = working_folder()
    path = os.path.join(folder, file) if file else project_file(folder)
    if path is None:
        raise UsageError(
            f"there is no {PROJECT_NAME} here or above: name a FILE, or write one with config init --project"
        )
    path = os.path.normpath(path)
    if revoke:
        _revoke(store, path, form)
    else:
        _trust(store, path, form)


def _trust(store: TrustStore, path: str, form: str) -> None:
    document = read_document(path, follow_links=False)
    origin = Origin(path, Folders(os.path.dirname(path), home(os.environ)), document, "project")
    gained = [dotted(key) for key, _ in overreach(checked(document.table, origin), {})]
    digest = store.trust(path, document.content)  # the very content that was looked at
    if form == "json":
        click.echo(json.dumps({"file": path, "state": "trusted", "sha256": digest, "gained": gained}, indent=2))
        return
    click.echo(f"trusted {escaped(path, kept='')} (sha256 {digest})")
    if gained:
        click.echo(f"it may now set {escaped(', '.join(gained), kept='')}")


def _revoke(store: TrustStore, path: str, form: str) -> None:
    if not store.revoke(path):
        close = nearest(path, list(store.files()))
        hint = f"did you mean {close}?" if close else "llmspell config trust --list shows what is"
        raise UsageError(f"{path} is not trusted; {hint}")
    if form == "json":
        click.echo(json.dumps({"file": path, "state": "not trusted"}, indent=2))
        return
    click.echo(f"trusts {escaped(path, kept='')} no more")


def _entry(store: TrustStore, path: str) -> Entry:
    try:
        state = "trusted" if store.is_trusted(path, read_document(path, follow_links=False).content) else "changed"
    except Refusal as fault:
        state = fault.problem if os.path.lexists(path) else "gone"
    return {"file": path, "state": state, "sha256": store.files()[path]}
