"""The dialects of Lua: which of lupa's libraries is one, and which files the adapter needs for it.

The rule kept here: one process runs one dialect. It is chosen before the engine's module is loaded, which loads its
library and no other.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

DEFAULT = "5.4"
SEEDED = "seeded"
"""The file that only a deterministic run has."""
_PARTS = (SEEDED, "pack", "unpack", "calls", "closing", "io", "absent", "modules", "inspect", "globals", "json",
          "parallel", "streams", "surface", "errors", "main")  # fmt: skip
"""The adapter's Lua files, in the order in which they build on one another."""
_OLD_PARTS = ("before", *(part + "_before" if part == "closing" else part for part in _PARTS))
"""The same for a dialect that lacks what the files use of Lua 5.4."""


class Dialect:
    """One of them. `tells_line`: the layout of its library's structures is the one that `where.py` knows.

    `room` is the module that tells whether there is memory for it.
    """

    __slots__ = ("_library", "_room", "parts", "tells_line")

    def __init__(
        self, library: str, *, parts: tuple[str, ...] = _PARTS, tells_line: bool = False, room: str = "bridge"
    ) -> None:
        self._library, self.parts, self.tells_line, self._room = library, parts, tells_line, room

    def load(self) -> ModuleType:
        """lupa's module of it. Raises ImportError where this lupa was built without."""
        return _module(self._library)

    def room(self) -> Callable[[int], bool]:
        """Tells whether the memory for so many bytes is there, on both sides. To be called before confining."""
        has_room: Callable[[int], bool] = _module(f"llmspell_workers.{self._room}").has_room
        return has_room


def _module(name: str) -> ModuleType:
    __import__(name)  # `importlib` is two more modules to load
    return sys.modules[name]


DIALECTS = {
    "5.4": Dialect("lupa.lua54", tells_line=True),
    "5.1": Dialect("lupa.lua51", parts=_OLD_PARTS),
    "5.3": Dialect("lupa.lua53", parts=_OLD_PARTS),
    "5.5": Dialect("lupa.lua55"),
    "luajit": Dialect("lupa.luajit21", parts=_OLD_PARTS, room="lua.segments"),
}
_chosen = [DEFAULT]


def choose(name: str) -> None:
    """Which dialect this process runs. Raises KeyError for one that there is not."""
    DIALECTS[name]
    _chosen[0] = name


def chosen() -> Dialect:
    """The dialect of this process."""
    return DIALECTS[_chosen[0]]
