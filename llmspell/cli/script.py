"""One script, one worker, one outcome: what `run`, `exec` and `sandbox` do once the options are read.

The rule kept here: no parser is imported, so that a run without options needs none.
"""

import os
import sys
from time import monotonic
from typing import NamedTuple

from llmspell.cli.choices import Choices
from llmspell.cli.report import check_report_place, print_outcome, write_report
from llmspell.cli.setup import Setup, configure, prepare
from llmspell.cli.signals import CancelledBySignals
from llmspell.cli.terminal import Tamer, complain
from llmspell.cli.writer import PATIENCE, Sink, Writer
from llmspell.errors import UsageError
from llmspell.outcome import Outcome, Verdict
from llmspell.source import check_text, read_script

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from llmspell.cli.entry import Prestarted
    from llmspell.cli.spinner import Spinner
    from llmspell.engines.bridge import Emit
    from llmspell.sandbox.wake import Cancellation
    from llmspell.transcript.cassette import Cassette
    from llmspell.transcript.resumable import Resumable

LATE = 0.1
"""Seconds by which the limit of the wall is sure to be seen after it was crossed."""


class Spell(NamedTuple):
    """A source and what is run with it. `folder` is where its modules are; `prints_value`: also after other output.

    A `cassette` answers its calls; a `resumed` transcript is gone on with.
    """

    source: bytes
    name: str
    arguments: tuple[str, ...]
    folder: str | None = None
    takes_stdin: bool = True
    prints_value: bool = False
    sandboxed: bool = False
    cassette: "Cassette | None" = None
    resumed: "Resumable | None" = None
    unanswered: str = "refuse"

    @property
    def command(self) -> str:
        """The command that runs it so."""
        return "sandbox" if self.sandboxed else "exec" if self.prints_value else "run"


def run_file(
    script: str, arguments: "Sequence[str]", choices: Choices, prestarted: "Prestarted | None", *, sandboxed: bool
) -> int:
    """Runs a script from a file, or from stdin if it is `-`; gives the exit code. Raises UsageError and SetupError."""
    if script.startswith(("http://", "https://")):
        raise UsageError(
            f"{script[:200]} is not run: scripts are not fetched from the network;"
            " download it, read it, then run the file"
        )
    cassette, choices = open_replay(choices)
    configuration, limits = configure(choices, sandboxed=sandboxed)
    allowed = limits.source_allowed
    if script == "-":
        source, name, folder = read_stdin(lambda: sys.stdin.buffer.read(allowed + 1)), "stdin", None
        check_text(source, name)
    else:
        source, name, folder = read_script(script, allowed), os.path.basename(script), os.path.dirname(script) or "."
    spell = Spell(
        source,
        readable(name),
        tuple(arguments),
        folder,
        takes_stdin=script != "-",
        sandboxed=sandboxed,
        cassette=cassette,
    )
    setup = prepare(configuration, limits, choices, spell.name, source[:200], sandboxed=sandboxed, folder=folder)
    return run_spell(spell, setup, choices, prestarted)


def run_code(code: str, arguments: "Sequence[str]", choices: Choices, prestarted: "Prestarted | None") -> int:
    """Runs code and prints what it returns; gives the exit code. Raises UsageError and SetupError."""
    cassette, choices = open_replay(choices)
    configuration, limits = configure(choices, sandboxed=False)
    source = check_text(os.fsencode(code), "exec")
    setup = prepare(configuration, limits, choices, "exec", source[:200], sandboxed=False, folder=None)
    spell = Spell(source, "exec", tuple(arguments), prints_value=True, cassette=cassette)
    return run_spell(spell, setup, choices, prestarted)


def open_replay(choices: Choices) -> "tuple[Cassette | None, Choices]":
    """The transcript that is to be replayed and stays as it is, and the choices with its engine. Raises UsageError."""
    if choices.replay is None:
        return None, choices
    from llmspell.transcript.cassette import Cassette

    if choices.replay_mode == "once" and not os.path.lexists(choices.replay):
        return None, choices  # it is recorded then
    cassette = Cassette.load(choices.replay)
    choices = choices._replace(engine=choices.engine or cassette.header.engine)
    return None if choices.replay_mode == "once" else cassette, choices  # what is rewritten is taken by its name


def run_spell(spell: Spell, setup: Setup, choices: Choices, prestarted: "Prestarted | None") -> int:
    """Runs, shows what it prints as it comes, reports, and gives the exit code."""
    if choices.report is not None:
        check_report_place(choices.report)
    spinner = None if choices.quiet or not os.isatty(2) else _spinner()
    runtime = setup.runtime(stdin=_read_stdin if spell.takes_stdin else None, spinner=spinner)

    def run(emit: "Emit | None", cancellation: "Cancellation") -> Outcome:
        taken = prestarted.take(runtime.engine.name, runtime.limits.memory) if prestarted else None
        if spell.resumed is not None:
            return runtime.resume(
                spell.resumed,
                spell.source,
                folder=spell.folder,
                emit=emit,
                cancellation=cancellation,
                prestarted=taken,
                unanswered=spell.unanswered,
            )
        return runtime.execute(
            spell.source,
            name=spell.name,
            arguments=spell.arguments,
            folder=spell.folder,
            emit=emit,
            cancellation=cancellation,
            prestarted=taken,
            seed=choices.seed,
            record=choices.record,
            replay=spell.cassette or choices.replay,
            replay_mode=choices.replay_mode,
            labels={"command": spell.command},
        )

    untrusted = spell.sandboxed or spell.resumed is not None or (spell.cassette or choices.replay) is not None
    outcome, late = run_shown(run, choices, wall=setup.limits.wall, sandboxed=untrusted, spinner=spinner)
    _show(outcome, spell, setup, choices)
    if choices.report is not None:
        write_report(choices.report, outcome, pass_on=not spell.sandboxed)
    return late or outcome.exit_code(pass_on=not spell.sandboxed)


def run_shown(
    run: "Callable[[Emit | None, Cancellation], Outcome]",
    choices: Choices,
    *,
    wall: float,
    sandboxed: bool = False,
    spinner: "Spinner | None" = None,
    goes_on: bool = False,
) -> tuple[Outcome, int | None]:
    """Runs something, and shows what it prints as it comes. Gives the outcome, and the code of a signal that came.

    `goes_on`: whatever was cancelled, this program is not over.
    """
    with CancelledBySignals(goes_on=goes_on) as cancellation:
        until = monotonic() + wall + LATE
        with Writer(_sinks(tamed=sandboxed), cancellation=cancellation, until=until, spinner=spinner) as writer:
            try:
                outcome = run(_emit(choices, writer), cancellation)
            finally:
                if spinner is not None:
                    spinner.close()
            left = writer.finish(hurried=outcome.verdict in (Verdict.LIMIT, Verdict.CRASH))
        late = cancellation.exit_code  # also what came when the run was over
    if left and late is None:
        complain(f"{left:,} bytes of output were not written: nobody read any of them for {PATIENCE:g} s")
    return outcome, late


def _spinner() -> "Spinner | None":
    from llmspell.cli.spinner import spinner_for

    return spinner_for(2)


def _emit(choices: Choices, writer: Writer) -> "Emit | None":
    if choices.form != "text":
        return None
    return writer.emit if choices.stream else writer.hold


def _sinks(*, tamed: bool) -> dict[str, Sink]:
    """Where the script's streams go: our own; on a terminal the output of an untrusted script is tamed."""
    return {
        stream: Sink(number, tame=Tamer() if tamed and os.isatty(number) else None)
        for stream, number in (("stdout", 1), ("stderr", 2))
    }


def _show(outcome: Outcome, spell: Spell, setup: Setup, choices: Choices) -> None:
    print_outcome(
        outcome,
        spell.source,
        form=choices.form,
        colour=choices.color,
        with_verdict=spell.sandboxed and not choices.quiet,
        with_value=spell.prints_value or not outcome.usage.output_bytes,
        pass_on=not spell.sandboxed,
        memory=setup.limits.memory,
    )


def readable(name: str) -> str:
    """A file's name as text that can travel: what is no UTF-8 in it is shown as `\\xNN`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def read_stdin(read: "Callable[[], bytes]") -> bytes:
    """What is read of our own stdin. Raises UsageError where that cannot be: it may be open for writing only."""
    try:
        return read()
    except OSError as error:
        raise UsageError(f"stdin cannot be read: {(error.strerror or str(error)).lower()}") from None


def _read_stdin(size: int) -> bytes:
    try:
        return os.read(0, size)
    except OSError:
        return b""
