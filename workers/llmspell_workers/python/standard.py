"""stdin, stdout and stderr of a script, and what it finds where files would be."""

from __future__ import annotations

import builtins
import errno
import io
import os
import sys
import time

from llmspell_workers.bridge import Bridge
from llmspell_workers.python.calls import Calls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_READ = 65536
_NO_FILES = "a script opens no files; use Tool.execute('file-operations', {...}), which needs a grant"
_NO_THREADS = "a script starts no threads; use parallel([...]) or asyncio.gather(...)"
_NO_PROCESSES = "a script starts no processes; use Tool.execute('process-executor', {...}), which needs a grant"


def _machine() -> os.uname_result:
    """What `os.uname` gives, asked before the process is confined; the name of the machine is nobody's business."""
    found = os.uname()
    return os.uname_result((found.sysname, "localhost", found.release, found.version, found.machine))


_MACHINE = _machine()


class _Output(io.RawIOBase):
    """Bytes for one stream of the host."""

    def __init__(self, bridge: Bridge, stream: str) -> None:
        self._bridge, self._stream = bridge, stream
        self.name = f"<{stream}>"

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        taken = bytes(data)  # type: ignore[call-overload]
        self._bridge.output(self._stream, taken)
        return len(taken)


class _Input(io.RawIOBase):
    """The run's stdin, read through the host."""

    name = "<stdin>"

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        assert isinstance(buffer, memoryview | bytearray)
        data = self._calls.call("stdin.read", {"size": min(len(buffer), _READ)})
        if isinstance(data, str):
            data = data.encode()
        if not isinstance(data, bytes):
            return 0
        buffer[: len(data)] = data
        return len(data)


def attach(bridge: Bridge, calls: Calls) -> None:
    """Gives the script its standard streams. What it has printed goes out before each of its calls."""

    def writer(stream: str) -> io.TextIOWrapper:
        raw = io.BufferedWriter(_Output(bridge, stream), 8192)
        return io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", line_buffering=True)

    out, err = writer("stdout"), writer("stderr")
    sys.stdout = sys.__stdout__ = out  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = err  # type: ignore[misc]
    text = io.TextIOWrapper(io.BufferedReader(_Input(calls), _READ), encoding="utf-8", errors="surrogateescape")
    sys.stdin = sys.__stdin__ = text  # type: ignore[misc]
    calls.before = out.flush


def flush() -> None:
    """Sends what the script has printed, on whatever it has put there by now."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, ValueError, OSError):
            pass  # it was closed, or it is no stream any more


def replace_what_is_refused(calls: Calls) -> None:
    """Puts what works in the place of what the kernel refuses, or else what says so clearly."""

    def no_files(file: object = None, *_: object, **_more: object) -> NoReturn:
        raise PermissionError(errno.EPERM, _NO_FILES, file if isinstance(file, (str, bytes)) else None)

    def no_processes(*_: object, **_more: object) -> NoReturn:
        raise PermissionError(errno.EPERM, _NO_PROCESSES)

    def no_threads(*_: object, **_more: object) -> NoReturn:
        raise RuntimeError(_NO_THREADS)

    import _thread

    builtins.open = io.open = os.open = no_files  # type: ignore[assignment]
    for name in ("fork", "forkpty", "system", "popen", "posix_spawn", "posix_spawnp", "execv", "execve"):
        setattr(os, name, no_processes)
    for name in ("start_new_thread", "start_new", "start_joinable_thread"):
        if hasattr(_thread, name):
            setattr(_thread, name, no_threads)
    os.uname = lambda: _MACHINE
    time.sleep = _make_sleep(calls)  # type: ignore[assignment]


def _make_sleep(calls: Calls) -> object:
    def sleep(seconds: float, /) -> None:
        """The run's own sleep: the host counts it, and other branches go on."""
        seconds = float(seconds)
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        calls.call("sleep", {"seconds": seconds})

    return sleep
