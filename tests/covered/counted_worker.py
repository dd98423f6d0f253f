"""Runs a worker with its lines and branches counted: an engine's command is data, so this one stands in front.

A worker may write no file and leaves by `os._exit`, so the counts go to a file that was mapped into memory before the
worker was confined, when it leaves. A worker that is killed takes its counts with it. Lines that cannot be counted:
those of `__main__` before this file has started, and the last one of each way out.

Started as `python -I counted_worker.py COUNTS MAIN FOLDER... ENGINE MEMORY`.
"""

import mmap
import os
import runpy
import sqlite3.dump  # noqa: F401 # what coverage loads late, and a confined worker cannot
import sys

import coverage

ROOM = 4 * 1024 * 1024


def main() -> None:
    counts, program, *arguments = sys.argv[1:]
    with open(counts, "r+b") as file:
        file.truncate(ROOM)
        room = mmap.mmap(file.fileno(), ROOM)
    package = os.path.dirname(os.path.abspath(program))
    counting = coverage.Coverage(data_file=None, branch=True, include=[os.path.join(package, "*")], config_file=False)
    leave = os._exit

    def count_and_leave(status: int) -> None:
        counting.stop()
        data = counting.get_data().dumps()
        room[: 4 + len(data)] = len(data).to_bytes(4, "big") + data  # shared memory: who reads the file sees it
        leave(status)

    os._exit = count_and_leave  # type: ignore[assignment]
    sys.argv = [program, *arguments]
    counting.start()
    runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
