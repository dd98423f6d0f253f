"""Where the program begins: start the worker first, then load the command line, and turn what happens into a code.

The worker of a `run` starts while the command line loads: on two cores that hides all of its start. What it is
started with is only a guess from the raw arguments; a wrong one is thrown away and costs nothing but itself.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmspell.sandbox.process import WorkerProcess

_WITH_WORKER = ("run", "exec", "sandbox")
_FAULT = 70
CTRL_C, CLOSED_STDOUT = 130, 141


def main() -> None:
    """The console script; exits the process (`cli.md`, Exit codes)."""
    arguments = sys.argv[1:]
    prestarted = Prestarted()
    try:
        prestarted.start(arguments)
        from llmspell.cli.app import app

        code = app.main(arguments, prog_name="llmspell", standalone_mode=False, obj=prestarted)
        sys.stdout.flush()
    except SystemExit as leaving:
        code = leaving.code
    except KeyboardInterrupt:
        code = CTRL_C
    except BrokenPipeError:
        code = closed_stdout()
    except BaseException as error:  # noqa: BLE001 - the boundary: nobody sees a traceback of ours unasked
        code = explain(error, verbose="-vv" in arguments)
    finally:
        prestarted.discard()
    sys.exit(code if isinstance(code, int) else 0)


def explain(error: BaseException, *, verbose: bool) -> int:
    """Says on stderr what ended the program, and gives its exit code."""
    import click

    from llmspell.errors import LlmspellError

    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.Abort):
        return CTRL_C
    if isinstance(error, click.ClickException):
        error.show(sys.stderr)
        return error.exit_code
    if isinstance(error, LlmspellError):
        from llmspell.cli.terminal import complain

        complain(str(error))
        return 2
    if verbose:
        import traceback

        traceback.print_exception(error)
    print(f"llmspell: a fault of ours, please report it: {type(error).__name__}: {error!s:.500}", file=sys.stderr)
    print("  (-vv shows where)", file=sys.stderr)
    return _FAULT


def closed_stdout() -> int:
    """Our stdout was closed: nothing more is written to it, not even at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return CLOSED_STDOUT


class Prestarted:
    """A worker that was started on a guess, until somebody takes it or it is thrown away."""

    def __init__(self) -> None:
        self._process: WorkerProcess | None = None

    def start(self, arguments: list[str]) -> None:
        """Starts the worker that these arguments will most likely want. Never fails: that comes out later, and better."""
        if not arguments or arguments[0] not in _WITH_WORKER or "--help" in arguments or "--engine" in arguments:
            return
        from llmspell.engines.factory import BUILT_IN, worker_command
        from llmspell.errors import LlmspellError
        from llmspell.limits import Limits, parse_size
        from llmspell.sandbox.process import spawn

        try:
            memory = Limits().memory
            for index, word in enumerate(arguments):
                if word == "--mem" and index + 1 < len(arguments):
                    memory = parse_size(arguments[index + 1])
                elif word.startswith("--mem="):
                    memory = parse_size(word[6:])
            spec = BUILT_IN[0]
            if memory >= spec.least_memory:
                self._process = spawn(worker_command(spec), engine=spec.name, memory=memory)
                self._memory = memory
        except LlmspellError:
            return

    def take(self, engine: str, memory: int) -> WorkerProcess | None:
        """The worker, if it is one of this engine with this memory limit."""
        process = self._process
        if process is None or process.engine != engine or self._memory != memory:
            return None
        self._process = None
        return process

    def discard(self) -> None:
        """Ends the worker, unless it was taken."""
        if self._process is not None:
            self._process.kill_and_reap()
            self._process = None
