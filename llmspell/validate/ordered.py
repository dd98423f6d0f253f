"""Reports in one order, whatever was checked first: by the paths of the scripts.

Theory of operation. Results come as they are known, which differs from run to run where several are checked at once. So
whoever watches is given each as it comes, and the reports are given all of them at the end. Until then a result lies in
a file without a name, and only its path and its place are held; one that the disk does not take is held itself.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from io import FileIO
from typing import NamedTuple

from llmspell.validate.reports.opening import Reports
from llmspell.validate.reports.report import Report
from llmspell.validate.result import Result


class OrderedReports(Reports):
    """`live`, which is given results as they come, and `files`, which are given them by path when all are there."""

    def __init__(self, live: Report, files: Reports) -> None:
        super().__init__([live])
        self._files = files
        self._kept = _Kept()
        self._closed = False

    @property
    def any_left(self) -> bool:
        """Whether there is one that can still be written."""
        return super().any_left or self._files.any_left

    def add(self, result: Result) -> None:
        """Shows a result, and keeps it for the reports."""
        super().add(result)
        if self._files.any_left:
            self._kept.add(result)

    def close(self, *, interrupted: str | None = None) -> None:
        """Writes the reports; the second time nothing."""
        if self._closed:
            return
        self._closed = True
        super().close(interrupted=interrupted)
        try:
            with self._files:  # whatever ends this, a report says what it holds
                for result in self._kept.by_path():
                    self._files.add(result)
                self._files.close(interrupted=interrupted)
        finally:
            self._kept.close()
            self.problems += self._files.problems


class _Place(NamedTuple):
    """Where a result lies in the file; `held` is one that does not."""

    path: str
    begin: int
    length: int
    held: bytes | None = None


class _Kept:
    """Results on the disk, each of which is read once."""

    def __init__(self) -> None:
        self._places: list[_Place] = []
        self._size = 0
        self._file: FileIO | None = None
        try:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it lives as long as the check
        except OSError:
            pass  # there is no place for it

    def add(self, result: Result) -> None:
        data = json.dumps(result.to_dict(), default=repr).encode()
        written = self._is_written(data)
        self._places.append(_Place(result.path, self._size, len(data), None if written else data))
        self._size += len(data) if written else 0

    def by_path(self) -> Iterator[Result]:
        for place in sorted(self._places, key=lambda place: place.path):
            data = self._read(place) if place.held is None else place.held
            yield Result.from_dict(json.loads(data))

    def close(self) -> None:
        self._places = []
        if self._file is not None:
            self._file.close()

    def _is_written(self, data: bytes) -> bool:
        if self._file is None:
            return False
        try:
            return os.pwrite(self._file.fileno(), data, self._size) == len(data)
        except OSError:
            return False

    def _read(self, place: _Place) -> bytes:
        assert self._file is not None
        return os.pread(self._file.fileno(), place.length, place.begin)
