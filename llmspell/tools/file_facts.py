"""What `file-operations` tells about files without opening them: lists, facts, whether something is there.

The rule kept here: links are shown as links and never followed; a list is bounded in entries and in bytes.
"""

from __future__ import annotations

import itertools
import os
import stat
from datetime import UTC, datetime
from typing import Any

from llmspell.errors import CallError, ErrorKind
from llmspell.tools.answer import RESULT_CAP
from llmspell.tools.granted_files import Asker, Place, check_not_proc, look, opened_parent

MOST_ENTRIES = 10_000
"""Entries of one list; a list also ends at `RESULT_CAP` bytes."""

_ENTRY_BYTES = 120  # keys, numbers and a date of one entry, beside its name and path
_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def listed(asker: Asker, place: Place) -> tuple[list[dict[str, Any]], bool]:
    """The entries of a folder by name, and whether some are missing because of a cap."""
    with opened_parent(asker, place) as (parent, name):
        try:
            descriptor = os.open(name, _FOLDER_FLAGS, dir_fd=parent)
        except OSError:
            found = look(parent, name)
            if found is not None and stat.S_ISLNK(found.st_mode):
                raise asker.refused(place.path, "is a symbolic link, which is not followed") from None
            if found is not None and not stat.S_ISDIR(found.st_mode):
                raise CallError(ErrorKind.TOOL, f"{asker.tool}: {place.path} is not a folder") from None
            raise
    try:
        check_not_proc(asker, place, os.fstat(descriptor))
        with os.scandir(descriptor) as entries:
            names = [entry.name for entry in itertools.islice(entries, MOST_ENTRIES + 1)]
        return _within_cap(place, descriptor, sorted(names[:MOST_ENTRIES]), cut=len(names) > MOST_ENTRIES)
    finally:
        os.close(descriptor)


def _within_cap(place: Place, descriptor: int, names: list[str], *, cut: bool) -> tuple[list[dict[str, Any]], bool]:
    made: list[dict[str, Any]] = []
    size = 0
    for name in names:
        found = look(descriptor, name)
        if found is None:  # removed since it was listed
            continue
        path = os.path.join(place.path, name)
        size += _ENTRY_BYTES + len(os.fsencode(name)) + len(os.fsencode(path))
        if size > RESULT_CAP:
            return made, True
        made.append(
            {
                "name": _text(name),
                "path": _text(path),
                "type": _kind(found),
                "size": found.st_size,
                "modified": _date(found.st_mtime),
            }
        )
    return made, cut


def described(asker: Asker, place: Place) -> dict[str, Any]:
    """The facts about one file, folder or link; times are ISO 8601 in UTC, None where the system has none."""
    with opened_parent(asker, place) as (parent, name):
        found = os.stat(name, dir_fd=parent, follow_symlinks=False)
    return {
        "path": place.path,
        "type": _kind(found),
        "size": found.st_size,
        "readonly": found.st_mode & 0o222 == 0,
        "created": _date(getattr(found, "st_birthtime", None)),
        "modified": _date(found.st_mtime),
        "accessed": _date(found.st_atime),
    }


def exists(asker: Asker, place: Place) -> bool:
    """Whether something is there; a link counts as itself."""
    try:
        with opened_parent(asker, place) as (parent, name):
            return look(parent, name) is not None
    except CallError as error:
        if error.kind is ErrorKind.NOT_FOUND:
            return False
        raise


def _kind(found: os.stat_result) -> str:
    if stat.S_ISDIR(found.st_mode):
        return "directory"
    if stat.S_ISLNK(found.st_mode):
        return "symlink"
    return "file" if stat.S_ISREG(found.st_mode) else "unknown"


def _date(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (OverflowError, ValueError, OSError):
        return None


def _text(name: str) -> str | bytes:
    """A name that is not UTF-8 as its bytes."""
    raw = os.fsencode(name)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw
