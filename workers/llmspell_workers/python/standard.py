"""stdin, stdout and stderr of a script, and what it finds where files would be."""

from __future__ import annotations

import io
import os
import sys
import time

from llmspell_workers.bridge import Bridge
from llmspell_workers.python.calls import Calls

_READ = 65536


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


def replace_what_the_host_does(calls: Calls) -> None:
    """Puts what the host does, or what was asked before the process was confined, in the place of system calls."""
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
