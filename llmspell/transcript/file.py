"""Where a transcript is written: a file that is whole or plainly cut, or memory.

Theory of operation. A transcript that is being written is `FILE.part`. Each line is one write to the end of it, so what
a process that is killed leaves there is every line that it wrote, the last one perhaps cut. The last line of a run that
is over is `end`; then the file gets its name, in one step. So FILE is always whole, and the FILE of an earlier run is
there until it is replaced. A lock says that somebody still writes.

The rules kept here: after a write that failed nothing more is written, and nothing that was there is touched; and
what is replaced is an older transcript or an empty file, never anything else.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
from collections.abc import Mapping
from typing import Protocol

from llmspell.limits import format_size
from llmspell.transcript.beside import ValuesFolder, read_regular
from llmspell.transcript.form import TranscriptError, encode

MAX_FILE = 256 * 1024 * 1024
"""Bytes of all lines of one transcript."""
PART = ".part"
VALUES = ".values"
INLINE = 64 * 1024
"""Characters of a value up to which it stands in its line; a longer one lies beside."""
_BEGIN = re.compile(rb'\s*\{\s*"event"\s*:\s*"transcript"')


class Sink(Protocol):
    """Takes the lines of one run."""

    def line(self, text: str) -> None:
        """Writes one line, which then is there whatever happens to this process. Raises TranscriptError."""
        ...

    def value(self, text: str) -> str:
        """The text that stands for a value in a line. Raises TranscriptError."""
        ...

    def finish(self) -> None:
        """The last line was written. Raises TranscriptError."""
        ...

    def discard(self) -> None:
        """Nothing that was written is wanted."""
        ...

    def close(self) -> None:
        """Lets go of what is held, finished or not. May be called again."""
        ...


def values_place(path: str) -> str:
    """The folder of the large values of a transcript. No two transcripts share one.

    >>> values_place("runs/bees.jsonl")
    'runs/bees.jsonl.values'
    """
    return path + VALUES


class TranscriptFile:
    """A transcript in a file, and the folder of large values beside it."""

    def __init__(self, path: str | os.PathLike[str], *, after: tuple[int, int] | None = None) -> None:
        """`after`: FILE.part is there, open and locked, and lines come after so many bytes of it.

        Raises TranscriptError.
        """
        self.path = os.path.realpath(os.fspath(path))
        self._part = self.path + PART
        self._values = ValuesFolder(values_place(self.path))
        self._used: set[str] = set()
        self._size = self._lines = 0
        self._descriptor = -1
        self._failed = False
        try:
            if after is None:
                self._check_place()
                self._descriptor = self._open()
            else:
                self._descriptor, self._size = after
                os.ftruncate(*after)  # a line that was cut is no line
                self._lines = 2  # what was there stays, whatever comes of this
        except OSError as error:
            self.close()
            raise self._failure(error) from None

    def line(self, text: str) -> None:
        """Writes one line, which then is there whatever happens to this process. Raises TranscriptError."""
        data = text.encode("ascii") + b"\n"
        if self._failed:
            raise TranscriptError(f"the transcript {self._part} ended at a write that failed")
        try:
            if self._size + len(data) > MAX_FILE:
                raise OSError(0, f"it would have over {format_size(MAX_FILE)}")
            written = os.write(self._descriptor, data)
            while written < len(data):
                written += os.write(self._descriptor, data[written:])
        except OSError as error:
            self._failed = True
            raise self._failure(error) from None
        self._size += len(data)
        self._lines += 1

    def value(self, text: str) -> str:
        """The text that stands for a value in a line. Raises TranscriptError."""
        if len(text) <= INLINE:
            return text
        try:
            name = self._values.write(text.encode("ascii"))
        except OSError as error:
            self._failed = True
            raise self._failure(error) from None
        self._used.add(name)
        return f'{{"$value":"{name}","size":{len(text)}}}'

    def keep_values(self, names: set[str]) -> None:
        """Also these values are named by lines of this transcript."""
        self._used |= names

    def finish(self) -> None:
        """Gives it its name. Raises TranscriptError."""
        try:
            if self._used:
                self._values.keep(self._used)
            os.fsync(self._descriptor)
            os.replace(self._part, self.path)
        except OSError as error:
            raise self._failure(error) from None
        self._values.forget_others(self._used)
        self.close()

    def discard(self) -> None:
        """Removes what was written; what had its name before has it still."""
        self._lines = 0
        self.close()

    def close(self) -> None:
        """Lets go of the file, finished or not."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            if self._lines <= 1:  # nothing ran, or nothing of it is wanted
                try:
                    os.unlink(self._part)
                except FileNotFoundError:
                    pass
            os.close(descriptor)

    def _check_place(self) -> None:
        if os.path.exists(self.path) and not stat.S_ISREG(os.stat(self.path).st_mode):
            raise TranscriptError(f"no transcript can be written to {self.path!a}: it is no regular file")
        if os.path.exists(self.path):
            # without O_NONBLOCK, opening a pipe that has come in its place would wait
            found = read_regular(os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), 256)
            if found and not _BEGIN.match(found):
                raise TranscriptError(
                    f"no transcript can be written to {self.path!a}: what is there is no transcript, and would be lost;"
                    " remove it, or give another name"
                )
        if os.path.lexists(self._part):
            if self._is_locked():
                raise TranscriptError(f"another run is writing {self._part!a}: give this one another name")
            raise TranscriptError(
                f"{self._part!a} is what a run that was cut has left: go on where it ended with"
                f" llmspell resume {os.path.basename(self.path)}, or remove it"
            )

    def _is_locked(self) -> bool:
        descriptor = os.open(self._part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_CREAT | os.O_EXCL
        descriptor = os.open(self._part, flags, 0o666)
        try:
            lock(descriptor, self._part)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def _failure(self, error: OSError) -> TranscriptError:
        reason = (error.strerror or str(error)).lower()
        return TranscriptError(f"the transcript {self._part!a} cannot be written: {reason}")


class TranscriptInMemory:
    """A transcript in memory, with all of its values in their lines."""

    def __init__(self) -> None:
        self._data = bytearray()

    @property
    def data(self) -> bytes:
        """What was written so far."""
        return bytes(self._data)

    def line(self, text: str) -> None:
        """Keeps one line. Raises TranscriptError."""
        if len(self._data) + len(text) > MAX_FILE:
            raise TranscriptError(f"the transcript would have over {format_size(MAX_FILE)}")
        self._data += text.encode("ascii") + b"\n"

    def value(self, text: str) -> str:
        """The same text."""
        return text

    def finish(self) -> None:
        """Nothing is left to do."""

    def discard(self) -> None:
        """Forgets all of it."""
        self._data.clear()

    def close(self) -> None:
        """Nothing is held."""


def lock(descriptor: int, part: str) -> None:
    """Says that somebody writes this file from now on, and makes sure that it has its name still.

    Raises TranscriptError where somebody does already, and OSError.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise TranscriptError(f"another run is writing {part!a}") from None
    if not os.path.samestat(os.fstat(descriptor), os.stat(part, follow_symlinks=False)):
        raise FileNotFoundError(errno.ENOENT, "another run has taken its place")


def line_of(event: str, fields: Mapping[str, object]) -> str:
    """The line of an event whose fields are plain."""
    return encode({"event": event, **fields})
