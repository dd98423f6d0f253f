"""`--changed-since`: which spells are not what they were at a revision.

Theory of operation. A spell holds all that its check looks at, and git names contents by their hash. So nothing is
compared by git: a spell is unchanged if its source, its modules, its cassette and its expectation are, byte for byte,
what the revision has under the same names. New, renamed, staged and untracked files need no care of their own. What
cannot be compared counts as changed; so does a spell that names a module which is gone.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Iterable, Iterator

from llmspell.validate.beside import CASSETTE, EXPECTATION
from llmspell.validate.git import Repository
from llmspell.validate.places import shown_path
from llmspell.validate.result import Result
from llmspell.validate.spell import Spell

_UNCLEAR = b""
"""In the place of an object: several files are shown by the same path."""
_SHA1_BYTES = 20
_MANY_GONE = 1000
"""From so many modules on that are gone, all spells count as changed."""
_PACKAGE_FILES = frozenset({"__init__", "init", "index"})
"""Modules that are named by their folder."""


class Since:
    """What was there at a revision. `suffixes` are those of scripts and modules.

    Raises UsageError where git does not know: no git, no repository around `folder`, no such revision.
    """

    def __init__(self, revision: str, *, suffixes: Iterable[str], folder: str = ".") -> None:
        repository = Repository(folder)
        commit = repository.commit(revision)
        wanted = (*suffixes, CASSETTE, EXPECTATION)
        self._name = hashlib.sha1 if len(commit) == 2 * _SHA1_BYTES else hashlib.sha256
        self._was: dict[str, bytes] = {}
        self._gone: set[bytes] = set()
        """The words by which a script could name a module that is not there any more."""
        for path, found in repository.files(commit):
            if not path.endswith(wanted) and "." in posixpath.basename(path):
                continue
            whole = os.path.join(repository.top, path)
            shown = shown_path(whole)
            self._was[shown] = found if self._was.get(shown, found) == found else _UNCLEAR
            if not os.path.lexists(whole):
                self._gone.add(_word(shown))

    def changed(self, spell: Spell) -> bool:
        """Whether anything that its check looks at is not what it was."""
        return (
            bool(spell.findings)
            or self._was.get(spell.path) != self._object(spell.source)
            or self._beside_changed(spell.path, CASSETTE, spell.cassette)
            or self._beside_changed(spell.path, EXPECTATION, spell.expectation)
            or self._modules_changed(spell)
        )

    def _beside_changed(self, path: str, suffix: str, content: bytes | None) -> bool:
        names = (path + suffix, posixpath.splitext(path)[0] + suffix)
        was = next((self._was[name] for name in names if name in self._was), None)
        return was != (None if content is None else self._object(content))

    def _modules_changed(self, spell: Spell) -> bool:
        folder = posixpath.dirname(spell.path)
        for name, content in spell.modules.items():
            if self._was.get(shown_path(posixpath.join(folder, name))) != self._object(content):
                return True
        if len(self._gone) >= _MANY_GONE:
            return True
        texts = (spell.source, *spell.modules.values())
        return any(word in text for word in self._gone for text in texts)

    def _object(self, content: bytes) -> bytes:
        """The name that git gives to a content."""
        name = self._name(b"blob %d\0" % len(content), usedforsecurity=False)
        name.update(content)
        return name.digest()


def only_changed(found: Iterable[Spell | Result], since: Since) -> Iterator[Spell | Result]:
    """Those that are not what they were; a Result says that something could not be read, and so not compared."""
    for one in found:
        if isinstance(one, Result) or since.changed(one):
            yield one


def _word(path: str) -> bytes:
    folder, name = posixpath.split(posixpath.splitext(path)[0])
    return (posixpath.basename(folder) if name in _PACKAGE_FILES else name).encode()
