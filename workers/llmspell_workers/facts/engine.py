"""An engine that only checks: a source is parsed by the engine that would run it, and then read for its facts.

Theory of operation. It stands in the place of the engine that it is of (`check:NAME`), with the same greeting. A run in
the mode `check` ends with the facts as its value; one in another mode runs nothing of it.
"""

from __future__ import annotations

import sys

from llmspell_workers.wire import Done, Failed, Packed, Run, Unsendable, pack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from llmspell_workers.bridge import Bridge
    from llmspell_workers.facts.scopes import Scopes
    from llmspell_workers.wire import Configure

_TOO_MUCH: dict[str, object] = {
    **{part: [] for part in ("references", "methods", "modules", "assigned", "strange")},
    "more": True,
}
"""Facts of which nothing can be told but that there are some."""
_ALSO_TOLD = ("require", "dofile", "import", "load", "eval", "exec", "getattr")


class Checking:
    """What `serve.py` takes for an engine's module."""

    def __init__(self, module: ModuleType, name: str) -> None:
        reader = f"llmspell_workers.facts.{name.partition('@')[0]}"
        __import__(reader)
        self._read: Callable[[bytes], Scopes | None] = sys.modules[reader].read
        self._module = module
        self.RAW_REPLIES: bool = module.RAW_REPLIES
        self.VERSION: str = module.VERSION
        self.FEATURES: dict[str, object] = module.FEATURES
        self.prepare: Callable[[], None] = module.prepare

    def Engine(  # noqa: N802 - as the modules of engines have it
        self, configure: Configure, bridge: Bridge, finish: Callable[[Done], None], tell_line: Callable[[int], None]
    ) -> CheckingEngine:
        """The engine of one session."""
        names: set[str] = set(_ALSO_TOLD)
        for part in ("globals", "functions"):
            table = configure.surface.get(part)
            names |= set(table) if isinstance(table, dict) else set()
        return CheckingEngine(self._module.Engine(configure, bridge, finish, tell_line), self._read, names)


class CheckingEngine:
    """Parses and reads."""

    def __init__(self, engine: object, read: Callable[[bytes], Scopes | None], told_whole: set[str]) -> None:
        self._engine, self._read, self._told_whole = engine, read, told_whole
        self.collect: Callable[[], None] = engine.collect  # type: ignore[attr-defined]

    def run(self, run: Run) -> Done | Failed:
        """Parses a source, and tells its facts; None where they cannot be read off."""
        if run.mode != "check":
            return Failed(run.run, {"kind": "runtime", "message": "this worker runs nothing", "line": None}, {})
        ended: Done | Failed = self._engine.run(run)  # type: ignore[attr-defined]
        if isinstance(ended, Failed):
            return ended
        scopes = self._read(run.source)
        facts = None if scopes is None else scopes.facts(self._told_whole)
        try:
            told = Packed(pack(facts))
        except Unsendable:
            told = Packed(pack(_TOO_MUCH))
        return Done(run.run, told, None, ended.usage)
