"""One worker for each engine that many runs of the suite share, and what runs a spell of the suite in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from llmspell import Limits
from llmspell.engines.bridge import Script, ScriptOutput
from llmspell.engines.worker import WorkerBridge
from llmspell.sandbox.broker import Broker
from llmspell.sandbox.threads import Threads
from tests.covered.counting import counted
from tests.engines.api.languages import SPELLS, Language, spell_of
from tests.engines.api.rows import Host, surface

LIMITS = Limits(cpu=20, wall=60, memory=64 << 20)


class Sessions:
    """A worker for each language, made when it is first asked for."""

    def __init__(self) -> None:
        self._bridges: dict[str, WorkerBridge] = {}

    def run(self, language: Language, spell: str, host: Host) -> ScriptOutput:
        """Runs one spell of the suite with the calls of `host`."""
        bridge = self._bridges.get(language.name)
        if bridge is None or not bridge.alive:
            bridge = WorkerBridge(*counted(language.spec(), LIMITS), surface=surface()).__enter__()
            self._bridges[language.name] = bridge
        source = spell_of(SPELLS, spell, language).encode()
        broker = Broker(host.handlers(), LIMITS, threads=Threads)
        return bridge.execute(
            Script(source, f"{spell}{language.spells}"), broker=broker, emit=lambda _stream, _data: None
        )

    def close(self) -> None:
        for bridge in self._bridges.values():
            bridge.close()


@pytest.fixture(scope="module")
def sessions() -> Iterator[Sessions]:
    made = Sessions()
    yield made
    made.close()
