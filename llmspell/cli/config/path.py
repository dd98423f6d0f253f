"""`config path`: every place that is looked at."""

from __future__ import annotations

import os

import click

from llmspell.cli.folder import working_folder
from llmspell.cli.listing import Entry, config_option, output_option, show_list
from llmspell.config.discovery import (
    PROJECT_NAME,
    SYSTEM_FILE,
    Source,
    project_file,
    trust_file,
    user_config_file,
)
from llmspell.config.document import read_document
from llmspell.config.loading import sources_of
from llmspell.config.refusal import Refusal
from llmspell.config.trust import TrustStore


@click.command(
    epilog="Example:  llmspell config path --output json", short_help="Show where configurations are looked for."
)
@output_option
@config_option
def path(form: str, config_file: str | None) -> None:
    """Show the places where configurations are looked for, lowest first: what is there, read and trusted.

    Last stands the record of the project files that you trust.
    """
    folder = working_folder()
    read = sources_of(cwd=folder, environ=os.environ, config_file=config_file)
    places = [
        Source(SYSTEM_FILE, "system"),
        Source(user_config_file(os.environ), "user"),
        Source(project_file(folder) or os.path.join(folder, PROJECT_NAME), "project"),
        *(source for source in read if source.place == "named"),
    ]
    record = trust_file(os.environ)
    entries = [_entry(source, record, read=source in read) for source in places]
    entries.append(_row(Source(record, "record"), exists=os.path.lexists(record)))
    show_list(entries, ["place", "file", "exists", "read", "trusted", "remark"], form)


def _entry(source: Source, record: str, *, read: bool) -> Entry:
    """One place, and whether a run would read it."""
    if not os.path.lexists(source.file):
        missing = {"project": "nor in a folder above", "named": "is named, and must be there"}.get(source.place)
        return _row(source, exists=False, read=read, remark=missing)
    trusted, remark = not source.project, None if read else "another file is named"
    try:
        document = read_document(source.file, follow_links=not source.project)
        if source.project:
            trusted = TrustStore(record).is_trusted(source.file, document.content)
    except Refusal as fault:
        remark = fault.problem if fault.where == source.file else str(fault)
    return _row(source, exists=True, read=read, trusted=trusted, remark=remark)


def _row(
    source: Source, *, exists: bool, read: bool = False, trusted: bool | None = None, remark: str | None = None
) -> Entry:
    return {
        "place": source.place,
        "file": source.file,
        "exists": exists,
        "read": read,
        "trusted": trusted,
        "remark": remark,
    }
