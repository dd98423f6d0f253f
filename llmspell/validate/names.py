"""What an engine has for its scripts: its globals, and what is in them.

The rule kept here: they are asked of a fresh worker of the engine, in which no script ever runs. Where it cannot tell,
nothing is known, and nothing is said about a name.
"""

from __future__ import annotations

import threading
from contextlib import suppress

from llmspell.capabilities.surface import SURFACE
from llmspell.errors import LlmspellError
from llmspell.runtime import ScriptRuntime
from llmspell.session import ScriptSession

_TRIES = 3
"""A busy machine may take longer to answer than a session waits."""
DATA = frozenset(("ARGS", "arg"))
"""Globals whose members hang on how a script is run."""


class EngineNames:
    """The names of one engine. Safe to use from several threads; `close` ends its worker."""

    def __init__(self, runtime: ScriptRuntime) -> None:
        self._runtime = runtime
        self._session: ScriptSession | None = None
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
            if self._session is not None:
                self._session.close()
                self._session = None

    def _names(self, path: str) -> frozenset[str]:
        with self._lock:
            if path not in self._known:
                self._known[path] = self._asked(path)
            return self._known[path]

    def _asked(self, path: str) -> frozenset[str]:
        with suppress(LlmspellError):
            for _ in range(_TRIES):
                if self._session is None:
                    self._session = self._runtime.session()
                found = self._session.names(path)
                if found:
                    return frozenset(found)
                if not self._session.fresh:
                    break  # it has answered: there are none
        return frozenset()


API = frozenset((*SURFACE["globals"], *SURFACE["functions"], *SURFACE["engine_made"]))
"""The globals that are the script API."""
MISSING = frozenset(SURFACE["missing"])
