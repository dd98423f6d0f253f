"""Runs a case by the real command line, in a process of its own, and looks at what is left of it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tests.cli.programs import COMMAND, read_until
from tests.hostile.cases import ALL, ENDLESS, HERE, REQUIRED, ZEROS, Case
from tests.hostile.ended import GRACE, Ended
from tests.hostile.leftover import swept
from tests.hostile.scene import Scene

DOCUMENT = "outcome.json"
ROOT = HERE.parents[1]
OUTER = str(ROOT / "tests" / "cli" / "outer.py")
USER = 65534
"""The ordinary user that cases run as where the tests are root's."""


def words(case: Case, scene: Scene, *more: str) -> list[bytes]:
    """The command line of a case."""
    if case.kind == "host":
        return [os.fsencode(sys.executable), os.fsencode(case.path)]
    line: list[bytes | str] = [*COMMAND, case.command]
    if case.command == "sandbox":
        required = REQUIRED[case.kind]
        line += ("--require", ",".join(required)) if required != ALL else ()
    if case.kind == "worker":
        line += ["--config", str(scene.named)]
    line += [option.format(scene=scene.folder) for option in case.options]
    line += more
    line.append(case.source if case.command == "exec" else case.script)
    return [os.fsencode(word) for word in (*line, *((b"--", *case.arguments) if case.arguments else ()))]


def harder(scene: Scene) -> list[str]:
    """What a command is started by as an ordinary user, where user namespaces are refused (`tests/cli/outer.py`)."""
    roots = {sys.prefix, sys.base_prefix, *filter(os.path.isdir, sys.path), str(ROOT), *map(str, scene.folders)}
    opened = [word for root in sorted(roots) for word in ("--open", root)]
    return [sys.executable, "-I", OUTER, *opened, "--user", str(USER), "--refuse", "namespaces:EPERM"]


class Running:
    """A case that runs: its command under `measured.py`, and what is read of it. A context manager.

    As a user it runs in the harder place, and its folders are that user's from there on.
    """

    def __init__(self, case: Case, scene: Scene, *more: str, as_user: bool = False) -> None:
        before: list[str] = []
        if as_user:
            scene.give_to(USER)
            before = harder(scene)
        measured = (sys.executable, "-I", "-S", str(HERE / "measured.py"))
        self.case, self.scene = case, scene
        self._report, writing = os.pipe()
        zeros = os.open("/dev/zero", os.O_RDONLY)
        self._stdin = subprocess.DEVNULL if case.stdin is None else zeros if case.stdin == ZEROS else subprocess.PIPE
        self.began = time.monotonic()
        try:
            self.process = subprocess.Popen(
                [*measured, str(writing), *before, *words(case, scene, *more)],
                cwd=scene.folder,
                env=_environment(case, scene),
                stdin=self._stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(writing,),
            )
        finally:
            os.close(writing)
            os.close(zeros)
        self.pid = int(self._line())
        self.before = b""

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._report)
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is None or pipe.close() is None

    def _line(self) -> bytes:
        poll = select.poll()
        poll.register(self._report, select.POLLIN)
        line = b""
        while not line.endswith(b"\n"):
            assert poll.poll(200_000), "the command did not end"
            line += os.read(self._report, 1)
        return line

    def until(self, text: bytes) -> None:
        """Reads what it prints until that is there."""
        assert self.process.stdout is not None
        self.before += read_until(self.process.stdout.fileno(), text)

    def workers(self) -> list[psutil.Process]:
        """The processes that the command has started."""
        return psutil.Process(self.pid).children()

    def end(self, document: Path | None) -> Ended:
        """Waits for its end; `document` is where the outcome was written, None if it is on stdout."""
        most = float(self.case.option("--timeout") or 60) + GRACE
        try:
            if self.case.stdin in (ENDLESS, ZEROS):  # what it has for a stdin is kept open
                stdout, stderr = _read_both(self.process, most)
            else:
                stdout, stderr = self.process.communicate(self.case.stdin, timeout=most)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the command did not return within {most:g} s") from None
        seconds = time.monotonic() - self.began
        status, peak = map(int, self._line().split())
        stdout = self.before + stdout
        found = None
        if document is None and stdout.startswith(b'{"schema"'):
            found, said = json.loads(stdout), stdout + stderr
            stdout = found["stdout"].encode("utf-8", "surrogateescape")
        elif document is not None and document.exists():
            text = document.read_bytes()
            found, said = json.loads(text), text + stderr
            document.unlink()
        else:
            said = stderr
        return Ended(os.waitstatus_to_exitcode(status), found, stdout, said, seconds, peak << 10)


def run(case: Case, scene: Scene, *, as_json: bool, as_user: bool = False) -> Ended:
    """One run, after which nothing is left of it."""
    document = None if as_json or case.kind == "host" else scene.folder / DOCUMENT
    more = ("--output", "json") if as_json else ("--report", DOCUMENT)
    with Running(case, scene, *more, as_user=as_user) as running:
        if case.send is not None:
            running.until(b"ready\n")
            _send(running, *case.send)
        ended = running.end(document)
    assert swept() == []
    return ended


def _send(running: Running, signals: str, receiver: str) -> None:
    workers = running.workers()
    for name in signals.split("+"):
        if receiver == "host":
            with suppress(ProcessLookupError):  # an earlier signal has ended it
                os.kill(running.pid, signal.Signals[f"SIG{name}"])
        else:
            for worker in workers:
                with suppress(psutil.NoSuchProcess):
                    worker.send_signal(signal.Signals[f"SIG{name}"])


def _environment(case: Case, scene: Scene) -> dict[str, str]:
    environment = scene.place.environment
    if case.kind != "host":
        return environment
    paths = [str(HERE.parents[1]), *filter(None, [environment.get("PYTHONPATH")])]
    return {**environment, "PYTHONPATH": os.pathsep.join(paths)}


def _read_both(process: subprocess.Popen[bytes], seconds: float) -> tuple[bytes, bytes]:
    pipes: list[Any] = [process.stdout, process.stderr]
    read = {pipe.fileno(): b"" for pipe in pipes}
    poll = select.poll()
    for number in read:
        poll.register(number, select.POLLIN)
    waiting, until = set(read), time.monotonic() + seconds
    while waiting:
        if not (ready := poll.poll(max(until - time.monotonic(), 0) * 1000)):
            raise subprocess.TimeoutExpired("llmspell", seconds)
        for number, _ in ready:
            piece = os.read(number, 65536)
            read[number] += piece
            if not piece:
                poll.unregister(number)
                waiting.discard(number)
    process.wait()
    return read[pipes[0].fileno()], read[pipes[1].fileno()]
