"""Defects, planted in a copy of the packages in a temporary folder, where a fuzzer has to find them.

The rule kept here: product code has no switch, and the installed packages are not touched; whoever imports from the
folder gets a program that is whole, and wrong in one line.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from fuzz.target import Defect

PACKAGES = ("llmspell", "llmspell_workers")


@contextmanager
def planted(defect: Defect) -> Iterator[Path]:
    """A folder with copies of the packages, one line of which is wrong."""
    with TemporaryDirectory(prefix="llmspell-fuzz-") as name:
        folder = Path(name)
        for package in PACKAGES:
            shutil.copytree(_folder_of(package), folder / package, ignore=shutil.ignore_patterns("__pycache__"))
        place = folder / defect.place
        source = place.read_text()
        if source.count(defect.old) != 1:
            raise ValueError(f"{defect.place} has {source.count(defect.old)} times: {defect.old}")
        place.write_text(source.replace(defect.old, defect.new))
        yield folder


def _folder_of(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])
