"""What `file-operations` changes below the granted folders: append, delete, copy, move, make folders.

The rule kept here: a change is made relative to the descriptor of the folder that was checked, never by path.
"""

from __future__ import annotations

import errno
import os
import stat

from llmspell.tools.answer import invalid, too_large
from llmspell.tools.granted_files import (
    Asker,
    Place,
    check_regular,
    chunks,
    look,
    make_folder,
    opened_file,
    opened_parent,
    write_file,
)

GROWN_CAP = 100 * 1024 * 1024
"""Bytes of a file that is copied, and of a file after something was appended."""

_APPEND_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def appended(asker: Asker, place: Place, content: bytes) -> int:
    """Adds to the end of a file, made when missing; gives its size after."""
    with opened_parent(asker, place) as (parent, name):
        old = look(parent, name)
        if old is not None:
            check_regular(asker, place, old)
        descriptor = os.open(name, _APPEND_FLAGS, 0o644, dir_fd=parent)
        with open(descriptor, "ab", buffering=0) as file:
            found = os.fstat(descriptor)
            check_regular(asker, place, found)
            total = found.st_size + len(content)
            if total > GROWN_CAP:
                raise too_large(asker.tool, place.path, total, GROWN_CAP)
            rest = memoryview(content)
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(descriptor)
    return total


def deleted(asker: Asker, place: Place) -> None:
    """Removes a file, or a symbolic link itself; a folder is refused."""
    with opened_parent(asker, place) as (parent, name):
        found = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            raise invalid(asker.tool, f"{place.path} is a folder, and delete removes files only", "path")
        os.unlink(name, dir_fd=parent)


def folder_made(asker: Asker, place: Place, *, recursive: bool) -> None:
    """Makes a folder, and with `recursive` the missing ones above it; one that is there already is fine."""
    with opened_parent(asker, place, make=recursive) as (parent, name):
        make_folder(parent, name)
        found = look(parent, name)
        if found is None or not stat.S_ISDIR(found.st_mode):
            raise invalid(asker.tool, f"{place.path} is there already and is no folder", "path")


def copied(asker: Asker, source: str, granted: tuple[str, ...], target: Place) -> int:
    """Copies a file piece by piece; the target has the old or the new content, never a part."""
    with opened_file(asker, source, granted, cap=GROWN_CAP) as descriptor:
        return write_file(asker, target, chunks(asker, source, descriptor, GROWN_CAP))


def moved(asker: Asker, source: Place, target: Place) -> None:
    """Renames a file or folder; a file takes the place of a file that is there."""
    if not source.parts:
        raise invalid(asker.tool, f"{source.path} is itself granted and cannot be moved", "source_path")
    with opened_parent(asker, source) as (old, name), opened_parent(asker, target) as (new, target_name):
        found = look(old, name)
        if found is not None and not stat.S_ISDIR(found.st_mode):
            check_regular(asker, source, found)
        there = look(new, target_name)
        if there is not None:
            check_regular(asker, target, there)
        try:
            os.rename(name, target_name, src_dir_fd=old, dst_dir_fd=new)
        except OSError as error:
            if error.errno == errno.EXDEV:
                problem = f"{source.path} and {target.path} are on different file systems; copy, then delete"
                raise invalid(asker.tool, problem, "target_path") from None
            raise asker.failed(source.path, error) from None
