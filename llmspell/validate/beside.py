"""What stands beside a script: its cassette, its expectation, and the modules that it names.

The rule kept here: a module is looked for only where the text of the script, or of a module of it, has a word that
could be its name. So what is read is in proportion to what is named, it is all below the script's folder, and none of
it is reached by a link or by a name that begins with a dot.
"""

from __future__ import annotations

import os
import re
from itertools import islice
from typing import NamedTuple

from llmspell.limits import format_size
from llmspell.validate.finding import Finding, Severity
from llmspell.validate.places import UnreadableError, read_file, shown_path

CASSETTE, EXPECTATION = ".cassette.jsonl", ".expect.toml"
MAX_CASSETTE = 64 * 1024 * 1024
MAX_EXPECTATION = 256 * 1024
MAX_MODULES = 100
MAX_MODULE_BYTES = 8 * 1024 * 1024
"""Of all modules of one script together."""
MAX_WORDS = 20_000
"""Of one source: words that could name a module."""
_WORD = re.compile(rb"[A-Za-z0-9_./-]{1,200}")
_DEEPEST = 8
_OF_PACKAGES = ("init", "__init__", "index")
"""The stems of files that stand for the folder that they are in."""
_KEPT = 64
"""Folders whose listing is kept."""


class Beside(NamedTuple):
    """A file beside a script. `content` is None where there is none; where it cannot be read, `findings` say so."""

    path: str | None = None
    content: bytes | None = None
    findings: tuple[Finding, ...] = ()


def stand_beside(path: str, suffix: str, most: int) -> Beside:
    """The file `spell.abc.SUFFIX`, or else `spell.SUFFIX`."""
    for name in (path + suffix, os.path.splitext(path)[0] + suffix):
        try:
            content = read_file(name, most)
        except FileNotFoundError:
            continue
        except UnreadableError as error:
            return Beside(findings=(_unread(name, str(error)),))
        if len(content) > most:
            says = f"it is larger than the {format_size(most)} that it may have"
            return Beside(findings=(_unread(name, says),))
        return Beside(shown_path(name), content)
    return Beside()


def cassette_beside(path: str) -> Beside:
    """The cassette of a script, with the large values that lie beside it in its lines, so that it can travel."""
    found = stand_beside(path, CASSETTE, MAX_CASSETTE)
    if found.path is None or found.content is None:
        return found
    from llmspell.transcript.file import values_place

    place = values_place(found.path)
    if not os.path.isdir(place) or os.path.islink(place):
        return found
    from llmspell.transcript.beside import ValuesFolder
    from llmspell.transcript.cassette import Cassette
    from llmspell.transcript.form import TranscriptError

    try:
        cassette = Cassette(found.content, ValuesFolder(place), name=found.path)
        named = [name for event in (cassette.header_event, *cassette.events) for _, name in event.beside()]
        sizes = {name: os.path.getsize(os.path.join(place, name)) for name in set(named)}
        if sum(sizes[name] for name in named) > MAX_CASSETTE:
            return Beside(findings=(_unread(found.path, f"with its values it is over {format_size(MAX_CASSETTE)}"),))
        return found._replace(content=cassette.inlined())
    except (TranscriptError, OSError) as error:
        return Beside(findings=(_unread(found.path, str(error)),))


class Neighbours:
    """The modules of scripts. What folders hold is kept, for scripts that lie in the same one."""

    def __init__(self) -> None:
        self._listed: dict[str, tuple[frozenset[str], frozenset[str]]] = {}

    def modules_of(self, path: str, source: bytes, suffixes: tuple[str, ...], *, root: str) -> dict[str, bytes]:
        """The files that a script may load, by their paths relative to its folder.

        It may be a module itself, of a script in a folder further up: what it names from there has a path that begins
        with `..`. Nothing above `root` is looked at.
        """
        folder, own = os.path.dirname(path) or ".", os.path.basename(path)
        found: dict[str, bytes] = {}
        starts = ["", *("../" * steps for steps in range(1, _steps_up(folder, root) + 1))]
        waiting, room = [(starts, source)], MAX_MODULE_BYTES
        while waiting:
            for name in self._named(folder, *waiting.pop(), suffixes):
                if name in found or name == own or len(found) == MAX_MODULES:
                    continue
                try:
                    content = read_file(os.path.join(folder, name), room)
                except (UnreadableError, FileNotFoundError):
                    continue  # the run would not be given it either
                if len(content) <= room:
                    room -= len(content)
                    found[name] = content
                    waiting.append(([*starts, os.path.dirname(name)], content))
        return found

    def _named(self, folder: str, starts: list[str], text: bytes, suffixes: tuple[str, ...]) -> list[str]:
        """The files that words of a text could mean, from one of some folders, in order."""
        forms: set[str] = set()
        for word in islice(dict.fromkeys(_WORD.findall(text)), MAX_WORDS):
            for form in _forms(word.decode("ascii"), suffixes):
                forms |= {os.path.normpath(os.path.join(start, form)) for start in starts}
        return sorted(name for form in forms for name in self._files(folder, form, suffixes))

    def _files(self, folder: str, form: str, suffixes: tuple[str, ...]) -> list[str]:
        parts = form.split("/")
        ups = next((at for at, part in enumerate(parts) if part != ".."), len(parts))
        below = parts[ups:]
        if not 0 < len(below) <= _DEEPEST or any(not part or part.startswith(".") for part in below):
            return []
        place = "/".join((folder, *parts[:ups]))
        found = []
        for at, part in enumerate(below[:-1]):
            if part not in self._in(place)[1]:
                return []
            place = f"{place}/{part}"
            found += [
                "/".join((*parts[: ups + at + 1], stem + suffix))
                for stem in _OF_PACKAGES
                for suffix in suffixes
                if stem + suffix in self._in(place)[0]
            ]
        files, folders = self._in(place)
        found += [form + suffix for suffix in suffixes if parts[-1] + suffix in files]
        if parts[-1] in folders:  # a package: its files are named by what is in it
            inside = sorted(self._in(f"{place}/{parts[-1]}")[0])
            found += [f"{form}/{name}" for name in inside if name.endswith(suffixes)]
        return found

    def _in(self, folder: str) -> tuple[frozenset[str], frozenset[str]]:
        if folder not in self._listed:
            if len(self._listed) >= _KEPT:
                self._listed.clear()
            self._listed[folder] = _listed(folder)
        return self._listed[folder]


def _steps_up(folder: str, root: str) -> int:
    """How many folders a folder is below another one; none where it is not."""
    inner, outer = os.path.realpath(folder), os.path.realpath(root)
    near = os.path.relpath(inner, outer)
    return 0 if near.startswith("..") or near == "." else min(near.count("/") + 1, _DEEPEST)


def _forms(word: str, suffixes: tuple[str, ...]) -> set[str]:
    """The paths without suffix that a word could mean: `lib.text`, `./lib/text.xyz`."""
    stem = next((word.removesuffix(suffix) for suffix in suffixes if word.endswith(suffix)), word)
    return {stem, stem.replace(".", "/").strip("/")} - {"", ".", "..", "/"}


def _listed(folder: str) -> tuple[frozenset[str], frozenset[str]]:
    """The files and the folders in a folder, without links."""
    files, folders = set(), set()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.add(entry.name)
                elif entry.is_file(follow_symlinks=False):
                    files.add(entry.name)
    except OSError:
        pass
    return frozenset(files), frozenset(folders)


def _unread(name: str, why: str) -> Finding:
    says = f"{os.path.basename(name)!a} cannot be read: {why}"
    return Finding("unreadable", Severity.ERROR, says, None, shown_path(name))
