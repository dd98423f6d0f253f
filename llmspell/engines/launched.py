"""What starts a worker by somebody else confined: the launcher, which arms itself and then becomes the program."""

import os
import shutil
import sys
from collections.abc import Sequence

from llmspell.engines.builtin import file_of
from llmspell.errors import UsageError


def launched_command(
    engine: str, command: Sequence[str], needs: Sequence[str], *, namespaces: bool = False
) -> tuple[str, ...]:
    """What starts `command` so that it can read the paths in `needs`, and what every program is made of, and no more.

    The files that the command names may be read too. Raises UsageError for a path that is not absolute.
    """
    for path in needs:
        if not os.path.isabs(path):
            raise UsageError(f"engine {engine!r} needs {path[:100]!r}, which is no absolute path")
    launcher = os.path.join(os.path.dirname(file_of(engine, "llmspell_workers")), "launch.py")
    program, *rest = command
    options = ("--namespaces",) if namespaces else ()
    return (sys.executable, "-I", "-S", launcher, *options, *needs, "--", shutil.which(program) or program, *rest)
