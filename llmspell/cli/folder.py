"""The folder that a command works in."""

import os

from llmspell.errors import UsageError


def working_folder() -> str:
    """The working directory. Raises UsageError when it is gone."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise UsageError("the working directory is gone: change to another one") from None
