"""Results of scripts that have passed, kept for the next time, in a folder of the user's own.

Theory of operation. An entry's name is a sum of all that its check depends on: the script with what stands beside it,
the settings, and which llmspell and engines this is. So nothing ever has to be thrown away for being old, and equal
entries of several processes are the same. Only what has passed is kept: a failure may have come from the machine, and
whoever looks at one wants to see it again. The folder is the user's: nobody else may write there, and it does not lie
in a repository, whose author could bring entries along. What is damaged, or of any other shape, counts as missing. An
entry is written beside its place and moved there; it is not synchronised to the disk, because losing one costs nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from llmspell.engines.builtin import ROWS, TAKES_PACKAGES
from llmspell.errors import UsageError
from llmspell.limits import MIB
from llmspell.utils.system import user_folders
from llmspell.validate.result import Result, Status
from llmspell.validate.settings import Settings
from llmspell.validate.spell import Spell
from llmspell.validate.travel import MAX_RESULT, read_result, result_bytes
from llmspell.validate.versions import versions
from llmspell_workers.wire import Violation

MAX_BYTES = 256 * MIB
MAX_ENTRIES = 200_000
_LEFT = 0.75
"""What is left of the largest size after the oldest entries were removed."""
_MAGIC = b"llmspell-result-1\n"
_SUM = 32
_DRAFT = ".draft-"
_DRAFT_SECONDS = 3600.0
_NAME = 64
_BUILT_IN = frozenset(name for name, *_ in ROWS)
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


class Cache:
    """Kept results under these settings. Safe for several threads and processes.

    `folder` is the user's cache folder by default. `checked` are the paths that are looked for scripts. Raises
    UsageError for a folder that somebody else could have put entries into.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        folder: str | None = None,
        checked: Iterable[str] = (),
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.folder = os.path.join(user_folders("llmspell").cache, "validated") if folder is None else folder
        self._max_bytes = max_bytes
        self._packages = bool(settings.packages)
        told = {"settings": settings.to_dict(), "versions": versions()}
        self._settings = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).digest()
        self._has_written = False
        _make_own(self.folder)
        _check_place(self.folder, checked)

    def close(self) -> None:
        """Removes the oldest entries, if this object has made them too many. It may be used again."""
        if self._has_written:
            self._has_written = False
            self.evict()

    def get(self, spell: Spell) -> Result | None:
        """The result that is kept for this spell, marked as such."""
        path = self._path(spell)
        data = None if path is None else _read(path)
        if path is None or data is None:
            return None
        try:
            result = read_result(data, spell)
        except Violation:
            return None
        try:
            os.utime(path)  # it was of use: others go first
        except OSError:
            pass  # it is being removed, or the disk cannot be written
        return result._replace(cached=True) if result.status is Status.PASSED else None

    def put(self, spell: Spell, result: Result) -> None:
        """Keeps the result, if it is one to be kept; a disk that takes nothing more is no error."""
        path = self._path(spell)
        if path is None or result.status is not Status.PASSED or result.cached:
            return
        body = zlib.compress(result_bytes(result), 1)
        draft = os.path.join(self.folder, f"{_DRAFT}{os.urandom(8).hex()}")
        try:
            descriptor = os.open(draft, _WRITE, 0o600)
            try:
                with open(descriptor, "wb") as file:
                    file.write(_MAGIC + hashlib.sha256(body).digest() + body)
                os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
                os.replace(draft, path)
            except BaseException:
                os.unlink(draft)
                raise
        except OSError:
            return
        self._has_written = True

    def evict(self) -> None:
        """Removes what was not of use for the longest time, until what is left is well below the largest size."""
        entries = sorted(_entries(self.folder), key=lambda entry: entry.used)
        size, number = sum(entry.size for entry in entries), len(entries)
        if size <= self._max_bytes and number <= MAX_ENTRIES:
            return
        for entry in entries:
            if size <= _LEFT * self._max_bytes and number <= _LEFT * MAX_ENTRIES:
                return
            _remove(entry.path)
            size, number = size - entry.size, number - 1

    def _path(self, spell: Spell) -> str | None:
        """Where the entry of a spell is; None where programs or packages of others may change, unseen by us."""
        engine = spell.engine.partition("@")[0]
        if engine not in _BUILT_IN or (self._packages and engine in TAKES_PACKAGES):
            return None
        name = _key(self._settings, spell)
        return os.path.join(self.folder, name[:2], name[2:])


class _Entry(NamedTuple):
    path: str
    size: int
    used: float


def _key(settings: bytes, spell: Spell) -> str:
    parts: list[bytes] = [spell.path.encode(), spell.engine.encode(), spell.source]
    for content in (spell.cassette, spell.expectation):
        parts += [b"none"] if content is None else [b"some", content]
    for name in sorted(spell.modules):
        parts += [b"module", name.encode("utf-8", "surrogateescape"), spell.modules[name]]
    parts += [repr(finding).encode() for finding in spell.findings]
    total = hashlib.sha256(settings)
    for part in parts:  # each with its length: no two lists of parts have the same sum
        total.update(len(part).to_bytes(8, "big"))
        total.update(part)
    return total.hexdigest()


def _read(path: str) -> bytes | None:
    """What an entry holds; None unless it is whole."""
    try:
        descriptor = os.open(path, _READ)
    except OSError:
        return None
    try:
        with open(descriptor, "rb") as file:
            if not _is_ours(os.fstat(descriptor), stat.S_ISREG):
                return None
            content = file.read(MAX_RESULT)
    except OSError:
        return None
    start = len(_MAGIC) + _SUM
    body = content[start:]
    if content[:start] != _MAGIC + hashlib.sha256(body).digest():
        return None
    inflate = zlib.decompressobj()
    try:
        data = inflate.decompress(body, MAX_RESULT)
    except zlib.error:
        return None
    return data if inflate.eof else None


def _make_own(folder: str) -> None:
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        ours = _is_ours(os.lstat(folder), stat.S_ISDIR)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"results are not kept in {folder!a}: {reason}") from None
    if not ours:
        raise UsageError(f"results are not kept in {folder!a}: others can write there")


def _is_ours(status: os.stat_result, is_kind: object) -> bool:
    writable = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return callable(is_kind) and bool(is_kind(status.st_mode)) and status.st_uid == os.geteuid() and not writable


def _check_place(folder: str, checked: Iterable[str]) -> None:
    """Raises UsageError for a folder in a repository, or in what is looked for scripts."""
    whole = os.path.realpath(folder)
    roots = [os.path.realpath(path) for path in checked]
    inside = next((root for root in roots if os.path.commonpath([root, whole]) == root), None)
    above = whole
    while inside is None and above != os.path.dirname(above):
        if os.path.lexists(os.path.join(above, ".git")):
            inside = above
        above = os.path.dirname(above)
    if inside is not None:
        raise UsageError(
            f"results are not kept in {folder!a}: it lies in {inside!a}, whose author could bring some along"
        )


def _entries(folder: str) -> Iterator[_Entry]:
    """The entries that are there; drafts that somebody has left are removed on the way."""
    for path in _listed(folder):
        name = os.path.basename(path)
        if name.startswith(_DRAFT):
            entry = _entry(path)
            if entry is not None and time.time() - entry.used > _DRAFT_SECONDS:
                _remove(path)
        elif len(name) == 2:
            for inner in _listed(path):
                entry = _entry(inner)
                if entry is not None and len(os.path.basename(inner)) == _NAME - 2:
                    yield entry


def _listed(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as found:
            return [entry.path for entry in found]
    except OSError:
        return []


def _entry(path: str) -> _Entry | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None  # another process was faster
    return _Entry(path, status.st_size, status.st_mtime)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
