"""Which files of a tree are looked at: the ones below a folder, in order, without those that nobody wrote.

The rule kept here: no symbolic link is followed in a tree, so nothing outside it is read and no loop is walked. What is
left out is left out by its own name, and told: what a file in the tree says (`.gitignore`) could hide a script.
"""

from __future__ import annotations

import fnmatch
import os
from collections import Counter
from collections.abc import Callable, Iterator

LEFT_OUT = frozenset(("node_modules", "__pycache__", "site-packages"))
"""Folders whose files come from elsewhere; those whose names begin with a dot are left out too."""
_OF_VENV = "pyvenv.cfg"
MAX_DEPTH = 64
"""Folders within one another: far more than anybody has, and few enough that every path can be opened."""
MAGIC = frozenset("*?[")


def walk(folder: str, skipped: Counter[str], refused: Callable[[str, str], None]) -> Iterator[os.DirEntry[str]]:
    """The files below a folder, by name, those of a folder before those of the folders in it.

    Links come as they are. `skipped` counts the folders that are left out, by name; `refused` is told of each folder
    that cannot be listed, and why.
    """
    waiting = [(folder, 0)]
    while waiting:
        place, depth = waiting.pop()
        try:
            with os.scandir(place) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError as error:
            refused(place, (error.strerror or str(error)).lower())
            continue
        folders = []
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                yield entry
            elif _is_left_out(entry):
                skipped[entry.name] += 1
            elif depth == MAX_DEPTH:
                refused(entry.path, f"it is over {MAX_DEPTH} folders deep")
            else:
                folders.append((entry.path, depth + 1))
        waiting += reversed(folders)


def _is_left_out(folder: os.DirEntry[str]) -> bool:
    name = folder.name
    return name.startswith(".") or name in LEFT_OUT or os.path.lexists(os.path.join(folder.path, _OF_VENV))


def split_glob(pattern: str) -> tuple[str, str] | None:
    """The folder that a glob begins in and the pattern below it, or None for a path without any pattern.

    >>> split_glob("spells/**/a*.abc"), split_glob("*.xyz"), split_glob("spells")
    (('spells', '**/a*.abc'), ('.', '*.xyz'), None)
    """
    parts = pattern.split("/")
    first = next((at for at, part in enumerate(parts) if MAGIC & set(part)), None)
    if first is None:
        return None
    folder = "/".join(parts[:first])
    return folder or ("/" if pattern.startswith("/") else "."), "/".join(parts[first:])


def matches(path: str, pattern: str) -> bool:
    """Whether a path with `/` is one that a pattern means: `**` stands for folders, any number of them.

    >>> matches("a/b/c.abc", "a/**/*.abc"), matches("c.abc", "**/*.abc"), matches("a/c.abc", "*.abc")
    (True, True, False)
    """
    reached = {0}
    parts = pattern.split("/")
    for name in path.split("/"):
        starts = _past_stars(reached, parts)
        reached = {at + 1 for at in starts if at < len(parts) and fnmatch.fnmatchcase(name, parts[at])}
        reached |= {at for at in starts if at < len(parts) and parts[at] == "**"}
    return len(parts) in _past_stars(reached, parts)


def _past_stars(reached: set[int], parts: list[str]) -> set[int]:
    """The places in a pattern from which the next name may go on: each `**` may stand for nothing."""
    found = set(reached)
    for at in range(len(parts)):
        if at in found and parts[at] == "**":
            found.add(at + 1)
    return found
