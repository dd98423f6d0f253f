"""Where the program begins: start the worker first, then load the rest, and turn what happens into a code.

Theory of operation. The worker of a `run` starts while the command line loads: on two cores that hides most of its
start. What it is started with is only a guess from the raw arguments; a wrong one is thrown away and costs nothing but
itself. Well-formed words are read without click, which takes as long to load as all the rest. The process
ends by `os._exit`: what it wrote is flushed and what it started is reaped by then, and taking a Python apart in good
order takes a tenth of a short run (11 ms of 90).

The rule kept here: up to the worker's start nothing slow is imported, not even typing.
"""

from __future__ import annotations

import gc
import os
import stat
import sys

# `signal` makes enums of its numbers: 2 ms
from _signal import SIG_DFL, SIGINT, default_int_handler, getsignal, signal  # type: ignore[import-not-found]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from llmspell.sandbox.process import WorkerProcess

OURS = 70
"""The exit code of a fault of ours."""
CTRL_C, CLOSED_STDOUT = 130, 141
_WITH_WORKER = ("run", "exec", "sandbox")
_MEMORY = 50 * 1024 * 1024
"""`Limits().memory`, without loading it; a wrong guess costs a worker."""


def main() -> NoReturn:
    """The console script; ends the process (`cli.md`, Exit codes)."""
    if getsignal(SIGINT) is default_int_handler:  # else it is ignored, as in a background job of a shell
        signal(SIGINT, lambda _number, _frame: os._exit(CTRL_C))  # nothing was made yet that is not gone with us
    gc.disable()  # until the run: what is loaded now stays, and looking through it again and again takes 3 ms
    _complete_streams()
    arguments = sys.argv[1:]
    prestarted = Prestarted()
    try:
        prestarted.start(arguments)
        code = _run(arguments, prestarted)
        _flush()
    except BrokenPipeError:
        code = CLOSED_STDOUT
    except KeyboardInterrupt:
        code = CTRL_C
    except BaseException as error:  # noqa: BLE001 - the boundary: nobody sees a traceback of ours unasked
        _be_ended_by_ctrl_c()
        prestarted.discard()  # what it has open may be one too many for what explains
        code = _explain(error, arguments)
    _be_ended_by_ctrl_c()
    prestarted.discard()
    os._exit(code)


def _be_ended_by_ctrl_c() -> None:
    if getsignal(SIGINT) is default_int_handler:
        signal(SIGINT, SIG_DFL)  # a late Ctrl-C ends us without a word


def _run(arguments: list[str], prestarted: Prestarted) -> int:
    if arguments and arguments[0] in _WITH_WORKER:
        from llmspell.cli.words import read_words

        read = read_words(arguments[1:])
        if read is not None:
            from llmspell.cli.script import run_code, run_file

            gc.enable()
            (first, *others), choices = read
            if arguments[0] == "exec":
                return run_code(first, others, choices, prestarted)
            return run_file(first, others, choices, prestarted, sandboxed=arguments[0] == "sandbox")
    from llmspell.cli.app import run_command

    gc.enable()
    return run_command(arguments, prestarted)


def _complete_streams() -> None:
    """Opens what of 0, 1 and 2 was closed, so that nothing we open comes to be one of them.

    In the place of stdout comes a pipe that nobody reads: writing to a closed stdout is writing to a closed one.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_WRONLY), (2, os.O_WRONLY)):
        try:
            if not os.get_blocking(number):
                _let_wait(number, mode)
        except OSError:
            if number == 1:
                reading, writing = os.pipe()  # one of them is 1: it was the lowest free one
                os.close(reading)
                if writing != 1:
                    os.dup2(writing, 1)
                    os.close(writing)
            else:
                os.open(os.devnull, mode)
            os.set_inheritable(number, True)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - it lives as long as the process
    elif sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # as stderr: all is shown somehow
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115


def _let_wait(number: int, mode: int) -> None:
    """Makes a stream wait whose sharers have asked it not to: it would seem to be at its end, or full.

    What is shared stays as it is, and we get an opening of our own; a socket has none, and a file waits anyway.
    """
    if stat.S_ISREG(os.fstat(number).st_mode):  # an opening of our own would begin at its begin
        return
    try:
        own = os.open(f"/proc/self/fd/{number}", mode | os.O_NOCTTY)
    except OSError:
        os.set_blocking(number, True)
        return
    os.dup2(own, number)
    os.close(own)


def _flush() -> None:
    """Raises OSError if nobody reads stdout."""
    sys.stdout.flush()
    try:
        sys.stderr.flush()
    except OSError:
        pass  # the exit code has to do


def _explain(error: BaseException, arguments: list[str]) -> int:
    """Says on stderr what ended the program, and gives its exit code."""
    from llmspell.cli.faults import explain

    code = OURS
    try:
        code = explain(error, verbose="-vv" in arguments)
        _flush()
    except OSError:  # nobody reads what we would say
        return CLOSED_STDOUT if isinstance(error, BrokenPipeError) else code
    return code


class Prestarted:
    """A worker that was started on a guess, until somebody takes it or it is thrown away."""

    def __init__(self) -> None:
        self._started: tuple[int, int, int, bytes, list[int]] | None = None
        self._engine = ""
        self._memory = _MEMORY

    def start(self, arguments: list[str]) -> None:
        """Starts the worker that these arguments will most likely want."""
        if not arguments or arguments[0] not in _WITH_WORKER or {"--help", "-h", "--engine"} & set(arguments):
            return
        for index, word in enumerate(arguments):
            if word.startswith("--allow-package"):  # it is started otherwise
                return
            if word == "--mem" or word.startswith("--mem="):
                memory = _size(word[6:] if "=" in word else "".join(arguments[index + 1 : index + 2]))
                if memory is None:
                    return
                self._memory = memory
        from llmspell.engines.builtin import ROWS, builtin_command
        from llmspell.sandbox.start import start

        suffixes = {suffix: row for row in ROWS for suffix in row[1]}
        guessed = (suffixes[end] for word in arguments if (end := os.path.splitext(word)[1]) in suffixes)
        self._engine, _, library, least = next(guessed, ROWS[0])
        if self._memory < least:
            return
        try:
            self._started = start(builtin_command(self._engine, library), self._engine, self._memory)
        except Exception:  # noqa: BLE001 - it was a guess; if it was right, the same comes again where it is explained
            return

    def take(self, engine: str, memory: int) -> WorkerProcess | None:
        """The worker, if it is one of this engine with this memory limit."""
        if self._started is None or self._engine != engine or self._memory != memory:
            return None
        return self._process()

    def discard(self) -> None:
        """Ends the worker, unless it was taken."""
        if self._started is not None:
            self._process().kill_and_reap()

    def _process(self) -> WorkerProcess:
        from llmspell.sandbox.process import WorkerProcess

        assert self._started is not None
        started, self._started = self._started, None
        return WorkerProcess(self._engine, *started)


def _size(text: str) -> int | None:
    if text[:-1].isdigit() and text[-1] in "MG":
        return int(text[:-1][:9]) << (20 if text[-1] == "M" else 30)  # without loading what reads all forms
    from llmspell.errors import UsageError
    from llmspell.limits import parse_size

    try:
        return parse_size(text)
    except UsageError:
        return None  # whoever reads the options says it better
