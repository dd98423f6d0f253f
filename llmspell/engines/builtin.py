"""The built-in engines as plain rows, and what starts their workers.

The rule kept here: this file imports nothing that is slow to load (no typing, no enum, no re), because the command
line starts a worker before it has loaded anything else. `factory.py` makes `EngineSpec`s of the rows.
"""

from __future__ import annotations

import os
import sys

ROWS = (
    ("lua", (".lua",), "lupa", 20 * 1024 * 1024),
    ("javascript", (".js", ".mjs"), "_quickjs", 26 * 1024 * 1024),
)
"""Name, suffixes of its scripts, the library that its worker imports, the least memory in bytes that it starts in."""
PROGRAMS = {"node": "javascript", "nodejs": "javascript", "qjs": "javascript"}
"""What `#!` lines call, where that is not an engine's name, and the engine that it stands for."""
DEFAULT_ENGINE = "lua"


def builtin_command(engine: str, library: str | None) -> tuple[str, ...]:
    """What starts a built-in engine's worker, without its last two arguments: its name and the memory limit.

    Nothing is imported to find the libraries, and the worker is handed their folders: it runs without `site` (E4).
    Raises SetupError if one is missing.
    """
    if not sys.executable:
        raise _missing("this Python does not know its own executable, so it cannot start workers")
    files = [file_of(engine, package) for package in ("llmspell_workers", "msgpack", library or "msgpack")]
    folders = dict.fromkeys(map(_folder_of, files))
    return (sys.executable, "-I", "-S", os.path.join(os.path.dirname(files[0]), "__main__.py"), *folders)


def _folder_of(file: str) -> str:
    """The folder in which a package's file, or that of a module without a package, is found."""
    folder, name = os.path.split(file)
    return os.path.dirname(folder) if name.startswith("__init__.") else folder


def file_of(engine: str, library: str) -> str:
    """The file of a package that engine `engine` needs, found without importing it. Raises SetupError."""
    from importlib.machinery import PathFinder

    found = PathFinder.find_spec(library)
    if found is None or not found.origin:
        raise _missing(f"engine {engine} needs the library {library}, which is not installed")
    return os.path.abspath(found.origin)


def _missing(what: str) -> Exception:
    from llmspell.errors import SetupError

    return SetupError(what)
