"""What the counts of workers become: one more data file of coverage, beside those of the tests.

Run as `python -m tests.covered.gather FOLDER` between the tests and `coverage combine`. It takes away what that would
stumble over: the data files of processes that were killed as they began to write one.
"""

from __future__ import annotations

import sys
from pathlib import Path

from coverage import CoverageData
from coverage.exceptions import CoverageException

from tests.covered.counted_worker import PLACE


def gather(folder: Path, place: Path) -> int:
    """Writes the counts in `folder` to one file in `place`; how many workers have left some."""
    together = CoverageData(basename=str(place / ".coverage.workers"))
    workers = 0
    for counts in folder.glob("worker-*"):
        content = counts.read_bytes()
        start, size = PLACE.unpack_from(content)
        if size:
            data = CoverageData(no_disk=True)
            data.loads(content[start : start + size])
            together.update(data)
            workers += 1
        counts.unlink()
    return workers


def drop_unreadable(place: Path) -> int:
    """Removes the data files in `place` that hold none; how many there were."""
    dropped = 0
    for file in place.glob(".coverage.*"):
        try:
            CoverageData(str(file), read_only=True).read()
        except CoverageException:
            file.unlink()
            dropped += 1
    return dropped


if __name__ == "__main__":
    here = Path.cwd()
    print(f"{drop_unreadable(here)} unreadable data files dropped, {gather(Path(sys.argv[1]), here)} workers counted")
