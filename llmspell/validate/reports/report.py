"""What a report is, and the reports that are files: a format says what to write, and this when and where."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Protocol, Self, TextIO

from llmspell.errors import LlmspellError
from llmspell.utils.files import FileError, write_atomic
from llmspell.validate.reports.totals import Ending, Totals
from llmspell.validate.result import Result

STDOUT = "-"
STDERR = "stderr"
_PIECE = 1 << 16


class Report(Protocol):
    """Takes results as they come, and is closed once. A context manager: one that is left by an exception is closed as
    interrupted. `interrupted` says why results are missing, None when all are there.

    Raises FileError where it cannot be written; what was at its place before is there still.
    """

    def add(self, result: Result) -> None: ...
    def close(self, *, interrupted: str | None = None) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None: ...


class Format(Protocol):
    """What one format writes: an entry for each result, in the order they come, and what stands around them."""

    def entry(self, result: Result) -> str: ...
    def head(self, ending: Ending) -> str: ...
    def tail(self, ending: Ending) -> str: ...


class FileReport:
    """A report in a file, or on stdout where `path` is `-`. Raises FileError at once where it cannot be written."""

    def __init__(self, path: str, form: Format, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.path = path
        self._form = form
        self._clock = clock
        self._began = clock()
        self._totals = Totals()
        self._body = _Body(path)
        self._closed = False

    def add(self, result: Result) -> None:
        """Writes the entry of one result."""
        self._body.write(self._form.entry(result))
        self._totals.add(result)

    def close(self, *, interrupted: str | None = None) -> None:
        """Puts the document in its place; the second time nothing."""
        if self._closed:
            return
        self._closed = True
        ending = Ending(self._totals, self._clock() - self._began, interrupted)
        with self._body as body:
            around = (_encoded(part(ending)) for part in (self._form.head, self._form.tail))
            _publish(self.path, chain((next(around),), body.pieces(), around))

    def drop(self) -> None:
        """Closes it without a document."""
        self._closed = True
        self._body.__exit__()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(interrupted=None if kind is None else reason(kind))


def reason(kind: type[BaseException]) -> str:
    """In words, what ended a check before its end."""
    if issubclass(kind, LlmspellError):
        return "it could not go on"
    return "interrupted" if kind is KeyboardInterrupt else f"ended by a fault ({kind.__name__})"


class _Body:
    """The entries so far, in a file without a name, on the disk that the report will be on. It gives whole entries
    only: what a write that was interrupted has left is behind them.
    """

    def __init__(self, path: str) -> None:
        place = os.path.realpath(path)
        with Failing(path):
            if path != STDOUT and os.path.isdir(place):
                raise FileError("write", path, "it is a folder")
            beside = None if path == STDOUT or _is_passed_on(path) else os.path.dirname(place)
            self._file = tempfile.TemporaryFile(dir=beside)  # noqa: SIM115 - it lives as long as the report
        self._path = path
        self._size = 0

    def write(self, text: str) -> None:
        data = _encoded(text)
        with Failing(self._path):
            self._file.write(data)
        self._size += len(data)

    def pieces(self) -> Iterator[bytes]:
        with Failing(self._path):
            self._file.seek(0)
        left = self._size
        while left > 0:
            with Failing(self._path):
                piece = self._file.read(min(_PIECE, left))
            left -= len(piece)
            yield piece

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._file.close()
        except OSError:
            pass  # it writes what it still holds, and the disk may be full


class Failing:
    """What cannot be done with a file is a FileError that names the report: by its path, `-` where it is stdout."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            raise FileError("write", self._path, (error.strerror or str(error)).lower()) from error


def path_of(stream: TextIO) -> str:
    """What a stream that is written to is called where that fails."""
    if stream is sys.stdout:
        return STDOUT
    return STDERR if stream is sys.stderr else str(getattr(stream, "name", "a stream"))


def _publish(path: str, pieces: Iterable[bytes]) -> None:
    if path != STDOUT and not _is_passed_on(path):
        write_atomic(path, pieces)
        return
    with Failing(path):
        if path == STDOUT:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            sys.stdout.flush()
            return
        with open(path, "wb") as file:
            for piece in pieces:
                file.write(piece)


def _is_passed_on(path: str) -> bool:
    """Whether what is written there goes to somebody: a pipe or a device is never replaced."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
