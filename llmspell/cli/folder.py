"""The folder that a command works in."""

import os
from collections.abc import Iterable

from llmspell.errors import UsageError


def working_folder() -> str:
    """The working directory. Raises UsageError when it is gone."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise UsageError("the working directory is gone: change to another one") from None


def whole_paths(paths: Iterable[str]) -> tuple[str, ...]:
    """The paths as they are from the root. Raises UsageError when the working directory is gone, and one needs it."""
    return tuple(os.path.abspath(path) if os.path.isabs(path) else _here(path) for path in paths)


def _here(path: str) -> str:
    return os.path.normpath(os.path.join(working_folder(), path))
