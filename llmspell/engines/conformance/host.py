"""A host of one worker that is meant to be killed: it starts the worker, has it compute, and says its pid.

Started by a rule of the kit as `python -m`; it is told on stdin whom to start, on one line, and then the source. It
ends with whoever started it: then its stdin is closed.
"""

from __future__ import annotations

import ast
import select
import sys

from llmspell.engines.conformance.rule import Broken
from llmspell.engines.conformance.subject import Subject
from llmspell.engines.factory import EngineSpec
from llmspell.errors import SetupError


def main() -> None:
    """Never ends by itself, but with the worker or with whoever started it."""
    name, suffixes, command, needs, memory, size = ast.literal_eval(sys.stdin.buffer.readline().decode())
    spec = EngineSpec(name, suffixes, command=command, needs=needs)
    subject = Subject(spec, memory=memory, spells={"loop": sys.stdin.buffer.read(size)})
    try:
        with subject.configured() as talk:
            talk.begin(subject.spells["loop"])
            print(talk.process.pid, flush=True)
            select.select((talk.process.stdout, sys.stdin), (), ())
    except (Broken, SetupError) as error:
        print(error, flush=True)  # instead of the pid


if __name__ == "__main__":
    main()
