"""`repl`: statements are typed or piped in, and one worker runs them one after another.

On a terminal there is a prompt, and an error is no reason to end. Otherwise each statement is run as it comes, without
a prompt, and the first that fails ends the program with its exit code.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from typing import Any

import click

from llmspell.cli.choices import Choices
from llmspell.cli.folder import working_folder
from llmspell.cli.report import print_outcome
from llmspell.cli.run import run_options
from llmspell.cli.script import read_stdin, run_shown
from llmspell.cli.setup import configure, prepare
from llmspell.cli.statements import NAME, CheckError, is_command, runnable, split
from llmspell.cli.terminal import escaped, say
from llmspell.config.discovery import state_folder
from llmspell.limits import format_size
from llmspell.outcome import CallRecord, Outcome, Verdict
from llmspell.session import ScriptSession

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmspell.engines.bridge import Emit
    from llmspell.sandbox.wake import Cancellation

_LEFT_OUT = ("stream", "report", "form", "seed", "record", "replay", "replay_mode")
"""Fields of options that are about one run; what is not heeded is refused."""
CTRL_C = 130
MOST_CALLS = 1000
"""Calls that `:calls` shows, the newest."""
GONE = "the worker was ended, and its state is gone; the next statement starts a fresh one"
COMMANDS = {
    ":help": "this list",
    ":limits": "what holds, and what is used up",
    ":calls": "the calls to the host so far",
    ":engine": "what runs the statements",
    ":reset": "end the worker, and go on with a fresh one",
    ":quit": "leave, as Ctrl-D does",
}
_KEYS = "Enter runs a statement once it is whole, Alt-Enter begins a line, Tab completes, Ctrl-C clears or ends the run"
_EPILOG = """\b
Examples:
  llmspell repl
  llmspell repl --engine javascript --mem 64M
  printf 'x = 6\\nx * 7\\n' | llmspell repl

\b
At the prompt:
""" + "".join(f"  {name:8} {text}\n" for name, text in COMMANDS.items())


def _options(function: Any) -> Any:
    return run_options(function, but=_LEFT_OUT)


@click.command(epilog=_EPILOG)
@_options
@click.pass_context
def repl(context: click.Context, /, **options: Any) -> None:
    """Type statements, which one worker runs one after another.

    What a statement leaves behind, the next one finds. A limit, a crash or Ctrl-C ends the worker and its state; the
    next statement starts a fresh one. Without a terminal statements are read from stdin, and the first that fails is
    the last.
    """
    context.exit(run_repl(Choices(**options)))


def run_repl(choices: Choices) -> int:
    """Reads and runs statements to the end; gives the exit code. Raises UsageError and SetupError."""
    configuration, limits = configure(choices, sandboxed=False)
    folder = working_folder()
    setup = prepare(configuration, limits, choices, NAME, b"", sandboxed=False, folder=folder)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with setup.runtime(stdin=None) as runtime, runtime.session(folder=folder) as session:
        typed = Repl(session, choices)
        if os.isatty(0) and os.isatty(1):
            return typed.converse()
        return typed.read()


class Repl:
    """Takes statements and commands, and shows what comes of them."""

    def __init__(self, session: ScriptSession, choices: Choices) -> None:
        self._session, self._choices = session, choices
        self._calls: deque[CallRecord] = deque(maxlen=MOST_CALLS)
        self._generation = 0
        self._newline_due = False
        self._interruptible = False
        self._failed = 0  # the exit code of the last statement

    def converse(self) -> int:
        """With a person at a terminal; gives the exit code."""
        from llmspell.cli.prompt import Left, Prompt

        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._interrupted)
        if not self._choices.quiet:
            print(f"{escaped(self._session.version)}, in a confined worker; :help shows what else there is", flush=True)
        self._generation = self._session.generation
        history = os.path.join(state_folder(os.environ), "repl-history")
        prompt = Prompt(self._session, history_file=history, commands=COMMANDS)
        while True:
            try:
                code = self._take_next(prompt.ask().strip("\n"))
            except KeyboardInterrupt:  # at the prompt, just before the statement ran, or just after
                self._tell_if_gone()
            except CheckError as error:
                self._refuse(error)
            except EOFError:
                return 0
            except Left as left:
                return left.code
            else:
                if code is not None:
                    return code

    def _take_next(self, text: str) -> int | None:
        """What is typed while Ctrl-C may end it, on the state that was there when it was typed."""
        if self._tell_if_gone() and text.strip() and not is_command(text):  # the worker was asked for names
            say("llmspell: what was typed is not run, as it may want what is gone; Up brings it back")
            return None
        self._interruptible = True
        try:
            return self._take(text)
        finally:
            self._interruptible = False

    def _interrupted(self, _number: int, _frame: object) -> None:
        """Ctrl-C while neither the prompt nor a run takes it: a second one interrupts nothing more."""
        if self._interruptible:
            self._interruptible = False
            raise KeyboardInterrupt

    def read(self) -> int:
        """From what is piped in; gives the exit code: 0, or that of the first statement that failed."""
        most = self._session.limits.source_allowed + 1  # a longer line is more than a statement may have
        pieces = iter(lambda: read_stdin(lambda: sys.stdin.buffer.readline(most)), b"")
        lines = (piece.decode("utf-8", "surrogateescape") for piece in pieces)
        try:
            for text in split(self._session, lines):
                code = self._take(text)
                if code is not None:
                    return code
                if self._failed:
                    return self._failed
        except CheckError as error:
            return self._refuse(error)
        return 0

    def _take(self, text: str) -> int | None:
        """Does what was typed; the exit code if that is the end. Raises CheckError."""
        while is_command(text):  # what was pasted may have more behind it
            line, _, text = text.partition("\n")
            code = self._command(*line.split(maxsplit=1))
            if code is not None:
                return code
            text = text.strip("\n")
        return self._run(text) if text.strip() else None

    def _refuse(self, error: CheckError) -> int:
        """What cannot be checked is not run; gives its exit code."""
        self._show(error.outcome, error.text)
        self._tell_if_gone()
        return error.outcome.exit_code(pass_on=True)

    def _run(self, text: str) -> int | None:
        source = runnable(self._session, text).encode("utf-8", "surrogateescape")

        def run(emit: Emit | None, cancellation: Cancellation) -> Outcome:
            def noted(stream: str, data: bytes) -> None:
                if data and emit is not None:
                    self._newline_due = data[-1:] != b"\n"
                    emit(stream, data)

            return self._session.execute(source, name=NAME, emit=noted, cancellation=cancellation)

        self._newline_due = False
        outcome, late = run_shown(run, self._choices, wall=self._session.limits.wall, goes_on=True)
        self._calls.extend(outcome.calls)
        untold = _untold(outcome)
        self._failed = 0 if untold else outcome.exit_code(pass_on=True)
        if outcome.exit_status is not None and outcome.verdict in (Verdict.OK, Verdict.ERROR):
            return self._failed
        if self._newline_due and os.isatty(1):
            print(flush=True)
        if untold is None:
            self._show(outcome, text)
        elif not self._choices.quiet:
            say(f"llmspell: the value is not shown: {escaped(untold)}")
        self._tell_if_gone()
        return late if late not in (None, CTRL_C) else None

    def _show(self, outcome: Outcome, text: str) -> None:
        """The value, or the error: of a single line nobody needs to be told where it stands."""
        error = outcome.error
        single = "\n" not in text.strip()
        if error is not None and error.file == NAME:
            line = None if single else error.line
            outcome = outcome._replace(error=error._replace(file=None, line=line, traceback=error.traceback[:-1]))
        print_outcome(
            outcome,
            text.encode("utf-8", "surrogateescape"),
            form="text",
            colour=self._choices.color,
            with_verdict=False,
            with_value=True,
            pass_on=True,
            memory=self._session.limits.memory,
        )

    def _tell_if_gone(self) -> bool:
        """Says so, if the state is gone since the last time; whether it is."""
        fresh, generation = self._session.fresh, self._session.generation
        gone = self._generation != 0 and (fresh or generation != self._generation)
        if gone:
            say(f"llmspell: {GONE}")
        self._generation = 0 if fresh else generation
        return gone

    def _command(self, name: str, rest: str = "") -> int | None:
        if rest:
            print(escaped(f"{name} stands alone, and was not obeyed with {rest[:100]!r} behind it"), flush=True)
            return None
        match name:
            case ":quit" | ":q" | ":exit":
                return 0
            case ":reset":
                self._session.reset()
                self._generation = 0
                lines = ["the worker was ended; the next statement starts a fresh one"]
            case ":limits":
                lines = self._limits()
            case ":calls":
                lines = [_call(record) for record in self._calls] or ["no calls so far"]
            case ":engine":
                lines = [f"{self._session.engine.name}: {self._session.version}"]
                self._generation = self._session.generation
            case ":help":
                lines = [f"{command:8} {text}" for command, text in COMMANDS.items()] + [_KEYS]
            case _:
                lines = [f"there is no {name}; there are {', '.join(COMMANDS)}"]
        print("\n".join(map(escaped, lines)), flush=True)
        return None

    def _limits(self) -> list[str]:
        limits, spent = self._session.limits, self._session.spent
        tokens = spent.prompt_tokens + spent.completion_tokens
        return [
            f"memory       {format_size(limits.memory)} for the worker",
            f"cpu          {limits.cpu:g} s for each statement",
            f"wall         {limits.wall:g} s for each statement",
            f"output       {format_size(limits.output)} for each statement",
            f"calls        {limits.calls:,} for each statement",
            f"model calls  {spent.model_calls:,} of {limits.model_calls:,} used",
            f"tokens       {tokens:,} of {limits.tokens:,} used",
            f"cost         {spent.cost_usd:.4f} of {limits.cost:g} USD used",
        ]


def _untold(outcome: Outcome) -> str | None:
    """Why a value cannot be shown, where that is all that is wrong: nothing else of this kind is without a place."""
    error = outcome.error
    if error is None or error.kind != "validation" or error.line is not None or error.traceback:
        return None
    return error.message


def _call(record: CallRecord) -> str:
    name = f" {record.name}" if record.name is not None else ""
    by = f" by agent {record.agent}" if record.agent is not None else ""
    return f"{record.capability}{name}{by}: {'ok' if record.ok else 'failed'}, {record.wall_seconds * 1000:.1f} ms"
