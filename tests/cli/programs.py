"""The real command line in real processes: with pipes, on a terminal, and the check that nothing is left running."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import NamedTuple

import psutil

SECONDS = 200.0
"""What any one command may take on a machine that is busy with other things."""
GONE = 20.0
"""What the end of a process may take there: no script here ends by itself so soon."""
COMMAND = (sys.executable, "-m", "llmspell")
_LAST = b"<that was all of it>"
_TAKE_TERMINAL = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)  # it is ignored where the tests were started in the background
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Ran(NamedTuple):
    """How a command ended, and what it said. `stdout` are the bytes as they came."""

    code: int
    stdout: bytes
    stderr: str


def left_over(seconds: float = GONE) -> list[psutil.Process]:
    """What descends from this process and still runs after so many seconds.

    The tests' process is the reaper of all that descends from it, so what lost its host becomes its child.
    """
    children = psutil.Process().children(recursive=True)
    _, alive = psutil.wait_procs(children, timeout=seconds)
    return [one for one in alive if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


class Started:
    """A command that runs, with pipes. A context manager: leaving it kills what is left of it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def __enter__(self) -> Started:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def until(self, text: bytes) -> bytes:
        """Reads stdout until it holds `text`."""
        assert self.process.stdout is not None
        return read_until(self.process.stdout.fileno(), text)

    def end(self) -> Ran:
        """Waits for its end."""
        stdout, stderr = self.process.communicate(timeout=SECONDS)
        return Ran(self.process.returncode, stdout or b"", (stderr or b"").decode())

    def workers(self) -> list[psutil.Process]:
        """The processes that it has started."""
        return psutil.Process(self.process.pid).children()


class Place:
    """A folder to run commands in, with a home of its own, so that no configuration of ours is found."""

    def __init__(self, folder: Path, bytecode: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("LLMSPELL_", "XDG_")) and name not in ("PYTHONDONTWRITEBYTECODE", "NO_COLOR")
        }
        self.environment = {**kept, "HOME": str(self.home), "PYTHONPYCACHEPREFIX": str(bytecode), "TERM": "xterm"}

    def where(self, **environment: str) -> Place:
        """The same place with more in the environment."""
        other = copy(self)
        other.environment = {**self.environment, **environment}
        return other

    def write(self, name: str, content: str | bytes) -> Path:
        """A file in the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def start(
        self,
        *arguments: str | bytes,
        stdin: int | None = subprocess.DEVNULL,
        before: Sequence[str] = (),
    ) -> Started:
        """Starts `llmspell ARGUMENTS`, with pipes; `before` is a command that starts it in its own place."""
        return Started(
            subprocess.Popen(
                [*before, *COMMAND, *arguments],
                cwd=self.folder,
                env=self.environment,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        )

    def run(self, *arguments: str | bytes, stdin: bytes | None = None) -> Ran:
        """`llmspell ARGUMENTS` to its end; whatever happens, no Python traceback is shown and nothing left running."""
        with self.start(*arguments, stdin=subprocess.PIPE) as started:
            stdout, stderr = started.process.communicate(stdin, timeout=SECONDS)
            ran = Ran(started.process.returncode, stdout, stderr.decode())
        assert "Traceback (most recent call last)" not in ran.stderr, ran.stderr
        assert left_over() == []
        return ran

    def shell(self, line: str) -> Ran:
        """A line for `sh`, in which `$LLMSPELL` is the command."""
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=self.folder,
            env={**self.environment, "LLMSPELL": " ".join(COMMAND)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr.decode())

    def terminal(self, *arguments: str, rows: int = 24, columns: int = 80, stderr: int | None = None) -> Terminal:
        """Starts `llmspell ARGUMENTS` on a terminal of its own, of that size."""
        return Terminal([*COMMAND, *arguments], self.folder, self.environment, size=(rows, columns), stderr=stderr)


class Terminal:
    """A command on a pseudo-terminal that is its controlling one. A context manager."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: dict[str, str],
        *,
        size: tuple[int, int],
        stderr: int | None,
    ) -> None:
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.settings = termios.tcgetattr(slave)
        self.shown = b""
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _TAKE_TERMINAL, *command],
                cwd=folder,
                env=environment,
                stdin=slave,
                stdout=slave,
                stderr=slave if stderr is None else stderr,
                start_new_session=True,
            )
        finally:
            self.slave = slave  # kept open: its settings are looked at when the command is over

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.slave)
        os.close(self.master)

    def until(self, text: bytes) -> None:
        """Reads until the terminal shows `text`."""
        self.shown += read_until(self.master, text)

    def press(self, keys: bytes) -> None:
        """Types keys."""
        os.write(self.master, keys)

    def end(self) -> int:
        """Reads to the end of the command; its exit code."""
        watch = os.pidfd_open(self.process.pid)
        poll = select.poll()
        poll.register(self.master, select.POLLIN)
        poll.register(watch, select.POLLIN)
        try:
            ended = False
            while not ended:
                ready = dict(poll.poll(SECONDS * 1000))
                assert ready, f"it did not end; it has shown {self.shown!r}"
                ended = watch in ready
                if self.master in ready:
                    self.shown += os.read(self.master, 65536)
        finally:
            os.close(watch)
        os.write(self.slave, _LAST)  # the kernel may still be on its way with what the command wrote before it ended
        self.shown += read_until(self.master, _LAST).removesuffix(_LAST)
        return self.process.wait()


def read_until(descriptor: int, text: bytes) -> bytes:
    """Reads until what was read holds `text`."""
    read = b""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    deadline = time.monotonic() + SECONDS
    while text not in read:
        assert poll.poll(max(deadline - time.monotonic(), 0) * 1000), f"no {text!r} in {read!r}"
        piece = os.read(descriptor, 65536)
        assert piece, f"no {text!r} in {read!r}"
        read += piece
    return read


def wait_gone(processes: Sequence[psutil.Process], seconds: float = GONE) -> None:
    """Waits for the end of processes that are none of ours, at most so long."""
    _, alive = psutil.wait_procs(list(processes), timeout=seconds)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []


SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
