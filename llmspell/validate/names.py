"""What an engine has for its scripts: its globals, and what is in them.

The rule kept here: they are asked of a worker of the engine in which no script ever runs. An engine that does not say
how to ask has no names that are known, and nothing is said about any; by one that does not answer nothing is checked.
"""

from __future__ import annotations

import threading
from collections.abc import Collection

from llmspell.capabilities.surface import SURFACE
from llmspell.engines.bridge import Script
from llmspell.engines.worker import WorkerBridge
from llmspell.errors import SetupError
from llmspell.outcome import Verdict
from llmspell.runtime import ScriptRuntime
from llmspell.sandbox.require import DEFAULT

DATA = frozenset(("ARGS", "arg"))
"""Globals whose members hang on how a script is run."""
MAX_NAMES = 10_000


class EngineNames:
    """The names of one engine. Safe to use from several threads; `close` ends its worker."""

    def __init__(self, runtime: ScriptRuntime, *, require: Collection[str] = DEFAULT) -> None:
        self._runtime, self._require = runtime, require
        self._bridge: WorkerBridge | None = None
        self._lock = threading.Lock()
        self._known: dict[str, frozenset[str]] = {}

    @property
    def all(self) -> frozenset[str]:
        """The globals; empty where the engine cannot tell."""
        return self._names("")

    def members(self, name: str) -> frozenset[str]:
        """What is in a global; empty where that is not known, or hangs on the run."""
        return frozenset() if name in DATA or name not in self.all else self._names(name)

    @property
    def missing(self) -> frozenset[str]:
        """Globals that are there only to say that they are not."""
        return MISSING

    def close(self) -> None:
        """Ends its worker."""
        with self._lock:
            bridge, self._bridge = self._bridge, None
            if bridge is not None:
                bridge.close()

    def _names(self, path: str) -> frozenset[str]:
        with self._lock:
            if path not in self._known:
                self._known[path] = self._asked(path)
            return self._known[path]

    def _asked(self, path: str) -> frozenset[str]:
        """Raises SetupError."""
        if self._bridge is None:
            bridge = WorkerBridge(self._runtime.engine, self._runtime.limits, require=self._require)
            bridge.__enter__()
            self._bridge = bridge
        if self._bridge.names_source is None:
            return frozenset()
        script = Script(self._bridge.names_source.encode(), "names", (path,) if path else ())
        told = self._bridge.execute(script, broker=self._runtime.new_broker(), emit=lambda _stream, _data: None)
        if path and told.verdict is Verdict.ERROR:
            return frozenset()  # it is nothing that has members
        if told.verdict is not Verdict.OK:
            why = told.error.message if told.error is not None else told.verdict.value
            raise SetupError(f"engine {self._runtime.engine.name} did not tell its names: {why}")
        found = told.value if type(told.value) is list else []
        return frozenset(name for name in found[:MAX_NAMES] if type(name) is str)


API = frozenset((*SURFACE["globals"], *SURFACE["functions"], *SURFACE["engine_made"]))
"""The globals that are the script API."""
MISSING = frozenset(SURFACE["missing"])
