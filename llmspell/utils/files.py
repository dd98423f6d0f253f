"""Files of the host: read under a cap, written whole or not at all, and errors that say what was tried.

The rule kept here: whoever reads a file that `write_atomic` or `copy_file` writes sees the old content or the new
one, also after a crash at any moment. What a crash can leave behind is a file `.llmspell-*.tmp` beside it.

For paths that a script names see `llmspell/tools/granted_files.py`, which resolves every step below a grant.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from llmspell.errors import LlmspellError
from llmspell.limits import MIB, format_size

MAX_FILE_BYTES = 100 * MIB
"""What `read_file` reads at most unless told otherwise."""

Path = str | os.PathLike[str]

_PIECE = 1 * MIB
# Flags that not every system has. Without O_NONBLOCK, opening a pipe would wait for its other end.
_OPEN = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_READ = os.O_RDONLY | _OPEN | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OPEN | getattr(os, "O_NOFOLLOW", 0)


class FileError(LlmspellError):
    """A file could not be read, written, copied, made or removed; an OSError is the cause where there was one."""

    def __init__(self, action: str, path: Path, why: str) -> None:
        shown = os.fspath(path)
        super().__init__(f"cannot {action} {shown[:300]!r}: {why}")
        self.action = action
        self.path = shown


def read_file(path: Path, *, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """All of a regular file; raises FileError, also for one of over `max_bytes`, of which nothing is kept.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_file(f"{folder}/a.txt", b"tea")
    ...     read_file(f"{folder}/a.txt")
    b'tea'
    """
    with _failing("read", path), _opened(path) as (descriptor, status):
        if status.st_size <= max_bytes:
            data = b"".join(_pieces(descriptor, status.st_size + 1, max_bytes + 1))
            if len(data) <= max_bytes:
                return data
        size = max(status.st_size, max_bytes + 1)
    raise FileError("read", path, f"it has {format_size(size)}, and at most {format_size(max_bytes)} are read")


def write_file(path: Path, data: bytes) -> None:
    """Writes a file in place; raises FileError. A crash midway leaves a part: see `write_atomic`.

    >>> write_file("/nowhere/a.txt", b"tea")
    Traceback (most recent call last):
    llmspell.utils.files.FileError: cannot write '/nowhere/a.txt': no such file or directory
    """
    with _failing("write", path), open(path, "wb") as file:
        file.write(data)


def write_atomic(path: Path, data: bytes | Iterable[bytes], *, mode: int | None = None) -> int:
    """Writes a file whole or not at all: beside its place, then moved there. Gives its size in bytes.

    `data` may come in pieces, which are never joined. A symbolic link stays, and what it leads to is replaced. The
    permissions are `mode`, or those of the file that is replaced, or those of any new file. Raises FileError, and
    whatever the iterable raises; the old file is untouched then.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     size = write_atomic(f"{folder}/a.txt", (b"te", b"a"))
    ...     size, os.listdir(folder), read_file(f"{folder}/a.txt")
    (3, ['a.txt'], b'tea')
    """
    pieces = (data,) if isinstance(data, bytes) else data
    with _failing("write", path):
        return _replace(os.path.realpath(path), pieces, mode)


def ensure_dir(path: Path, *, mode: int = 0o777) -> None:
    """Makes a folder, with the missing ones above it; one that is there is fine. Raises FileError.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ensure_dir(f"{folder}/a/b")
    ...     ensure_dir(f"{folder}/a/b")
    ...     os.path.isdir(f"{folder}/a/b")
    True
    """
    with _failing("make the folder", path):
        os.makedirs(path, mode=mode, exist_ok=True)


def copy_file(source: Path, target: Path) -> int:
    """Copies a regular file with its permissions; the target has the old content or the new. Gives the size in bytes.

    Raises FileError.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_file(f"{folder}/a.txt", b"tea")
    ...     copy_file(f"{folder}/a.txt", f"{folder}/b.txt"), read_file(f"{folder}/b.txt")
    (3, b'tea')
    """
    with _failing("copy", source), _opened(source) as (descriptor, status):
        pieces = iter(lambda: os.read(descriptor, _PIECE), b"")
        return write_atomic(target, pieces, mode=stat.S_IMODE(status.st_mode))


def remove_file_if_exists(path: Path) -> bool:
    """Removes a file, or a symbolic link itself; says whether there was one. Raises FileError, for a folder too.

    >>> remove_file_if_exists("/nowhere/a.txt")
    False
    """
    with _failing("remove", path):
        try:
            if stat.S_ISDIR(os.lstat(path).st_mode):
                raise FileError("remove", path, "it is a folder")
            os.unlink(path)
        except FileNotFoundError:
            return False
    return True


def remove_dir_all_if_exists(path: Path) -> bool:
    """Removes a folder with all that is in it; says whether there was one. Raises FileError, for a file or link too.

    Symbolic links in it are removed, never followed.

    >>> remove_dir_all_if_exists("/nowhere")
    False
    """
    import shutil

    with _failing("remove", path):
        try:
            if not stat.S_ISDIR(os.lstat(path).st_mode):
                raise FileError("remove", path, "it is no folder")
            shutil.rmtree(path)
        except FileNotFoundError:
            return False
    return True


@contextmanager
def _failing(action: str, path: Path) -> Iterator[None]:
    try:
        name = os.fsencode(path)
    except UnicodeEncodeError:
        name = b"\0"
    if b"\0" in name:
        raise FileError(action, path, "it is no name of a file")
    try:
        yield
    except OSError as error:
        raise FileError(action, path, (error.strerror or str(error)).lower()) from error


@contextmanager
def _opened(path: Path) -> Iterator[tuple[int, os.stat_result]]:
    """A regular file for reading: its descriptor, and what it was when it was opened."""
    descriptor = os.open(path, _READ)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FileError("read", path, "it is no regular file")
        yield descriptor, status
    finally:
        os.close(descriptor)


def _pieces(descriptor: int, first: int, most: int) -> Iterator[bytes]:
    """What a file holds, up to `most` bytes of it: the first piece of `first` bytes, which is all of most files."""
    size = first
    while most > 0 and (piece := os.read(descriptor, min(size, most))):
        yield piece
        most -= len(piece)
        size = _PIECE


def _replace(place: str, pieces: Iterable[bytes], mode: int | None) -> int:
    folder = os.path.dirname(place)
    old = _regular_mode(place)
    draft = os.path.join(folder, f".llmspell-{os.urandom(8).hex()}.tmp")
    try:
        size = _write_draft(draft, pieces, old if mode is None else mode)
        os.replace(draft, place)
    except BaseException:
        if os.path.lexists(draft):
            os.unlink(draft)
        raise
    _sync_folder(folder)
    return size


def _regular_mode(place: str) -> int | None:
    """The permissions of the file that is there, or None."""
    try:
        status = os.stat(place)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise FileError("write", place, "it is no regular file")
    return stat.S_IMODE(status.st_mode)


def _write_draft(draft: str, pieces: Iterable[bytes], mode: int | None) -> int:
    descriptor = os.open(draft, _CREATE, 0o666 if mode is None else 0o600)
    size = 0
    with open(descriptor, "wb", buffering=0) as file:
        for piece in pieces:
            size += len(piece)
            rest = memoryview(piece)
            while rest:
                rest = rest[file.write(rest) :]
        if mode is not None:
            os.chmod(draft, mode)  # after the last byte: a write would clear set-user-id
        os.fsync(descriptor)
    return size


def _sync_folder(folder: str) -> None:
    """The new name survives a power cut only if the folder is written too. Windows has no such call."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY | _OPEN)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
