"""The built-in engines as plain rows, and what starts their workers.

The rule kept here: this file imports nothing that is slow to load (no typing, no enum, no re), because the command
line starts a worker before it has loaded anything else. `factory.py` makes `EngineSpec`s of the rows.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ROWS = (
    ("lua", (".lua",), "lupa", 20 * 1024 * 1024),
    ("javascript", (".js", ".mjs"), "_quickjs", 26 * 1024 * 1024),
    ("python", (".py",), "greenlet", 28 * 1024 * 1024),
)
"""Name, suffixes of its scripts, the library that its worker imports, the least memory in bytes that it starts in."""
DIALECTS = {"lua": ("5.4", "5.1", "5.3", "5.5", "luajit")}
"""The dialects of an engine that has some, its own first; another one's worker is started as `NAME@DIALECT`."""
PROGRAMS = {"node": "javascript", "nodejs": "javascript", "qjs": "javascript"}
"""What `#!` lines call, where that is not an engine's name, and the engine that it stands for."""
CHECKERS = {"lua": "tree_sitter tree_sitter_lua", "javascript": "tree_sitter tree_sitter_javascript", "python": ""}
"""By engine: the libraries that the worker imports besides which checks its scripts. They stand here, beside those of
the engine, because it is the host that finds them; what is done with them is in `llmspell_workers/facts`."""
DEFAULT_ENGINE = "lua"
PACKAGES = {
    "_quickjs": "quickjs-ng", "quickjs": "quickjs-ng", "tree_sitter": "tree-sitter",
    "tree_sitter_lua": "tree-sitter-lua", "tree_sitter_javascript": "tree-sitter-javascript",
}  # fmt: skip
"""What `pip install` calls a library whose name it does not have."""
TAKES_PACKAGES = ("python",)
"""The engines whose scripts can import installed packages."""
_STARTED = (("-I", "-S"), ())
"""The interpreter's options, and the environment of a worker as `NAME=VALUE`."""
_STARTED_OTHERWISE = {"python": (("-s", "-P", "-S"), ("PYTHONHASHSEED=0",))}
"""By the engine's name. `-I` would ignore the seed by which sets have the same order in every run (E21); with nothing
else in the environment these are the same."""


def builtin_command(
    engine: str, library: str | None, *, namespaces: bool = False, extensions: Sequence[str] = ()
) -> tuple[str, ...]:
    """What starts a built-in engine's worker, without its last two arguments: its name and the memory limit.

    `library` is what it imports; several have spaces between them.
    `extensions` are the extension modules of granted packages, `NAME=FILE` each.

    Words `NAME=VALUE` before the program are its environment.

    Nothing is imported to find the libraries, and the worker is handed their folders: it runs without `site` (E4).
    Raises SetupError if one is missing.
    """
    if not sys.executable:
        raise _missing("this Python does not know its own executable, so it cannot start workers")
    packages = ("llmspell_workers", "msgpack", *(library or "").split())
    files = [file_of(engine, package) for package in packages]
    folders = dict.fromkeys(map(_folder_of, files))
    options, environment = _STARTED_OTHERWISE.get(engine.partition("@")[0], _STARTED)
    program = os.path.join(os.path.dirname(files[0]), "__main__.py")
    asked = [*(["--namespaces"] if namespaces else []), *(f"--map={one}" for one in extensions)]
    return (*environment, sys.executable, *options, program, *asked, *folders)


def _folder_of(file: str) -> str:
    """The folder in which a package's file, or that of a module without a package, is found."""
    folder, name = os.path.split(file)
    return os.path.dirname(folder) if name.startswith("__init__.") else folder


def file_of(engine: str, library: str) -> str:
    """The file of a package that engine `engine` needs, found without importing it. Raises SetupError."""
    from importlib.machinery import PathFinder

    found = PathFinder.find_spec(library)
    if found is None or not found.origin:
        package = PACKAGES.get(library, library)
        raise _missing(f"engine {engine} needs the library {library}, which is not installed: pip install {package}")
    return os.path.abspath(found.origin)


def _missing(what: str) -> Exception:
    from llmspell.errors import SetupError

    return SetupError(what)
