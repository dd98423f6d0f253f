"""Which llmspell this is, with which engines: what two machines must agree on, and what a kept result depends on."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Iterator
from functools import cache

import llmspell
from llmspell.engines.builtin import CHECKERS, PACKAGES, ROWS, file_of
from llmspell.errors import SetupError
from llmspell_workers.wire import PROTOCOL_VERSION

_IMPORTED = {"msgpack", *(library for _, _, library, _ in ROWS), *" ".join(CHECKERS.values()).split()}
_LIBRARIES = sorted({"jsonschema", *(PACKAGES.get(library, library) for library in _IMPORTED)})
"""What engines run on, what reads their scripts, packs their values and judges the arguments of tools, by the names of
their distributions."""
_ABSENT = "none"


@cache
def versions() -> dict[str, str]:
    """The versions that decide what comes of a check, by name. `code` is a sum of all files of both packages, in
    whatever language: what a developer changes between two releases has the same version.
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
        for name, path in sorted(_files(root, package)):
            with open(path, "rb", buffering=0) as file:
                content = file.read()
            total.update(f"{name}\0{len(content)}\0".encode() + content)
    return total.hexdigest()[:16]


def _files(folder: str, name: str) -> Iterator[tuple[str, str]]:
    """What a package was shipped with: its files' names, and where they are. What Python, editors and systems put
    beside them is none of it.
    """
    with os.scandir(folder) as found:
        for entry in found:
            if entry.name.startswith(".") or entry.name == "__pycache__":
                continue
            if entry.is_dir():
                yield from _files(entry.path, f"{name}/{entry.name}")
            else:
                yield f"{name}/{entry.name}", entry.path
