"""Finding scripts: files, folders and globs, each script once, one at a time.

Theory of operation. What was typed is followed as it was typed; what a tree holds is not (`tree.py`). A file that
cannot be checked is a result of its own, and the search goes on. Nothing is held of a script that was handed on but,
where several paths were typed, where it lies, so that it is not handed on twice.
"""

from __future__ import annotations

import copy
import errno
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from llmspell.engines.factory import EngineFactory
from llmspell.errors import UsageError
from llmspell.limits import format_size
from llmspell.validate.beside import EXPECTATION, MAX_EXPECTATION, Neighbours, cassette_beside, stand_beside
from llmspell.validate.finding import Finding, Severity
from llmspell.validate.places import UnreadableError, read_file, shown_path
from llmspell.validate.result import Result, Status
from llmspell.validate.spell import Spell
from llmspell.validate.tree import Root, is_below, is_left_out, matches, may_hold, split_glob, walk

_LINK_OUT = "it is a symbolic link that leads nowhere, or out of what is checked, and is not followed"
_TYPED_OUT = "a symbolic link leads from it out of the working directory, and is not followed: name what it leads to"
_LINK = "it is a symbolic link, and is not followed"


class _Place(NamedTuple):
    """A script that is to be read; `root` is where the walk began that has found it."""

    path: str
    root: str
    follow: bool


class Discovery:
    """The scripts of some paths. Iterating it gives a `Spell`, or a `Result` for what cannot be checked.

    `allowed` is the largest source in bytes. A file below a folder is a script by its suffix; `include` and `exclude`
    are globs, relative to the working directory, that choose among these. `skipped` counts the folders that were left
    out, by name. A link that was typed is followed as far as it leads to something below `inside`, and not at all
    without `follow`. Raises UsageError for a path that is not there, before anything is given.
    """

    def __init__(
        self,
        paths: Iterable[str],
        *,
        factory: EngineFactory,
        allowed: int,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
        inside: str = ".",
        follow: bool = True,
    ) -> None:
        self.skipped: Counter[str] = Counter()
        self._factory, self._allowed = factory, allowed
        self._include, self._exclude = tuple(include), tuple(exclude)
        self._engines = {suffix: name for name in reversed(factory.names()) for suffix in factory.get(name).suffixes}
        self._neighbours = Neighbours()
        self._seen: set[str] = set()
        self._refused: list[Result] = []
        self._paths = [_checked(path) for path in paths]
        self._inside, self._follow = inside, follow
        self._roots = [
            Root(os.path.realpath(glob[0]), glob[1]) if (glob := _glob(path)) else Root(os.path.realpath(path))
            for path in self._paths
            if self._refusal(path) is None
        ]

    def __iter__(self) -> Iterator[Spell | Result]:
        self._neighbours = Neighbours()
        for place in self._places():
            yield place if isinstance(place, Result) else self._script(place)

    def ahead(self) -> Iterator[None]:
        """One for each that iterating will give, without a look into any file. May be iterated on another thread."""
        other = copy.copy(self)
        other.skipped, other._seen, other._refused = Counter(), set(), []
        return (None for _ in other._places())

    def _places(self) -> Iterator[_Place | Result]:
        for path in self._paths:
            glob = _glob(path)
            refusal = self._refusal(path)
            if refusal is not None:
                if self._is_new_link(path):
                    yield _unchecked(path, "unreadable", refusal)
            elif glob is not None:
                yield from self._below(*glob)
            elif os.path.isdir(path):
                yield from self._below(path, None)
            elif self._is_new(path):
                yield _Place(path, os.path.dirname(path) or ".", self._follow)

    def _below(self, folder: str, pattern: str | None) -> Iterator[_Place | Result]:
        for entry in walk(folder, self.skipped, self._refuse):
            yield from self._told()
            path = os.path.normpath(entry.path)
            if entry.is_symlink():
                if is_left_out(path) and os.path.isdir(path):
                    self.skipped[entry.name] += 1
                elif self._may_hide(path, folder, pattern) and self._is_new_link(path):
                    yield _unchecked(path, "unreadable", _LINK_OUT)
                continue
            wanted = pattern is None or matches(os.path.relpath(path, folder), pattern)
            if wanted and self._is_script(path) and self._is_new(path):
                yield _Place(path, folder, follow=False)
        yield from self._told()

    def _is_script(self, path: str) -> bool:
        """Whether a file below a folder is a script that is wanted, by its name."""
        return os.path.splitext(path)[1] in self._engines and self._chosen(path)

    def _chosen(self, path: str, *, folder: bool = False) -> bool:
        """Whether the globs choose a file, or what may be in a folder."""
        name = os.path.relpath(path)
        fits = may_hold if folder else matches
        if any(matches(name, pattern) for pattern in self._exclude):
            return False
        return not self._include or any(fits(name, pattern) for pattern in self._include)

    def _may_hide(self, link: str, folder: str, pattern: str | None) -> bool:
        """Whether a link stands where a script would be, or a folder of them, that is not found by its own name."""
        target = os.path.realpath(link)
        is_folder = os.path.isdir(target)
        fits = may_hold if is_folder else matches
        if pattern is not None and not fits(os.path.relpath(link, folder), pattern):
            return False
        if is_folder:
            wanted = self._chosen(link, folder=True)
            found = self._chosen(target, folder=True)
        else:
            wanted = self._is_script(link)
            found = os.path.isfile(target) and self._is_script(target)
        return wanted and not (found and any(root.reaches(target, folder=is_folder) for root in self._roots))

    def _refusal(self, path: str) -> str | None:
        """Why what was typed is not looked at: whoever types names may be a shell, or a hook of git."""
        place = (_glob(path) or (path,))[0]
        if os.path.islink(place) and not self._follow:
            return _LINK
        lies_inside = is_below(os.path.abspath(place), os.path.abspath(self._inside))
        if not lies_inside and not os.path.islink(place):
            return None
        return None if is_below(os.path.realpath(place), os.path.realpath(self._inside)) else _TYPED_OUT

    def _is_new_link(self, link: str) -> bool:
        """By its own place: what it leads to may be found by another name still."""
        folder, name = os.path.split(os.path.abspath(link))
        return self._is_new(folder, name)

    def _is_new(self, path: str, *below: str) -> bool:
        if len(self._paths) == 1:
            return True  # a walk comes to each place once, and nothing is to be held of it
        whole = os.path.join(os.path.realpath(path), *below)
        if whole in self._seen:
            return False
        self._seen.add(whole)
        return True

    def _refuse(self, folder: str, why: str) -> None:
        self._refused.append(_unchecked(folder, "unreadable", f"the folder cannot be looked into: {why}"))

    def _told(self) -> Iterator[Result]:
        told, self._refused = self._refused, []
        yield from told

    def _script(self, place: _Place) -> Spell | Result:
        """A script, or why it cannot be checked; whatever goes wrong with one is told of that one."""
        try:
            return self._read(*place)
        except Exception as error:  # noqa: BLE001 - a fault of ours with one script hides none of the others
            why = f"a fault of llmspell, please report it: {type(error).__name__}: {error!s:.300}"
            return _unchecked(place.path, "not-checked", why)

    def _read(self, path: str, root: str, follow: bool) -> Spell | Result:
        try:
            source = read_file(path, self._allowed, follow=follow)
        except FileNotFoundError:
            return _unchecked(path, "unreadable", "it is gone")
        except UnreadableError as error:
            return _unchecked(path, "unreadable", f"it cannot be read: {error}")
        try:
            spec = self._factory.for_script(path, source[:200])
        except UsageError as error:
            return _unchecked(path, "no-engine", str(error))
        if len(source) > self._allowed:
            allowed = format_size(self._allowed)
            return _failed(path, spec.name, f"it is larger than the {allowed} that a script may have")
        if not source.strip():
            return Spell(shown_path(path), spec.name, source)
        cassette = cassette_beside(path)
        expectation = stand_beside(path, EXPECTATION, MAX_EXPECTATION)
        modules = self._neighbours.modules_of(path, source, spec.suffixes, root=root) if spec.suffixes else {}
        return Spell(
            shown_path(path),
            spec.name,
            source,
            modules,
            cassette.content,
            expectation.content,
            (*cassette.findings, *expectation.findings),
            cassette.path,
            expectation.path,
        )


def _glob(path: str) -> tuple[str, str] | None:
    return None if os.path.lexists(path) else split_glob(path)


def _checked(path: str) -> str:
    try:
        os.lstat(path)
    except OSError as error:
        if split_glob(path) is not None:
            return path
        why = (
            "is not there"
            if error.errno == errno.ENOENT
            else f"is not reached: {os.strerror(error.errno or 0).lower()}"
        )
        raise UsageError(f"{path!r:.300} {why}: name a script, a folder of them or a glob") from None
    return path


def _unchecked(path: str, rule: str, why: str) -> Result:
    return Result(shown_path(path), Status.UNCHECKED, findings=(Finding(rule, Severity.ERROR, why),))


def _failed(path: str, engine: str, why: str) -> Result:
    return Result(shown_path(path), Status.FAILED, engine=engine, findings=(Finding("too-large", Severity.ERROR, why),))
