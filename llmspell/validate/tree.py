"""Which files of a tree are looked at: the ones below a folder, in order, without those that nobody wrote.

The rule kept here: no symbolic link is followed in a tree, so nothing outside it is read and no loop is walked. What is
left out is left out by its own name, and told: what a file in the tree says (`.gitignore`) could hide a script.
"""

from __future__ import annotations

import fnmatch
import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

LEFT_OUT = frozenset(("node_modules", "__pycache__", "site-packages"))
"""Folders whose files come from elsewhere; those whose names begin with a dot are left out too."""
_OF_VENV, _IN_VENV = "pyvenv.cfg", ("bin/python", "Scripts")
"""A virtual environment has the first and one of the others: a file alone could hide a folder of scripts."""
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
            elif is_left_out(entry.path):
                skipped[entry.name] += 1
            elif depth == MAX_DEPTH:
                refused(entry.path, f"it is over {MAX_DEPTH} folders deep")
            else:
                folders.append((entry.path, depth + 1))
        waiting += reversed(folders)


def is_left_out(folder: str) -> bool:
    """Whether a folder in a tree is left out."""
    name = os.path.basename(folder)
    if name.startswith(".") or name in LEFT_OUT:
        return True
    return os.path.isfile(os.path.join(folder, _OF_VENV)) and any(
        os.path.lexists(os.path.join(folder, one)) for one in _IN_VENV
    )


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies in it, as the names say.

    >>> is_below("/a/b", "/a"), is_below("/a", "/a"), is_below("/ab", "/a"), is_below("/a", "/")
    (True, True, False, True)
    """
    return path == folder or path.startswith(folder.rstrip("/") + "/")


class Root(NamedTuple):
    """Where a walk begins, without links, and the pattern of what is wanted of it."""

    folder: str
    pattern: str | None = None

    def reaches(self, target: str, *, folder: bool) -> bool:
        """Whether a walk from here comes to a file, or into a folder, by its own name; `target` is without links."""
        if not is_below(target, self.folder):
            return False
        near = os.path.relpath(target, self.folder)
        if near == ".":
            return True
        if self.pattern is not None and not (may_hold if folder else matches)(near, self.pattern):
            return False
        parts = near.split("/")
        folders = parts if folder else parts[:-1]
        above = (os.path.join(self.folder, *folders[: at + 1]) for at in range(len(folders)))
        return len(folders) <= MAX_DEPTH and not any(map(is_left_out, above))


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


def may_hold(folder: str, pattern: str) -> bool:
    """Whether a pattern may mean something that is in a folder.

    >>> may_hold("a/b", "a/**/*.abc"), may_hold("a", "*/*.abc"), may_hold("a", "*.abc"), may_hold("a", "b/*.abc")
    (True, True, False, False)
    """
    parts = pattern.split("/")
    begins = (parts[:until] for until in range(1, len(parts)))
    return any(matches(folder, "/".join(begin)) for begin in begins) or (parts[-1] == "**" and matches(folder, pattern))


def _past_stars(reached: set[int], parts: list[str]) -> set[int]:
    """The places in a pattern from which the next name may go on: each `**` may stand for nothing."""
    found = set(reached)
    for at in range(len(parts)):
        if at in found and parts[at] == "**":
            found.add(at + 1)
    return found
