"""Reports in one order, whatever was checked first: by the paths of the scripts.

Theory of operation. Results come as they are known, which differs from run to run where several are checked at once. So
whoever watches is given each as it comes, and the reports are given all of them at the end. Until then a result lies in
a file without a name, and only its path and its place are held; one that the disk does not take is held itself.
"""

from __future__ import annotations

import json
import os
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from io import FileIO

from llmspell.validate.reports.opening import Reports
from llmspell.validate.reports.report import Report
from llmspell.validate.result import Result


class OrderedReports(Reports):
    """`live`, which is given results as they come, and `files`, which are given them by path when all are there.

    `keys` are in none of them, nor in what is kept meanwhile.
    """

    def __init__(self, live: Report, files: Reports, *, keys: Iterable[str] = ()) -> None:
        super().__init__([live], keys=keys)
        self._files = files
        self._kept = _Kept()
        self._closed = False

    @property
    def any_left(self) -> bool:
        """Whether there is one that can still be written."""
        return super().any_left or self._files.any_left

    def add(self, result: Result) -> None:
        """Shows a result, and keeps it for the reports."""
        shown = self._shown(result)
        self._each(lambda report: report.add(shown))
        if self._files.any_left:
            self._kept.add(shown)

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


class _Kept:
    """Results on the disk, each of which is read once."""

    def __init__(self) -> None:
        self._paths: list[str] = []
        self._ends = array("Q", [0])
        """Where a result ends in the file, and the next one begins: by number, from 1."""
        self._held: dict[int, bytes] = {}
        """Those that are not in the file, by number, from 0."""
        self._file: FileIO | None = None
        try:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it lives as long as the check
        except OSError:
            pass  # there is no place for it

    def add(self, result: Result) -> None:
        data = json.dumps(result.to_dict(), default=repr).encode()
        if self._is_written(data):
            self._ends.append(self._ends[-1] + len(data))
        else:
            self._held[len(self._paths)] = data
            self._ends.append(self._ends[-1])
        self._paths.append(result.path)

    def by_path(self) -> Iterator[Result]:
        for number in sorted(range(len(self._paths)), key=self._paths.__getitem__):
            yield Result.from_dict(json.loads(self._held.get(number) or self._read(number)))

    def close(self) -> None:
        self._held.clear()
        if self._file is not None:
            self._file.close()

    def _is_written(self, data: bytes) -> bool:
        if self._file is None:
            return False
        try:
            return os.pwrite(self._file.fileno(), data, self._ends[-1]) == len(data)
        except OSError:
            return False

    def _read(self, number: int) -> bytes:
        assert self._file is not None, "what is not held is in the file"
        begin, end = self._ends[number], self._ends[number + 1]
        return os.pread(self._file.fileno(), end - begin, begin)
