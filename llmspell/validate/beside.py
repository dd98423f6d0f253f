"""What stands beside a script: its cassette, its expectation, and the modules that it names.

The rule kept here: a module is looked for only where the text of the script, or of a module of it, has a word that
could name it. So what is read is in proportion to what is named, it is all below the script's folder, and none of
it is reached by a link or by a name that begins with a dot.
"""

from __future__ import annotations

import hashlib
import heapq
import os
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
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
"""Of one script and all its modules together: words that could name a module."""
MAX_LOOKS = 20_000
"""Of one script: paths that are looked for because there is something that they could begin with."""
MAX_FOLDERS = 128
"""Of one script: folders that are listed. As many listings are kept, so none is made twice for it."""
_MOST_MATCHES = 5 * MAX_WORDS
_KEPT_WORDS = 10 * MAX_WORDS
_WORD = re.compile(rb"[A-Za-z0-9_./-]{1,200}")
_QUOTED = re.compile(rb"[\"'`\[]([A-Za-z0-9_./-]{1,200})[\"'`\]{$%]")
_IMPORTS = re.compile(rb"^[^\n]*?(?:import|from)[^\n]*", re.MULTILINE)
"""A line that names modules without quotes."""
_DEEPEST = 8
_OF_PACKAGES = ("init", "__init__", "index")
"""The stems of files that stand for the folder that they are in."""


class _Listing(NamedTuple):
    """What is in a folder, without links."""

    files: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()


class Beside(NamedTuple):
    """A file beside a script. `content` is None where there is none; where it cannot be read, `findings` say so.

    `path` is as results have it, `file` as the system does.
    """

    path: str | None = None
    file: str = ""
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
        return Beside(shown_path(name), name, content)
    return Beside()


def cassette_beside(path: str) -> Beside:
    """The cassette of a script, with the large values that lie beside it in its lines, so that it can travel."""
    found = stand_beside(path, CASSETTE, MAX_CASSETTE)
    if found.path is None or found.content is None:
        return found
    from llmspell.transcript.file import values_place

    place = values_place(found.file)
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
            return Beside(findings=(_unread(found.file, f"with its values it is over {format_size(MAX_CASSETTE)}"),))
        return found._replace(content=cassette.inlined())
    except (TranscriptError, OSError) as error:
        return Beside(findings=(_unread(found.file, str(error)),))


class Neighbours:
    """The modules of scripts. What folders hold and what files name is kept, for scripts that share them."""

    def __init__(self) -> None:
        self._listed: dict[str, _Listing] = {}
        self._words: dict[bytes, tuple[str, ...]] = {}
        self._kept_words = 0

    def modules_of(self, path: str, source: bytes, suffixes: tuple[str, ...], *, root: str) -> dict[str, bytes]:
        """The files that a script may load, by their paths relative to its folder.

        It may be a module itself, of a script in a folder further up: what it names from there has a path that begins
        with `..`. Nothing above `root` is looked at.
        """
        folder, own = os.path.dirname(path) or ".", os.path.basename(path)
        steps = _steps_up(folder, root)
        search = _Search(folder, suffixes, steps, self._in)
        found: dict[str, bytes] = {}
        above = ["", *("../" * up for up in range(1, steps + 1))]
        waiting, room = [("", source)], MAX_MODULE_BYTES
        while waiting and search.words > 0:
            place, text = waiting.pop()
            starts = dict.fromkeys([*above, *_and_above(place)])
            own_words = text is source  # which are asked for once: only those of modules are shared
            words = (_module_words(text) if own_words else self._words_of(text))[: search.words]
            for name in search.named(words, starts):
                if name in found or name == own or len(found) == MAX_MODULES:
                    continue
                content = _module(os.path.join(folder, name), room)
                if content is not None:
                    room -= len(content)
                    found[name] = content
                    waiting.append((os.path.dirname(name), content))
        return found

    def _words_of(self, text: bytes) -> tuple[str, ...]:
        key = hashlib.sha256(text).digest()
        if key not in self._words:
            if self._kept_words >= _KEPT_WORDS:
                self._words.clear()
                self._kept_words = 0
            self._words[key] = _module_words(text)
            self._kept_words += len(self._words[key]) + 1
        return self._words[key]

    def _in(self, folder: str) -> _Listing:
        known = self._listed.pop(folder, None)
        if known is None:
            known = _listed(folder)
            if len(self._listed) >= MAX_FOLDERS:
                del self._listed[next(iter(self._listed))]
        self._listed[folder] = known  # at the end: what was asked for longest ago goes first
        return known


class _Search:
    """The search for the modules of one script, and what it may still take: `words`, looks, and folders listed.

    Each is counted for the script alone, so that what is found never hangs on what was searched before. A word costs
    little where no start has its first part.
    """

    def __init__(self, folder: str, suffixes: tuple[str, ...], steps: int, listing: Callable[[str], _Listing]) -> None:
        self.words = MAX_WORDS
        self._folder, self._suffixes, self._steps = folder, suffixes, steps
        self._listing = listing
        self._looks = MAX_LOOKS
        self._places: set[str] = set()
        self._seen: set[str] = set()
        self._firsts: dict[str, frozenset[str]] = {}

    def named(self, words: tuple[str, ...], starts: Iterable[str]) -> list[str]:
        """The files that words could mean, from one of some folders, in order."""
        self.words -= len(words)
        forms = {form for word in words for form in _forms(word, self._suffixes)}
        known = [(start, self._first_parts(start)) for start in starts]
        found: set[str] = set()
        for form in sorted(forms):  # neighbours in a tree one after the other
            first = form.split("/", 1)[0]
            for start, firsts in known:
                if first in firsts or first == "..":
                    whole = posixpath.normpath(posixpath.join(start, form))
                    if whole not in self._seen and self._looks > 0:
                        self._looks -= 1
                        self._seen.add(whole)
                        found.update(self._files(whole))
        return sorted(found)

    def _first_parts(self, start: str) -> frozenset[str]:
        """What a path from a start may begin with: its folders, and its files without a suffix."""
        if start not in self._firsts:
            files, folders = self._in(posixpath.normpath(posixpath.join(self._folder, start)))
            stems = {name.removesuffix(end) for end in self._suffixes for name in files if name.endswith(end)}
            self._firsts[start] = folders | stems
        return self._firsts[start]

    def _files(self, form: str) -> list[str]:
        parts = form.split("/")
        ups = next((at for at, part in enumerate(parts) if part != ".."), len(parts))
        below = parts[ups:]
        if ups > self._steps or not 0 < len(below) <= _DEEPEST:
            return []
        if any(not part or part.startswith(".") for part in below):
            return []
        place = posixpath.normpath("/".join((self._folder, *parts[:ups])))
        found = []
        for at, part in enumerate(below[:-1]):
            if part not in self._in(place).folders:
                return []
            place = f"{place}/{part}"
            found += [
                "/".join((*parts[: ups + at + 1], stem + suffix))
                for stem in _OF_PACKAGES
                for suffix in self._suffixes
                if stem + suffix in self._in(place).files
            ]
        files, folders = self._in(place)
        found += [form + suffix for suffix in self._suffixes if parts[-1] + suffix in files]
        if parts[-1] in folders:  # a package: its files are named by what is in it
            inside = self._in(f"{place}/{parts[-1]}").files
            names = heapq.nsmallest(MAX_MODULES, (name for name in inside if name.endswith(self._suffixes)))
            found += [f"{form}/{name}" for name in names]
        return found

    def _in(self, folder: str) -> _Listing:
        if folder not in self._places:
            if len(self._places) >= MAX_FOLDERS:
                return _Listing()
            self._places.add(folder)
        return self._listing(folder)


def _module(path: str, room: int) -> bytes | None:
    """A module that can be read and has room; a run would not be given another one either."""
    try:
        if os.lstat(path).st_size > room:
            return None
        content = read_file(path, room)
    except (OSError, UnreadableError):
        return None
    return content if len(content) <= room else None


def _and_above(folder: str) -> Iterator[str]:
    """A folder and those that it is in: what a module names may begin in each of them."""
    while folder and folder != "..":
        yield folder
        folder = os.path.dirname(folder)


def _steps_up(folder: str, root: str) -> int:
    """How many folders a folder is below another one; none where it is not."""
    inner, outer = os.path.realpath(folder), os.path.realpath(root)
    near = os.path.relpath(inner, outer)
    return 0 if near.startswith("..") or near == "." else min(near.count("/") + 1, _DEEPEST)


def _module_words(text: bytes) -> tuple[str, ...]:
    """The words of a source, each once, as many as are looked at."""
    found = dict.fromkeys(islice(_words(text), _MOST_MATCHES))
    return tuple(word.decode("ascii") for word in islice(found, MAX_WORDS))


def _words(text: bytes) -> Iterator[bytes]:
    """The words that could name a module, or begin to: in quotes up to what is filled in, and in lines that import."""
    yield from (match[1] for match in _QUOTED.finditer(text))
    for line in _IMPORTS.finditer(text):
        yield from (match[0] for match in _WORD.finditer(text, *line.span()))


def _forms(word: str, suffixes: tuple[str, ...]) -> set[str]:
    """The paths without suffix that a word could mean: `lib.text`, `./lib/text.xyz`."""
    stem = next((word.removesuffix(suffix) for suffix in suffixes if word.endswith(suffix)), word)
    paths = (stem.lstrip("/"), stem.replace(".", "/").strip("/"))
    return {posixpath.normpath(path) for path in paths} - {".", ".."}


def _listed(folder: str) -> _Listing:
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
    return _Listing(frozenset(files), frozenset(folders))


def _unread(name: str, why: str) -> Finding:
    says = f"{os.path.basename(name)!a} cannot be read: {why}"
    return Finding("unreadable", Severity.ERROR, says, None, shown_path(name))
