"""The worker under test: how it is started, and a conversation with it in which the kit may also misbehave.

Theory of operation. Every conversation is a process of its own, started and looked at as the host does it. What comes
from it is read by the host's own end of the wire, so a violation is one for the host, too. Every wait has a deadline.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from llmspell.capabilities.surface import SURFACE
from llmspell.engines.conformance.rule import Broken, NotApplicable, NotStarted, insist
from llmspell.engines.factory import EngineSpec, worker_command
from llmspell.sandbox.process import Ended, WorkerProcess, spawn
from llmspell_workers.wire import (
    PROTOCOL_VERSION,
    Call,
    Configure,
    Conversation,
    Done,
    Failed,
    Fatal,
    Frame,
    Hello,
    Output,
    Reply,
    Run,
    Shutdown,
    Violation,
)

ANSWER_SECONDS = 10.0
"""For anything that a worker has to say, its Hello too; the host itself waits 5 s for one that does nothing."""
END_SECONDS = 2.0
"""For a worker to go. The host kills one that is still there after a quarter of a second; a busy machine is slower."""

Answer = Callable[[Call], tuple[bool, Any]]


class Ran(NamedTuple):
    """A run: how it ended, what was printed to stdout, and the calls that were made."""

    last: Done | Failed
    printed: bytes
    calls: list[Call]


class Talk:
    """One process and what is said to it."""

    def __init__(self, process: WorkerProcess, memory: int, *, patience: float) -> None:
        self.process = process
        self._patience = patience
        self._conversation = Conversation("host")
        self._conversation.cap_worker_memory(memory)
        self._runs = 0

    def receive(self, times: float = 1) -> Frame | None:
        """The next frame, or None when the worker has closed its stdout. Raises Broken after `times` the patience."""
        seconds = self._patience * times
        deadline = time.monotonic() + seconds
        while True:
            try:
                frame = self._conversation.next_frame()
                if frame is not None:
                    return frame
                data = self._read(deadline)
                if data is None:
                    raise Broken(f"it said nothing for {seconds:g} s")
                if not data:
                    return None
                self._conversation.receive(data)
            except Violation as violation:
                raise Broken(str(violation)) from None

    def send(self, frame: Frame) -> None:
        """Sends a frame."""
        self.write(self._conversation.send(frame))

    def write(self, data: bytes) -> None:
        """Writes bytes, whatever they are; a worker that is gone does not get them."""
        deadline = time.monotonic() + self._patience
        view = memoryview(data)
        while view:
            _, ready, _ = select.select((), (self.process.stdin,), (), max(0.0, deadline - time.monotonic()))
            if not ready:
                raise Broken(f"it did not read for {self._patience:g} s")
            try:
                view = view[os.write(self.process.stdin, view) :]
            except BlockingIOError:
                continue
            except OSError:
                return

    def reply_raw(self, call: Call, body: bytes) -> None:
        """Answers a call with the bytes of a frame that the kit has made itself."""
        self._conversation.open_calls.discard(call.call)
        self.write(len(body).to_bytes(4, "big") + body)

    def run(
        self, source: bytes, answer: Answer | None = None, *, mode: str = "run", positionals: Sequence[str] = ()
    ) -> Ran:
        """Runs a source to its end; `answer` answers its calls. Raises Broken if the worker goes away."""
        self.begin(source, mode=mode, positionals=positionals)
        printed, calls = bytearray(), list[Call]()
        while True:
            frame = self.receive()
            match frame:
                case Output():
                    printed += frame.data if frame.stream == "stdout" else b""
                case Call():
                    calls.append(frame)
                    ok, value = (answer or nothing)(frame)
                    self.send(Reply(frame.call, ok, value))
                case Done() | Failed():
                    return Ran(frame, bytes(printed), calls)
                case Fatal():
                    raise Broken(f"it sent Fatal: {frame.message}")
                case _:
                    raise Broken(f"it went away while a script ran: {self.how_it_ended()}")

    def begin(self, source: bytes, *, mode: str = "run", positionals: Sequence[str] = ()) -> None:
        """Sends a Run and waits for nothing."""
        self._runs += 1
        self.send(Run(self._runs, source, "spell.kit", {"positionals": list(positionals), "named": {}}, mode))

    def first_call(self) -> Call:
        """The first call of a run."""
        while not isinstance(frame := self.receive(), Call):
            insist(isinstance(frame, Output), f"instead of a call came {told(frame)}")
        return frame

    def end_of_run(self) -> Done | Failed:
        """How the run that is under way ends."""
        while not isinstance(frame := self.receive(), (Done, Failed)):
            insist(isinstance(frame, Output), f"instead of the end of the run came {told(frame)}")
        return frame

    def shut_down(self) -> None:
        """Sends Shutdown."""
        self.send(Shutdown())

    def gone(self) -> Ended:
        """Waits for the process to end by itself; raises Broken if it does not."""
        seconds = min(END_SECONDS, self._patience)
        insist(self.process.wait(seconds), f"it was still there after {seconds:g} s")
        return self.process.kill_and_reap()

    def how_it_ended(self) -> str:
        """In words, with what it said on stderr."""
        said = self._stderr()
        ended = how(self.process.kill_and_reap(grace=END_SECONDS))
        return f"{ended}, it said: {said}" if said else ended

    def _read(self, deadline: float) -> bytes | None:
        ready, _, _ = select.select((self.process.stdout,), (), (), max(0.0, deadline - time.monotonic()))
        return os.read(self.process.stdout, 1 << 16) if ready else None

    def _stderr(self) -> str:
        try:
            return os.read(self.process.stderr, 2000).decode("utf-8", "backslashreplace").strip()
        except OSError:
            return ""


class Subject:
    """A command to be tried, the spells in its language, and the memory that it is given."""

    def __init__(
        self, spec: EngineSpec, *, memory: int, spells: Mapping[str, bytes], patience: float = ANSWER_SECONDS
    ) -> None:
        self.spec, self.memory, self.spells, self._patience = spec, memory, spells, patience
        self._features: Mapping[str, Any] | None = None

    def start(self) -> WorkerProcess:
        """Starts its command as the host does. Raises SetupError."""
        return spawn(worker_command(self.spec), engine=self.spec.name, memory=self.memory)

    @contextmanager
    def started(self) -> Iterator[tuple[Talk, Hello]]:
        """A worker that has said Hello, and has been told nothing."""
        with self.start() as process:
            talk = Talk(process, self.memory, patience=self._patience)
            hello = talk.receive()
            if hello is None:
                raise NotStarted(f"it went away before its Hello: {talk.how_it_ended()}")
            insist(isinstance(hello, Hello), f"instead of its Hello came {told(hello)}")
            assert isinstance(hello, Hello)
            yield talk, hello

    @contextmanager
    def configured(self, *, session: bool = False, replay: Mapping[str, Any] | None = None) -> Iterator[Talk]:
        """A worker that waits for its first run, of a session if it is to be one, or under a seed."""
        with self.started() as (talk, _):
            talk.send(self.configure(session=session, replay=replay))
            yield talk

    def configure(
        self, protocol: int = PROTOCOL_VERSION, *, session: bool = False, replay: Mapping[str, Any] | None = None
    ) -> Configure:
        """What a worker is told."""
        limits: dict[str, object] = {
            "memory": self.memory,
            "cpu": 30.0,
            "wall": 300.0,
            "output": 1 << 24,
            "calls": 10_000,
        }
        settings: dict[str, object] = {"session": True} if session else {}
        return Configure(protocol, limits, settings, dict(SURFACE), {}, None if replay is None else dict(replay))

    def run(self, spell: str, answer: Answer | None = None) -> Ran:
        """Runs one of the spells in a worker of its own."""
        with self.configured() as talk:
            return talk.run(self.spells[spell], answer)

    @property
    def features(self) -> Mapping[str, Any]:
        """What its Hello claims."""
        if self._features is None:
            with self.started() as (_, hello):
                self._features = hello.features
        return self._features

    def claims(self, feature: str) -> None:
        """Raises NotApplicable unless its Hello claims the feature."""
        if self.features.get(feature) is not True:
            raise NotApplicable(f"it does not claim the feature {feature}")


def nothing(_call: Call) -> tuple[bool, Any]:
    """Answers every call with nil."""
    return True, None


def how(ended: Ended) -> str:
    """The end of a process in a message."""
    return f"signal {ended.signal}" if ended.signal is not None else f"exit status {ended.exit_code}"


def told(frame: Frame | None) -> str:
    """A frame in a message."""
    match frame:
        case None:
            return "the end of its stdout"
        case Failed():
            return f"Failed ({frame.error.get('kind')}: {str(frame.error.get('message'))[:200]})"
        case Fatal():
            return f"Fatal ({frame.message[:200]})"
    return type(frame).__name__


def read_spells(folder: Path | None) -> dict[str, bytes]:
    """The spells of a folder, by their names without the suffix."""
    if folder is None:
        return {}
    return {path.stem: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
