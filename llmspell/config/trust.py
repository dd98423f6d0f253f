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
from llmspell.config.refusal import refusal
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
        folder = os.path.dirname(self.file)
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            with _locked(folder):
                _replace(self.file, {**self._trusted(), _place(path): digest})
        except OSError as error:
            reason = (error.strerror or "unknown error").lower()
            raise refusal(self.file, None, (), f"the record of trusted files cannot be written: {reason}") from None
        return digest

    def is_trusted(self, path: str, content: bytes) -> bool:
        """Whether the user has trusted this file with exactly this content.

        Raises ConfigError when there is a record that cannot be believed.
        """
        return self._trusted().get(_place(path)) == hashlib.sha256(content).hexdigest()

    def _trusted(self) -> dict[str, str]:
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


def _replace(file: str, files: dict[str, str]) -> None:
    draft = f"{file}.{os.getpid()}"
    content = json.dumps({"schema": SCHEMA, "files": files}, indent=1, sort_keys=True).encode()
    try:
        os.unlink(draft)
    except FileNotFoundError:
        pass
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as stream:
        os.fchmod(descriptor, 0o600)
        stream.write(content)
        stream.flush()
        os.fsync(descriptor)
    os.replace(draft, file)
