"""Installed packages that a script was granted: which modules they have, for a worker that can open no file.

The rule kept here: a module is one that the list of files of an installed distribution (its RECORD) names, below the
folder that the distribution lies in. What a script asks for is looked up among those names, and never made a path of.
Nothing of a package is imported or run in the host.
"""

from __future__ import annotations

import csv
import os
import re
import sys
from collections.abc import Iterable
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions, packages_distributions
from typing import Any

from llmspell.capabilities.library import code_or_source
from llmspell.errors import CallError, ErrorKind, UsageError, nearest

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,198}[A-Za-z0-9])?")
_REQUIRED = re.compile(r"\s*([A-Za-z0-9._-]+)([^;]*)(?:;(.*))?")
"""A requirement (PEP 508): the name, extras and versions, and when it is one."""
_SUFFIXES = (".py", *EXTENSION_SUFFIXES)


class Packages:
    """The modules of some distributions: `modules` are those written in Python, each with its file and its name below
    the folder; `extensions` are the others, each with its file. `first_names` is what their names begin with."""

    __slots__ = ("_folders", "extensions", "first_names", "modules")

    def __init__(self, names: Iterable[str]) -> None:
        """Those named, and what they require and is installed. Raises UsageError for one that cannot be granted."""
        self.modules: dict[str, tuple[str, str]] = {}
        self.extensions: dict[str, str] = {}
        taken: set[str] = set()
        for name in names:
            if not self._take(name, _installed(name), taken):
                raise UsageError(
                    f"the package {name} cannot be granted: the list of its files (RECORD) names no module; a package"
                    " that is installed as editable has to be installed as a whole: pip install, without -e"
                )
        every = (*self.modules, *self.extensions)
        self.first_names = frozenset(name.partition(".")[0] for name in every)
        self._folders = {name.rpartition(".")[0] for name in every} - {""}

    def load(self, name: str) -> dict[str, Any]:
        """`{name, package, code, source}` of a module, as of one of the library. Raises CallError (not_found)."""
        if name in self.modules:
            file, place = self.modules[name]
            code, source = code_or_source(file)
            if code is not None or source is not None:
                return {"name": place, "package": place.endswith("__init__.py"), "code": code, "source": source}
        elif any(folder == name or folder.startswith(name + ".") for folder in self._folders):  # has no __init__.py
            return {"name": name.replace(".", "/"), "package": True, "code": None, "source": b""}
        raise CallError(ErrorKind.NOT_FOUND, f"the granted packages have no module {name[:100]!a} that can be loaded")

    def _take(self, name: str, found: Distribution, taken: set[str]) -> bool:
        """Takes the modules of a distribution and of what it requires; whether there are any."""
        if _canonical(name) in taken:
            return True
        taken.add(_canonical(name))
        record = found.read_text("RECORD")
        if record is None:
            raise UsageError(
                f"the package {name} cannot be granted: it is installed without a list of its files (RECORD);"
                " install it with pip"
            )
        any_module = False
        for row in csv.reader(record.splitlines()):
            any_module |= bool(row) and self._keep(row[0], found)
        for required in _required(found):
            try:
                any_module |= self._take(required, distribution(required), taken)
            except PackageNotFoundError:
                continue  # it is not for this machine, or missing: then the import says so
        return any_module

    def _keep(self, place: str, found: Distribution) -> bool:
        suffix = next((suffix for suffix in _SUFFIXES if place.endswith(suffix)), None)
        if suffix is None:
            return False
        parts = place.removesuffix(suffix).split("/")
        if not all(part.isidentifier() for part in parts) or parts[0] in sys.stdlib_module_names:
            return False  # no package takes the place of a part of the library
        file = os.path.abspath(str(found.locate_file(place)))
        if suffix != ".py":
            self.extensions.setdefault(".".join(parts), file)
        elif parts != ["__init__"]:
            self.modules.setdefault(".".join(parts[:-1] if parts[-1] == "__init__" else parts), (file, place))
        return True


def _installed(name: str) -> Distribution:
    """The distribution of that name. Raises UsageError with the nearest one, and how to install it."""
    if _NAME.fullmatch(name) is None:
        raise UsageError(f"{name[:60]!r} is no name of a package: write it as pip does, like numpy")
    try:
        return distribution(name)
    except PackageNotFoundError:
        pass
    others = packages_distributions().get(name)  # its module is called so
    known = sorted({one.metadata["Name"] for one in distributions() if one.metadata["Name"]})
    close = others[0] if others else nearest(name, known)
    hint = f"did you mean {close}? Else install it" if close else "install it"
    raise UsageError(f"there is no package {name} in the Python that llmspell runs in; {hint}: pip install {name}")


def _required(found: Distribution) -> list[str]:
    """What it requires in any case; markers of versions and systems are not asked: what is not for here is not here."""
    matches = [_REQUIRED.match(text) for text in found.requires or ()]
    return [match[1] for match in matches if match is not None and "extra" not in (match[3] or "")]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
