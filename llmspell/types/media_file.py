"""Media that stay on disk: named by path, read piece by piece, never held whole.

A path is a power. Whoever reads a value from a script hands in a function that decides about the path and gives the
file (`OpenFile`), or none; nothing here opens a path that it read from a value.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from llmspell.types.reading import Fields, MalformedError, Reader, described, read_text, read_whole
from llmspell.types.record import Record
from llmspell.utils.files import FileError

PIECE_BYTES = 3 * 256 * 1024
"""How much is read at a time: three bytes make four letters of base64, so pieces join without a seam."""


class MediaFile(Record):
    """A regular file and its size in bytes when it was looked at."""

    path: str
    size: int

    @classmethod
    def at(cls, path: str | os.PathLike[str]) -> MediaFile:
        """The file at a path that is trusted; raises FileError when there is no regular file.

        >>> MediaFile.at("/nowhere.png")
        Traceback (most recent call last):
        llmspell.utils.files.FileError: cannot read '/nowhere.png': no such file or directory
        """
        try:
            status = os.stat(path)
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from error
        if not stat.S_ISREG(status.st_mode):
            raise FileError("read", path, "it is no regular file")
        return cls(os.path.abspath(path), status.st_size)

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The file for reading; raises FileError when it cannot be opened or has another size by now."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        except (OSError, ValueError) as error:
            raise _unreadable(self.path, error) from error
        with open(descriptor, "rb", buffering=0) as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size != self.size:
                raise FileError("read", self.path, f"it has changed: it was a file of {self.size} bytes")
            yield file

    def pieces(self) -> Iterator[bytes]:
        """What the file holds, at most `PIECE_BYTES` at a time. Raises FileError, also when it ends early."""
        left = self.size
        with self.opened() as file:
            while left:
                piece = _read_full(file, min(PIECE_BYTES, left))
                if not piece:
                    raise FileError("read", self.path, f"it has changed: it ends {left} bytes early")
                left -= len(piece)
                yield piece

    def base64_pieces(self) -> Iterator[bytes]:
        """The same in base64; joined, the pieces are the base64 of the whole file."""
        import base64

        return map(base64.b64encode, self.pieces())


OpenFile = Callable[[str], MediaFile]
"""Gives the file of a path that a value names, or raises CallError when it is not granted."""


def read_data(open_file: OpenFile | None) -> Reader[bytes | MediaFile]:
    """A reader of media's data: bytes, or `{path, size?}` where `open_file` finds the file."""

    def read(value: Any, place: str) -> bytes | MediaFile:
        if type(value) is bytes:
            return value
        if type(value) is not dict:
            raise MalformedError(place, f"must be bytes, or a map with path, not {described(value)}")
        fields = Fields(value, place, ["path", "size"])
        path = fields.required("path", read_text)
        size = fields.optional("size", read_whole)
        if open_file is None:
            raise MalformedError(place, "names a file by path, and only bytes are taken here")
        try:
            found = open_file(path)
        except FileError as error:
            raise MalformedError(f"{place}.path", f"names a file that cannot be read: {error}") from error
        if size not in (None, found.size):
            raise MalformedError(f"{place}.size", f"is {size}, and the file has {found.size} bytes")
        return found

    return read


def _read_full(file: BinaryIO, size: int) -> bytes:
    """`size` bytes, fewer only at the end of the file."""
    made = b""
    while len(made) < size and (piece := file.read(size - len(made))):
        made = made + piece if made else piece
    return made


def _unreadable(path: str | os.PathLike[str], error: OSError | ValueError) -> FileError:
    why = (error.strerror or "unknown error").lower() if isinstance(error, OSError) else "it is no name of a file"
    return FileError("read", path, why)
