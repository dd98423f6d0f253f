"""A bridge to a worker, for what `ScriptRuntime` does not show: checks, and runs that follow one another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from llmspell import EngineFactory, Limits
from llmspell.capabilities.library import load_library
from llmspell.engines.bridge import Script, ScriptOutput
from llmspell.engines.worker import WorkerBridge
from llmspell.sandbox.broker import Broker, Handler
from llmspell.sandbox.threads import Threads
from tests.covered.counting import counted


class Session:
    """One worker, and what it has printed so far."""

    def __init__(self, bridge: WorkerBridge) -> None:
        self.bridge = bridge
        self.printed = b""

    def run(self, source: bytes, mode: str = "run") -> ScriptOutput:
        """Runs or checks a source; nothing of the host is there but the library."""
        handlers: dict[str, Any] = {"library.load": Handler(lambda given: load_library(given["name"]), counted=False)}
        broker = Broker(handlers, Limits(), threads=Threads)
        return self.bridge.execute(Script(source, "spell.py", mode=mode), broker=broker, emit=self._emit)

    def _emit(self, _stream: str, data: bytes) -> None:
        self.printed += data


@contextmanager
def session() -> Iterator[Session]:
    """A worker for the length of a block."""
    with WorkerBridge(*counted(EngineFactory().get("python"), Limits())) as bridge:
        yield Session(bridge)
