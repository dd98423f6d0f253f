"""A transcript that is taken up again: which file it is, and that nobody else has gone on with it.

Theory of operation. A run goes on in FILE.part. Where a run was ended from outside there is only FILE, of which
FILE.part is made anew; its first byte is written last, so that a copy that was cut is never taken for a record. What
was read is looked for under the lock that is held until the last line is written: nobody comes in between.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat

from llmspell.errors import UsageError
from llmspell.transcript.beside import read_regular
from llmspell.transcript.cassette import Cassette, read_whole
from llmspell.transcript.file import PART, TranscriptFile, lock
from llmspell.transcript.form import TranscriptError

_GONE = (errno.ENOENT, errno.ELOOP)
_UNFINISHED = (b"", b"\0")
"""What a copy begins with that was cut."""


class Resumable:
    """A transcript that can be gone on with, by the name that its run gave it."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Raises UsageError, TranscriptError among them."""
        if not isinstance(path, (str, os.PathLike)):
            raise UsageError(f"a run is resumed from a file by its name, not {path!r:.60}")
        self.path = os.path.realpath(os.fspath(path).removesuffix(PART))
        self._part = self.path + PART
        self._is_part = os.path.lexists(self._part) and not _is_unfinished(self._part)
        self.taken_from = self._part if self._is_part else self.path
        """The file that was read."""
        self.cassette = cassette = Cassette.load(self.taken_from)
        ended = cassette.ended()
        if ended is not None and not ended.from_outside:
            if self._is_part:  # it was ended before it got its name
                descriptor = self._taken()
                try:
                    os.replace(self._part, self.path)
                finally:
                    os.close(descriptor)
            raise TranscriptError(
                f"the run in {self.path!a} is over, with the verdict {ended.verdict}: nothing is left to go on with"
            )

    def taken_up(self) -> TranscriptFile:
        """The file, to which lines are added. Raises TranscriptError, also where another run has gone on with it."""
        made = TranscriptFile(self.path, after=(self._taken(), self.cassette.size))
        made.keep_values(self.cassette.values())
        return made

    def _taken(self) -> int:
        """FILE.part, which is locked from now on, and holds what was read. Raises TranscriptError."""
        try:
            # without O_NONBLOCK, opening a pipe that has come in its place would wait
            flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | (0 if self._is_part else os.O_CREAT)
            descriptor = os.open(self._part, flags, 0o666)
            try:
                self._make_sure(descriptor)
            except BaseException:
                os.close(descriptor)
                raise
        except OSError as error:
            if error.errno in _GONE:
                raise self._gone_on() from None
            reason = (error.strerror or str(error)).lower()
            raise TranscriptError(f"the transcript {self.path!a} cannot be taken up: {reason}") from None
        return descriptor

    def _make_sure(self, descriptor: int) -> None:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise self._gone_on()
        lock(descriptor, self._part)
        copies = not self._is_part and os.pread(descriptor, 1, 0) in _UNFINISHED
        try:
            if copies:
                _fill(descriptor, read_whole(self.path))
            if not self.cassette.is_in(descriptor):
                raise self._gone_on()
        except BaseException:
            if copies:
                os.unlink(self._part)
            raise
        fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_APPEND)

    def _gone_on(self) -> TranscriptError:
        return TranscriptError(
            f"another run has gone on with {self.path!a} since it was read: look at what is there now"
        )


def _is_unfinished(part: str) -> bool:
    """Whether this is a copy that was cut, or nothing at all."""
    try:
        return read_regular(os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), 1) in _UNFINISHED
    except OSError:
        return False  # reading it says why


def _fill(descriptor: int, data: bytes) -> None:
    """Writes all of it; the first byte when the others are on the disk."""
    os.ftruncate(descriptor, 0)
    at = 1
    while at < len(data):
        at += os.pwrite(descriptor, memoryview(data)[at:], at)
    os.fsync(descriptor)
    os.pwrite(descriptor, data[:1], 0)
