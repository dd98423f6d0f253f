"""Which llmspell this is, with which engines: what two machines must agree on, and what a kept result depends on."""

from __future__ import annotations

import hashlib
import os
import platform
from functools import cache

import llmspell
from llmspell.engines.builtin import CHECKERS, PACKAGES, ROWS, file_of
from llmspell.errors import SetupError
from llmspell_workers.wire import PROTOCOL_VERSION

_IMPORTED = {"msgpack", *(library for _, _, library, _ in ROWS), *" ".join(CHECKERS.values()).split()}
_LIBRARIES = sorted(PACKAGES.get(library, library) for library in _IMPORTED)
"""What engines run on, what reads their scripts, what packs their values, by the names of their distributions."""
_ABSENT = "none"


@cache
def versions() -> dict[str, str]:
    """The versions that decide what comes of a check, by name. `code` is a sum of the package's own files: what a
    developer changes between two releases has the same version.
    """
    from importlib.metadata import PackageNotFoundError, version

    found = {
        "llmspell": llmspell.__version__,
        "protocol": str(PROTOCOL_VERSION),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": platform.machine(),
    }
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = _ABSENT
    return {**found, "code": _code()}


def difference(theirs: dict[str, str]) -> str | None:
    """What differs between those versions and our own, in words; None if nothing does.

    >>> difference({**versions(), "msgpack": "1.0"}).startswith("msgpack 1.0 (here ")
    True
    """
    ours = versions()
    names = [name for name in ours if theirs.get(name) != ours[name]]
    told = [f"{name} {theirs.get(name, _ABSENT)} (here {ours[name]})" for name in names if name != "code"]
    if not told and names:
        told = ["other code of the same version"]
    return ", ".join(told) or None


def _code() -> str:
    total = hashlib.sha256()
    for package in ("llmspell", "llmspell_workers"):
        try:
            root = os.path.dirname(file_of("any", package))
        except SetupError:
            continue
        for folder, folders, files in os.walk(root):
            folders.sort()
            for name in sorted(files):
                if name.endswith(".py"):
                    path = os.path.join(folder, name)
                    with open(path, "rb") as file:
                        content = hashlib.sha256(file.read()).digest()
                    total.update(f"{package}/{os.path.relpath(path, root)}\0".encode() + content)
    return total.hexdigest()[:16]
