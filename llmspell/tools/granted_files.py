"""Files below granted folders, and nothing else: how a path becomes an open descriptor.

Theory: a path is joined to the working folder, `..` is resolved in its text, and it must then lie below a
granted folder. The granted folder itself was typed by the user and is opened as it is. Everything below it
is opened one name at a time with `O_NOFOLLOW`, relative to the descriptor of the folder before: a symbolic
link, also one that is put in place while we look, is refused and never followed. What is opened must be a
regular file.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from llmspell.errors import CallError, ErrorKind
from llmspell.tools.answer import invalid, shown, too_large

MOST_PATH = 4096
"""Characters in a path."""
MOST_PARTS = 64
"""Names between the granted folder and the file."""
CHUNK = 1024 * 1024
"""Bytes read at once."""

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Place(NamedTuple):
    """A granted path: the grant it lies below, and the names from there."""

    path: str
    root: str
    parts: tuple[str, ...]


class Asker(NamedTuple):
    """Who asks for files: the tool's name and the folder that relative paths start from."""

    tool: str
    folder: str

    def refused(self, path: str, why: str) -> CallError:
        """The grants do not cover the path."""
        details = {"tool": self.tool, "path": path[:MOST_PATH]}
        return CallError(ErrorKind.DENIED, f"{self.tool}: {path[:MOST_PATH]} {why}", details)

    def failed(self, path: str, error: OSError) -> CallError:
        """The operating system said no."""
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return CallError(ErrorKind.NOT_FOUND, f"{self.tool}: {path} does not exist", {"path": path})
        reason = (error.strerror or "input or output failed").lower()
        return CallError(ErrorKind.TOOL, f"{self.tool}: {path}: {reason}", {"path": path})


def locate(asker: Asker, path: str, granted: tuple[str, ...], option: str) -> Place:
    """Where a path lies; `denied` when no grant covers it, naming the option that does."""
    if not path or "\0" in path or len(path) > MOST_PATH:
        raise invalid(asker.tool, f"path {shown(path)} is empty, too long or holds a zero byte", "path")
    try:
        path.encode()
    except UnicodeEncodeError:
        raise invalid(asker.tool, f"path {shown(path)} is not valid text", "path") from None
    full = os.path.normpath(os.path.join(asker.folder, path))
    full = "/" + full.lstrip("/")  # POSIX lets "//" stand for something else
    for root in sorted(granted, key=len, reverse=True):
        for spelled in (os.path.normpath(root), os.path.realpath(root)):
            inside = _below(spelled, full)
            if inside is not None:
                if len(inside) > MOST_PARTS:
                    raise invalid(asker.tool, f"path is {len(inside)} folders deep, the most is {MOST_PARTS}", "path")
                return Place(full, spelled, inside)
    wanted = full if option == "--allow-read" else os.path.dirname(full)
    raise asker.refused(full, f"is not granted; grant it with {option} {wanted}")


def _below(root: str, full: str) -> tuple[str, ...] | None:
    if full == root:
        return ()
    prefix = root if root.endswith("/") else root + "/"
    return tuple(full[len(prefix) :].split("/")) if full.startswith(prefix) else None


@contextmanager
def opened_parent(asker: Asker, place: Place, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """The descriptor of the folder that holds the place, and the last name; `make` makes missing folders.

    What the operating system refuses inside the `with` becomes a `CallError` that names the place.
    """
    root, parts = place.root, place.parts
    if not parts:  # the grant itself: its own name in its real parent
        real = os.path.realpath(root)
        root, parts = os.path.dirname(real), (os.path.basename(real) or ".",)
    try:
        current = os.open(root, _FOLDER_FLAGS)
    except OSError as error:
        raise asker.failed(root, error) from None
    try:
        for part in parts[:-1]:
            following = _open_folder(asker, place, current, part, make=make)
            os.close(current)
            current = following
        yield current, parts[-1]
    except OSError as error:  # of whatever is done in the folder
        raise asker.failed(place.path, error) from None
    finally:
        os.close(current)


def _open_folder(asker: Asker, place: Place, parent: int, name: str, *, make: bool = False) -> int:
    try:
        if make:
            make_folder(parent, name)
        return os.open(name, _FOLDER_FLAGS | os.O_NOFOLLOW, dir_fd=parent)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR) and _is_link(parent, name):
            raise asker.refused(
                place.path, f"leads through the symbolic link {name!r}, which is not followed"
            ) from None
        raise asker.failed(place.path, error) from None


def make_folder(parent: int, name: str) -> None:
    """Makes a folder unless something of that name is there."""
    try:
        os.mkdir(name, 0o755, dir_fd=parent)
    except FileExistsError:
        return


def _is_link(parent: int, name: str) -> bool:
    found = look(parent, name)
    return found is not None and stat.S_ISLNK(found.st_mode)


def look(parent: int, name: str) -> os.stat_result | None:
    """What `name` is, links not followed; None when there is nothing."""
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None


def check_regular(asker: Asker, place: Place, found: os.stat_result) -> None:
    """Refuses links, devices, pipes, sockets, folders and the process file system (it shows keys)."""
    if stat.S_ISLNK(found.st_mode):
        raise asker.refused(place.path, "is a symbolic link, which is not followed")
    if stat.S_ISDIR(found.st_mode):
        raise invalid(asker.tool, f"{place.path} is a folder, not a file", "path")
    if not stat.S_ISREG(found.st_mode):
        raise asker.refused(place.path, "is not a regular file")
    check_not_proc(asker, place, found)


def check_not_proc(asker: Asker, place: Place, found: os.stat_result) -> None:
    """Refuses /proc whatever is granted: /proc/self/environ holds the host's keys."""
    try:
        processes = os.stat("/proc")
    except OSError:
        return
    if found.st_dev == processes.st_dev != os.stat("/").st_dev:
        raise asker.refused(place.path, "is in the process file system, which no grant covers")


@contextmanager
def opened_file(asker: Asker, path: str, granted: tuple[str, ...], *, cap: int) -> Iterator[int]:
    """A descriptor of a granted regular file of at most `cap` bytes, to read."""
    place = locate(asker, path, granted, "--allow-read")
    with opened_parent(asker, place) as (parent, name):
        found = os.stat(name, dir_fd=parent, follow_symlinks=False)
        check_regular(asker, place, found)  # before it is opened, which may have effects
        descriptor = os.open(name, _READ_FLAGS, dir_fd=parent)
    try:
        found = os.fstat(descriptor)
        check_regular(asker, place, found)
        if found.st_size > cap:
            raise too_large(asker.tool, place.path, found.st_size, cap)
        yield descriptor
    finally:
        os.close(descriptor)


def chunks(asker: Asker, path: str, descriptor: int, cap: int) -> Iterator[bytes]:
    """What a file holds, piece by piece; a file that grows over `cap` while it is read is refused."""
    left = cap
    try:
        while piece := os.read(descriptor, min(CHUNK, left + 1)):
            left -= len(piece)
            if left < 0:
                raise too_large(asker.tool, path, cap - left, cap)
            yield piece
    except OSError as error:
        raise asker.failed(path, error) from None


def read_file(asker: Asker, path: str, granted: tuple[str, ...], *, cap: int) -> bytes:
    """All of a granted file; raises `CallError`."""
    with opened_file(asker, path, granted, cap=cap) as descriptor:
        return b"".join(chunks(asker, path, descriptor, cap))


def write_file(asker: Asker, place: Place, pieces: Iterable[bytes]) -> int:
    """Writes a file beside the place and renames it there: the place holds the old or the new, never a part.

    Gives the number of bytes. The old file's permissions are kept.
    """
    with opened_parent(asker, place) as (parent, name):
        old = look(parent, name)
        if old is not None:
            check_regular(asker, place, old)
        temporary = f".llmspell-{secrets.token_hex(8)}"
        try:
            size = _write_new(parent, temporary, pieces, 0o644 if old is None else old.st_mode & 0o777)
            os.rename(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
            os.fsync(parent)
        except BaseException:
            _remove(parent, temporary)
            raise
    return size


def _write_new(parent: int, name: str, pieces: Iterable[bytes], mode: int) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, mode, dir_fd=parent)
    size = 0
    with open(descriptor, "wb", buffering=0) as file:
        for piece in pieces:
            size += len(piece)
            rest = memoryview(piece)
            while rest:
                rest = rest[file.write(rest) :]
        os.fsync(descriptor)
    return size


def _remove(parent: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        return
