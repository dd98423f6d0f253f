"""Runs a worker with its lines and branches counted: an engine's command is data, so this one stands in front.

A worker may write no file, so the counts go to a file that was mapped into memory before the worker was confined: when
it leaves by `os._exit`, before the launcher becomes another program, and now and then before it writes a frame, after
which its host may kill it. Lines that cannot be counted: those of `__main__` before this file has started, and what a
worker does after the last time, if it is killed.

Started as `python ... counted_worker.py FOLDER LIBRARY PROGRAM ARGUMENT...`: the counts are a new file in FOLDER, the
packages are in LIBRARY that the counting needs, and PROGRAM is the first file of the worker.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
from time import monotonic, monotonic_ns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from coverage import Coverage

ROOM = 4 * 1024 * 1024
"""Bytes of a file, most of them holes."""
PLACE = struct.Struct("<II")
"""What it begins with: where the counts are, and how long. They take turns in its two halves, so a kill while they are
written leaves those before."""
HALVES = (PLACE.size, ROOM // 2)
EVERY = 1.0
"""Seconds between two times that a worker saves its counts and goes on."""


class Counts:
    """Where the counts of this process are kept."""

    def __init__(self, folder: str, counting: Coverage, late: dict[str, ModuleType]) -> None:
        """`late` are the modules that coverage imports when it is asked for its counts."""
        name = os.path.join(folder, f"worker-{os.getpid()}-{monotonic_ns()}")
        with open(name, "x+b") as file:
            file.truncate(ROOM)
            self._room = mmap.mmap(file.fileno(), ROOM)
        self._counting, self._late = counting, late
        self._turn = 0
        self._saved = monotonic()
        self._saving = False

    def save(self) -> None:
        """Puts what was counted so far where the tests find it."""
        if self._saving:
            return  # a signal came in the midst of it, and its handler ends the process
        self._saving = True
        sys.modules.update(self._late)
        try:
            data = self._counting.get_data().dumps()
            start = HALVES[self._turn]
            self._room[start : start + len(data)] = data  # shared memory: who reads the file sees it
            self._room[: PLACE.size] = PLACE.pack(start, len(data))
            self._turn = 1 - self._turn
        except MemoryError:
            pass  # the script has left none: what was saved before has to do
        finally:
            for name in self._late:
                del sys.modules[name]
            self._saving = False
            self._saved = monotonic()

    def save_now_and_then(self) -> None:
        if monotonic() - self._saved > EVERY:
            self.save()


def main() -> None:
    folder, library, program, *arguments = sys.argv[1:]
    sys.argv = [program, *arguments]
    there = set(sys.modules)
    sys.path.append(library)  # this is started like a worker, without the packages of its environment
    import runpy
    import sqlite3.dump  # noqa: F401 # what coverage loads late, and a confined worker cannot

    from coverage import Coverage

    sources = os.path.join(os.path.dirname(program), "*")
    branches = "greenlet" if arguments[-2].removeprefix("check:").startswith("python") else "thread"
    counting = Coverage(data_file=None, branch=True, include=[sources], config_file=False, concurrency=branches)
    counting.start()
    stand_in(counts := Counts(folder, counting, hidden_modules(there)))
    if os.path.basename(program) == "launch.py":
        save_before_exec(counts, program)
    runpy.run_path(program, run_name="__main__")


def hidden_modules(there: set[str]) -> dict[str, ModuleType]:
    """Takes away what was loaded for the counting, for a worker and its script load their own, and it matters when.

    Gives those that are needed again.
    """
    taken = {name: sys.modules.pop(name) for name in set(sys.modules) - there if name.partition(".")[0] != "coverage"}
    return {name: module for name, module in taken.items() if name.startswith("sqlite3")}


def stand_in(counts: Counts) -> None:
    """Puts what saves the counts, and what lets the counting go on, in the place of functions that a worker calls."""

    def before(function: Callable[..., Any], does: Callable[[], None]) -> Callable[..., Any]:
        def wrapped(*arguments: Any) -> Any:
            does()
            return function(*arguments)

        return wrapped

    def beside(tracer: Any) -> None:
        """In the place of `sys.settrace`, which would end the counting: the profiler tells of calls, too."""

        def told(frame: Any, event: str, given: Any) -> None:
            if event == "call":
                tracer(frame, event, given)

        sys.setprofile(None if tracer is None else told)

    here = os.getcwd()
    os._exit = before(os._exit, counts.save)
    os.write = before(os.write, counts.save_now_and_then)
    sys.settrace = beside
    os.getcwd = lambda: here  # coverage asks for it at each file of a script, to see that it is none of the worker's


def save_before_exec(counts: Counts, program: str) -> None:
    """The launcher's last call: after it there is nothing left of this."""
    sys.path.insert(0, os.path.dirname(os.path.dirname(program)))
    from llmspell_workers.confine import SystemCalls

    call = SystemCalls.__call__

    def saving(calls: SystemCalls, name: str, *arguments: Any) -> int:
        if name == "execveat":
            counts.save()
        return call(calls, name, *arguments)

    SystemCalls.__call__ = saving  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    main()
