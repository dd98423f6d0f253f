"""Finding scripts: files, folders and globs, each script once, one at a time.

Theory of operation. What was typed is followed as it was typed; what a tree holds is not (`tree.py`). A file that
cannot be checked is a result of its own, and the search goes on. Nothing is held of a script that was handed on but
where it lies, so that it is not handed on twice.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator

from llmspell.engines.factory import EngineFactory
from llmspell.errors import UsageError
from llmspell.limits import format_size
from llmspell.validate.beside import EXPECTATION, MAX_EXPECTATION, Neighbours, cassette_beside, stand_beside
from llmspell.validate.finding import Finding, Severity
from llmspell.validate.places import UnreadableError, read_file, shown_path
from llmspell.validate.result import Result, Status
from llmspell.validate.spell import Spell
from llmspell.validate.tree import matches, split_glob, walk

_LINK_OUT = "it is a symbolic link that leads nowhere, or out of what is checked, and is not followed"


class Discovery:
    """The scripts of some paths. Iterating it gives a `Spell`, or a `Result` for what cannot be checked.

    `allowed` is the largest source in bytes. A file below a folder is a script by its suffix; `include` and `exclude`
    are globs, relative to the working directory, that choose among these. `skipped` counts the folders that were left
    out, by name. Raises UsageError for a path that is not there, before anything is given.
    """

    def __init__(
        self,
        paths: Iterable[str],
        *,
        factory: EngineFactory,
        allowed: int,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
    ) -> None:
        self.skipped: Counter[str] = Counter()
        self._factory, self._allowed = factory, allowed
        self._include, self._exclude = tuple(include), tuple(exclude)
        self._engines = {suffix: name for name in reversed(factory.names()) for suffix in factory.get(name).suffixes}
        self._neighbours = Neighbours()
        self._seen: set[str] = set()
        self._refused: list[Result] = []
        self._paths = [_checked(path) for path in paths]
        self._roots = [os.path.realpath((split_glob(path) or (path,))[0]) for path in self._paths]

    def __iter__(self) -> Iterator[Spell | Result]:
        self._neighbours = Neighbours()
        for path in self._paths:
            glob = None if os.path.lexists(path) else split_glob(path)
            if glob is not None:
                yield from self._below(*glob)
            elif os.path.isdir(path):
                yield from self._below(path, None)
            elif self._is_new(path):
                yield self._script(path, root=os.path.dirname(path) or ".", follow=True)

    def _below(self, folder: str, pattern: str | None) -> Iterator[Spell | Result]:
        for entry in walk(folder, self.skipped, self._refuse):
            yield from self._told()
            path = os.path.normpath(entry.path)
            wanted = pattern is None or matches(os.path.relpath(path, folder), pattern)
            if not wanted or os.path.splitext(path)[1] not in self._engines or not self._chosen(path):
                continue
            if entry.is_symlink():
                if not self._leads_inside(path) and self._is_new(path):
                    yield _unchecked(path, "unreadable", _LINK_OUT)
            elif self._is_new(path):
                yield self._script(path, root=folder, follow=False)
        yield from self._told()

    def _chosen(self, path: str) -> bool:
        name = os.path.relpath(path)
        if any(matches(name, pattern) for pattern in self._exclude):
            return False
        return not self._include or any(matches(name, pattern) for pattern in self._include)

    def _leads_inside(self, path: str) -> bool:
        """Whether a link leads to a file that is found by its own name."""
        target = os.path.realpath(path)
        below = any(target.startswith(root.rstrip("/") + "/") for root in self._roots)
        return below and os.path.isfile(target)

    def _is_new(self, path: str) -> bool:
        whole = os.path.realpath(path)
        if whole in self._seen:
            return False
        self._seen.add(whole)
        return True

    def _refuse(self, folder: str, why: str) -> None:
        self._refused.append(_unchecked(folder, "unreadable", f"the folder cannot be looked into: {why}"))

    def _told(self) -> Iterator[Result]:
        told, self._refused = self._refused, []
        yield from told

    def _script(self, path: str, *, root: str, follow: bool) -> Spell | Result:
        """A script, or why it cannot be checked; whatever goes wrong with one is told of that one."""
        try:
            return self._read(path, root=root, follow=follow)
        except Exception as error:  # noqa: BLE001 - a fault of ours with one script hides none of the others
            why = f"a fault of llmspell, please report it: {type(error).__name__}: {error!s:.300}"
            return _unchecked(path, "not-checked", why)

    def _read(self, path: str, *, root: str, follow: bool) -> Spell | Result:
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


def _checked(path: str) -> str:
    if not os.path.lexists(path) and split_glob(path) is None:
        raise UsageError(f"{path!r:.300} is not there: name a script, a folder of them or a glob")
    return path


def _unchecked(path: str, rule: str, why: str) -> Result:
    return Result(shown_path(path), Status.UNCHECKED, findings=(Finding(rule, Severity.ERROR, why),))


def _failed(path: str, engine: str, why: str) -> Result:
    return Result(shown_path(path), Status.FAILED, engine=engine, findings=(Finding("too-large", Severity.ERROR, why),))
