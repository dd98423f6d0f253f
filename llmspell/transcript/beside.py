"""Large values beside a transcript: files in one folder, each named by the SHA-256 of what it holds.

The rule kept here: what is read is a regular file of exactly such a name, directly in the folder, never through a link,
of a bounded size, and what it holds has the sum that it is named by. What is written or removed is directly in the
folder too, which is no link.
"""

from __future__ import annotations

import _thread
import contextlib
import errno
import os
import stat
from collections.abc import Mapping
from typing import Protocol

from llmspell.limits import format_size
from llmspell.source import sha256
from llmspell.transcript.form import TranscriptError

MAX_VALUE = 128 * 1024 * 1024
"""Bytes of one value: a frame of 16 MiB, every character of it escaped, is under this."""
UNFINISHED = ".tmp"
"""How the name of a value ends that is not whole yet; it begins with its sum."""
_DIGITS = frozenset("0123456789abcdef")


def is_sum(name: object) -> bool:
    """Whether this is a SHA-256 as we write one."""
    return type(name) is str and len(name) == 64 and _DIGITS.issuperset(name)


class Values(Protocol):
    """Where large values are found."""

    def read(self, name: str) -> bytes:
        """The value of this sum. Raises TranscriptError."""
        ...


class ValuesInMemory:
    """Values that travelled with the transcript."""

    def __init__(self, values: Mapping[str, bytes] | None = None) -> None:
        self._values = values or {}

    def read(self, name: str) -> bytes:
        """The value of this sum. Raises TranscriptError."""
        found = self._values.get(name)
        if found is None:
            raise TranscriptError(f"the value {name} is not there: it was recorded beside the transcript")
        return _checked(found, name)


class ValuesFolder:
    """The folder beside a transcript; it is made with the first value."""

    def __init__(self, path: str) -> None:
        self.path = path

    def read(self, name: str) -> bytes:
        """The value of this sum. Raises TranscriptError."""
        try:
            folder = self._opened()
        except OSError as error:
            raise _unreadable(self.path, name, error) from None
        try:
            return _checked(self._found(name, folder), name)
        finally:
            os.close(folder)

    def write(self, value: bytes) -> str:
        """Keeps a value, whole or not at all, and gives its sum. Raises OSError."""
        name = sha256(value)
        try:
            os.mkdir(self.path)
        except FileExistsError:
            pass
        folder = self._opened()
        try:
            if self._has(name, folder):
                return name
            made = f"{name}.{os.getpid()}-{_thread.get_ident()}{UNFINISHED}"
            try:
                with open(made, "xb", opener=lambda path, flags: os.open(path, flags, 0o666, dir_fd=folder)) as file:
                    file.write(value)
                os.replace(made, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(made, dir_fd=folder)
                raise
        finally:
            os.close(folder)
        return name

    def keep(self, used: set[str]) -> None:
        """Sees to it that these are on the disk before a transcript that names them is. Raises OSError.

        Those that are not there were not there when a run that goes on was taken up, and are missed by their readers.
        """
        try:
            folder = self._opened()
        except FileNotFoundError:
            return
        try:
            for name in used:
                with contextlib.suppress(FileNotFoundError):
                    value = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
                    try:
                        os.fsync(value)
                    finally:
                        os.close(value)
            os.fsync(folder)
        finally:
            os.close(folder)

    def forget_others(self, used: set[str]) -> None:
        """Removes the values that no line of a finished transcript names: those of the one that it replaces, and what
        a process that was killed has left of one."""
        try:
            folder = self._opened()
        except OSError:
            return  # there is none, or it is not ours
        try:
            for name in os.listdir(folder):
                stem, _, rest = name.partition(".")
                if is_sum(stem) and f".{rest}".endswith((".", UNFINISHED)) and name not in used:
                    with contextlib.suppress(OSError):  # it is only in the way
                        os.unlink(name, dir_fd=folder)
        finally:
            os.close(folder)

    def _opened(self) -> int:
        """A descriptor of the folder, which is not a link to one. Raises OSError."""
        try:
            return os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in (errno.ENOTDIR, errno.ELOOP):
                raise OSError(error.errno, "what stands for its folder of values is a link, or no folder") from None
            raise

    def _has(self, name: str, folder: int) -> bool:
        """Whether the value is there; what else lies in its place is replaced."""
        try:
            _checked(self._found(name, folder), name)
        except TranscriptError:
            return False
        return True

    def _found(self, name: str, folder: int) -> bytes:
        """What is in a regular file of the folder. Raises TranscriptError."""
        try:
            # without O_NONBLOCK, opening a pipe would wait for its other end
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            found = read_regular(file, MAX_VALUE + 1)
        except OSError as error:
            raise _unreadable(self.path, name, error) from None
        if found is None:
            raise TranscriptError(f"the value {name} in {self.path!a} is no regular file")
        return found


def read_regular(descriptor: int, most: int) -> bytes | None:
    """At most so many bytes of a regular file, None for anything else; the descriptor is closed. Raises OSError."""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(most)
    finally:
        os.close(descriptor)


def _checked(value: bytes, name: str) -> bytes:
    if len(value) > MAX_VALUE:
        raise TranscriptError(f"the value {name} has over {format_size(MAX_VALUE)}, which is all that one may have")
    if sha256(value) != name:
        raise TranscriptError(f"the value {name} was changed since it was recorded: its SHA-256 is another")
    return value


def _unreadable(folder: str, name: str, error: OSError) -> TranscriptError:
    reason = (error.strerror or str(error)).lower()
    return TranscriptError(f"the value {name} cannot be read from {folder!a}: {reason}")
