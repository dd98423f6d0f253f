"""What every test of the sandbox uses: scripted workers, a broker, and the check that nothing is left
behind.
"""

from __future__ import annotations

import gc
import os
import select
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from llmspell.limits import Limits
from llmspell.sandbox.driver import Worker
from llmspell.sandbox.ending import RunEnd
from llmspell.sandbox.session import Answer
from llmspell.sandbox.spawner import THREAD_NAME
from llmspell.sandbox.wake import Cancellation
from llmspell.sandbox.watch import Patience
from llmspell_workers.wire import PROTOCOL_VERSION, Configure
from tests.patience import PATIENTLY

SCRIPTED = Path(__file__).parent / "workers" / "scripted.py"
READY = "arm(); hello()"
LIMITS = Limits(cpu=20, wall=60)


def wait_for(descriptor: int) -> None:
    """Waits until there is something to read."""
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    assert poller.poll(PATIENTLY * 1000)


def read(descriptor: int) -> bytes:
    """What comes next, waited for."""
    wait_for(descriptor)
    return os.read(descriptor, 65536)


def descriptors() -> set[tuple[str, str]]:
    """What is open in this process, each with what it is."""
    found = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            found.add((number, os.readlink(f"/proc/self/fd/{number}")))
        except FileNotFoundError:
            pass  # the descriptor of the listing itself
    return found


def threads() -> set[threading.Thread]:
    """The threads that run, but for the one that spawns and is there to stay."""
    return {thread for thread in threading.enumerate() if thread.name != THREAD_NAME}


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    descriptors_before, threads_before = descriptors(), threads()
    yield
    gc.collect()
    with pytest.raises(ChildProcessError):  # neither a child nor a zombie
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    assert descriptors() - descriptors_before == set()
    assert threads() - threads_before == set()


class Desk:
    """A broker for tests: a capability is a function of its arguments; one that gives None answers later,
    with `put`.
    """

    def __init__(self, **capabilities: Callable[[dict[str, Any]], Answer | None]) -> None:
        self.capabilities = capabilities
        self.refused = False
        self.asked: list[tuple[int, str]] = []
        self.abandoned = 0
        self.due: float | None = None
        self.wake: Callable[[], None] = lambda: None
        self._ready: list[tuple[int, Answer]] = []

    def attach(self, wake: Callable[[], None]) -> None:
        self.wake = wake

    def dispatch(self, call_id: int, capability: str, arguments: dict[str, Any]) -> Answer | None:
        self.asked.append((call_id, capability))
        return self.capabilities[capability](arguments)

    def put(self, call_id: int, answer: Answer) -> None:
        """An answer from a thread."""
        self._ready.append((call_id, answer))
        self.wake()

    def finished(self) -> list[tuple[int, Answer]]:
        ready, self._ready = self._ready, []
        return ready

    def deadline(self) -> float | None:
        return self.due

    def abandon(self) -> None:
        self.abandoned += 1


class Printed(list[tuple[str, bytes]]):
    """What a run has printed, as it came."""

    def emit(self, stream: str, data: bytes) -> None:
        """Takes output."""
        self.append((stream, data))

    def text(self, stream: str = "stdout") -> bytes:
        """All of one stream."""
        return b"".join(data for name, data in self if name == stream)


def command(prelude: str = READY) -> list[str]:
    """The command of a scripted worker."""
    return [sys.executable, "-I", str(SCRIPTED), prelude]


def configuration() -> Configure:
    """A Configure that says nothing."""
    return Configure(PROTOCOL_VERSION, {}, {}, {}, {})


def scripted(
    prelude: str = READY, *, limits: Limits = LIMITS, require: Collection[str] = ("memory",), **patience: float
) -> Worker:
    """A scripted worker that is not entered yet."""
    return Worker(
        command(prelude),
        engine="scripted",
        limits=limits,
        configure=configuration(),
        require=require,
        patience=Patience(**patience),
    )


def run_on(
    worker: Worker,
    script: str,
    desk: Desk | None = None,
    emit: Callable[[str, bytes], None] | None = None,
    cancellation: Cancellation | None = None,
) -> RunEnd:
    """One run on a worker that is entered."""
    desk = desk or Desk()
    try:
        return worker.run(script.encode(), "spell", {}, desk, emit or Printed().emit, cancellation)
    finally:
        assert desk.abandoned == 1


def run(script: str, desk: Desk | None = None, *, limits: Limits = LIMITS, **patience: float) -> RunEnd:
    """One run on a worker of its own."""
    with scripted(READY, limits=limits, require=("memory",), **patience) as worker:
        return run_on(worker, script, desk)


def echo(arguments: dict[str, Any]) -> Answer:
    """A capability that gives back what it was given."""
    return (True, arguments)
