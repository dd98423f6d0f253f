"""Workers whose lines are counted when coverage is measured, and what becomes of their counts.

The rule kept here: an engine's command is data, and nothing of the program knows that it is counted. Where the variable
`COUNT_WORKERS` (a folder) is not set, an engine is what it was, and a test is one like all others.
"""

from __future__ import annotations

import os
from pathlib import Path

from llmspell import EngineSpec, Limits
from llmspell.engines.factory import worker_command

SWITCH = "COUNT_WORKERS"
COUNTED = Path(__file__).with_name("counted_worker.py")
MEMORY = 160 << 20
"""Bytes of a worker's memory in which its counts have room, too."""
_OF_NO_MATTER = (Limits().memory, 64 << 20)
"""Memory limits of tests that are about something else."""


def counted(spec: EngineSpec, limits: Limits, *, namespaces: bool = False) -> tuple[EngineSpec, Limits]:
    """The engine on a counted worker, and limits in which it lives; both as they are if nothing is counted.

    Where a test has a memory limit of its own, that is what it is about, and its worker is the plain one.
    """
    folder = os.environ.get(SWITCH)
    ours = not spec.command or spec.needs is not None
    if not folder or not ours or limits.memory not in _OF_NO_MATTER:
        return spec, limits
    command = counted_command(worker_command(spec, namespaces=namespaces), folder)
    return spec._replace(library=None, command=command, needs=None), limits._replace(memory=MEMORY)


def counted_command(command: tuple[str, ...], folder: str) -> tuple[str, ...]:
    """What starts the same worker, counted: the options of the interpreter stay, and what comes before them."""
    import coverage

    at = next(place for place, word in enumerate(command) if word.endswith(("/__main__.py", "/launch.py")))
    return (*command[:at], str(COUNTED), folder, str(Path(coverage.__file__).parents[1]), *command[at:])
