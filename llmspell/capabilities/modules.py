"""Modules beside the script: a name is a path only after it has been checked, and no link is ever followed.

The rule kept here: a script can read files with its engine's suffixes below its own folder, and no others; what it
asks for is hostile, and so is the folder (a cloned repository brings it).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from typing import Any

from llmspell.errors import CallError, ErrorKind

MAX_PATH = 1024


class ModuleFolder:
    """The folder of a script, held open: what it is called may change, where modules come from may not."""

    _descriptor = -1

    def __init__(self, folder: str, suffixes: tuple[str, ...], *, largest: int) -> None:
        self._suffixes = suffixes
        self._largest = largest
        self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Lets the folder go."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __del__(self) -> None:
        """For a session that nobody closed."""
        self.close()

    def load(self, paths: list[str]) -> dict[str, Any]:
        """`{source, name}` of the first path that is there. Raises CallError: validation, denied or not_found."""
        for path in paths:
            source = self._read(path)
            if source is not None:
                return {"source": source, "name": path}
        raise CallError(
            ErrorKind.NOT_FOUND,
            f"module {_shown(paths[0])} is not beside the script (looked for {', '.join(map(_shown, paths))})",
        )

    def _read(self, path: str) -> bytes | None:
        parts = self._parts(path)
        folder = os.dup(self._descriptor)
        try:
            for part in parts[:-1]:
                inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
                os.close(folder)
                folder = inner
            # without O_NONBLOCK, opening a pipe would wait for its other end
            file = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return None
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise _denied(path, "it is reached by a symbolic link or through a file") from None
            raise _denied(path, os.strerror(error.errno or 0).lower()) from None
        finally:
            os.close(folder)
        try:
            return self._read_regular(file, path)
        finally:
            os.close(file)

    def _parts(self, path: str) -> list[str]:
        parts = path.split("/")
        if len(path) > MAX_PATH or "\0" in path or not path.isprintable():
            raise _denied(path[:100], "the name is too long, or holds control characters")
        if any(not part or part.startswith(".") for part in parts if part != "."):
            raise _denied(path, "a name may not leave the script's folder or name dot-files and dot-folders")
        parts = [part for part in parts if part != "."]
        if not parts or not parts[-1].endswith(self._suffixes):
            raise _denied(path, f"a module's file ends in {' or '.join(self._suffixes)}")
        return parts

    def _read_regular(self, file: int, path: str) -> bytes:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise _denied(path, "it is no regular file")
        pieces, size = [], 0
        while piece := os.read(file, 1 << 20):
            size += len(piece)
            if size > self._largest:
                raise _denied(path, f"it is larger than the {self._largest:,} bytes that a source may have")
            pieces.append(piece)
        return b"".join(pieces)


class GivenModules(ModuleFolder):
    """Modules that came as data, by their paths relative to the script's folder: no file is read."""

    def __init__(self, modules: Mapping[str, bytes], suffixes: tuple[str, ...]) -> None:
        self._suffixes, self._modules = suffixes, modules

    def close(self) -> None:
        """Nothing is held."""

    def _read(self, path: str) -> bytes | None:
        return self._modules.get("/".join(self._parts(path)))


def _denied(path: str, why: str) -> CallError:
    return CallError(ErrorKind.DENIED, f"module {_shown(path)} cannot be loaded: {why}")


def _shown(path: str) -> str:
    return ascii(path[:100])
