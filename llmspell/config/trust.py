"""Which project files the user has trusted, each by its path and the SHA-256 of its content.

This file keeps the rules that make the record worth something: it is written whole or not at all, only
its owner can write it, and it is believed only if it and its folder belong to the user and nobody else
can write them. What is judged are the bytes that were parsed, never the file a second time.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from llmspell.config.document import read_document, read_regular
from llmspell.config.refusal import Refusal, refusal
from llmspell.errors import ConfigError

SCHEMA = "llmspell.trust/1"


class TrustStore(NamedTuple):
    """The record in `file`, which need not exist yet; see `discovery.trust_file` for where it belongs."""

    file: str

    def trust(self, path: str, content: bytes | None = None) -> str:
        """Trusts the file with its content now, or with the `content` that was shown; gives the SHA-256.

        Raises ConfigError for a file that is unreadable or not TOML, a record that is not writable or not
        to be believed.
        """
        if content is None:
            content = read_document(path, follow_links=False).content
        digest = hashlib.sha256(content).hexdigest()
        with self._writable():
            self._write({**self.files(), _place(path): digest})
        return digest

    def revoke(self, path: str) -> bool:
        """Trusts the file no more, whatever its content; says whether it was trusted with any.

        The file need not exist. Raises ConfigError as `trust` does.
        """
        if not self.files():
            return False
        with self._writable():
            files = self.files()
            if files.pop(_place(path), None) is None:
                return False
            self._write(files)
        return True

    def is_trusted(self, path: str, content: bytes) -> bool:
        """Whether the user has trusted this file with exactly this content.

        Raises ConfigError when there is a record that cannot be believed.
        """
        return self.files().get(_place(path)) == hashlib.sha256(content).hexdigest()

    def files(self) -> dict[str, str]:
        """The SHA-256 of the content with which each file is trusted. Raises ConfigError as `is_trusted` does."""
        if not os.path.lexists(self.file):
            return {}
        found = read_regular(self.file, follow_links=False)
        folder = os.path.dirname(self.file)
        for place, status in ((self.file, found.status), (folder, os.stat(folder))):
            _own(place, status)
            if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                mode = f"mode {stat.S_IMODE(status.st_mode):04o}"
                raise _disbelief(place, f"can be written by others ({mode}; run chmod go-w on it)")
        try:
            record = json.loads(found.data)
            if record["schema"] != SCHEMA:
                raise ValueError
            files = record["files"]
            return {str(path): str(digest) for path, digest in files.items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            problem = "is no record of trusted files; remove it and trust your files again"
            raise refusal(self.file, None, (), problem) from None

    @contextmanager
    def _writable(self) -> Iterator[None]:
        """Holds the folder of the record, made where it is not there; raises ConfigError."""
        folder = os.path.dirname(self.file)
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            with _locked(folder):
                yield
        except OSError as error:
            raise self._unwritable(_reason(error)) from None

    def _write(self, files: dict[str, str]) -> None:
        from llmspell.utils.files import FileError, write_atomic  # a run that only asks needs none of it

        content = json.dumps({"schema": SCHEMA, "files": files}, indent=1, sort_keys=True).encode()
        try:
            write_atomic(self.file, content, mode=0o600)
        except FileError as error:
            raise self._unwritable(_reason(error.__cause__ or error)) from None

    def _unwritable(self, reason: str) -> Refusal:
        return refusal(self.file, None, (), f"the record of trusted files cannot be written: {reason}")


def _reason(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error).lower()


def _own(place: str, status: os.stat_result) -> None:
    if status.st_uid != os.geteuid():
        raise _disbelief(place, f"belongs to user {status.st_uid}, not to you ({os.geteuid()})")


def _disbelief(place: str, problem: str) -> ConfigError:
    return refusal(place, None, (), f"{problem}, so no project's file is trusted by it")


def _place(path: str) -> str:
    """The path that a record is kept under: absolute, with links resolved in its folders only."""
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(folder), name)


@contextmanager
def _locked(folder: str) -> Iterator[None]:
    """Holds the folder, made private, so that of two commands that trust at once neither is lost."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _own(folder, os.fstat(descriptor))
        os.fchmod(descriptor, 0o700)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
