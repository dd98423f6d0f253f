"""`run`, `exec` and `sandbox`: one script, one worker, one outcome."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from llmspell.cli.options import run_options
from llmspell.cli.report import check_report_place, print_outcome, write_report
from llmspell.cli.setup import Setup, prepare
from llmspell.cli.signals import cancelled_by_signals
from llmspell.cli.terminal import tamed
from llmspell.errors import UsageError
from llmspell.outcome import Outcome
from llmspell.source import check_text, read_script

SCRIPT_HELP = "what follows -- belongs to the script"


@click.command(epilog="Example:  llmspell run --mem 64M spell.lua -- --topic bees")
@click.argument("script")
@click.argument("arguments", nargs=-1)
@run_options
@click.pass_context
def run(context: click.Context, script: str, arguments: tuple[str, ...], **options: Any) -> None:
    """Run a spell with the configured providers and tools.

    SCRIPT is a file, or - for stdin. What follows -- belongs to the script.
    """
    context.exit(_run_file(context, script, arguments, options, sandboxed=False))


@click.command("exec", epilog='Example:  llmspell exec \'return Tool.execute("calculator", {input = "6*7"})\'')
@click.argument("code")
@click.argument("arguments", nargs=-1)
@run_options
@click.pass_context
def exec_(context: click.Context, code: str, arguments: tuple[str, ...], **options: Any) -> None:
    """Run CODE, and print what it returns as JSON."""
    setup = prepare("exec", b"", options, sandboxed=False, folder=None)
    source = code.encode("utf-8", "surrogateescape")
    context.exit(
        _run(context, setup, source, "exec", arguments, options, folder=None, sandboxed=False, always_value=True)
    )


@click.command(epilog="Example:  llmspell sandbox --mem 50M --require memory untrusted.lua")
@click.argument("script")
@click.argument("arguments", nargs=-1)
@run_options
@click.pass_context
def sandbox(context: click.Context, script: str, arguments: tuple[str, ...], **options: Any) -> None:
    """Run an untrusted script: nothing is granted but by --allow-*, and no configuration is read unless named.

    The verdict and the usage are printed on stderr. This version enforces memory only: type --require memory.
    """
    context.exit(_run_file(context, script, arguments, options, sandboxed=True))


def _run_file(
    context: click.Context, script: str, arguments: tuple[str, ...], options: dict[str, Any], *, sandboxed: bool
) -> int:
    if script == "-":
        source: bytes | None = sys.stdin.buffer.read(16 * 1024 * 1024)
        folder, name = None, "stdin"
    elif script.startswith(("http://", "https://")):
        raise UsageError("scripts are not fetched from the network: download it, read it, then run the file")
    else:
        source, folder, name = None, os.path.dirname(os.path.abspath(script)), os.path.basename(script)
    first_line = source[:200] if source is not None else _first_line(script)
    setup = prepare(name, first_line, options, sandboxed=sandboxed, folder=folder)
    if source is None:
        source = read_script(script, setup.limits.source_allowed)
    else:
        check_text(source, name)
    return _run(
        context, setup, source, name, arguments, options, folder=folder, sandboxed=sandboxed, always_value=False
    )


def _first_line(script: str) -> bytes:
    """The beginning of a script whose name does not say its engine."""
    if os.path.splitext(script)[1]:
        return b""
    return read_script(script, 16 * 1024 * 1024)[:200]


def _run(
    context: click.Context,
    setup: Setup,
    source: bytes,
    name: str,
    arguments: tuple[str, ...],
    options: dict[str, Any],
    *,
    folder: str | None,
    sandboxed: bool,
    always_value: bool,
) -> int:
    report: str | None = options["report"]
    if report is not None:
        check_report_place(report)
    printer = _Printer(live=options["form"] == "text" and options["stream"], tame=sandboxed)
    runtime = setup.runtime(stdin=None if name == "stdin" else _read_stdin)
    with cancelled_by_signals() as cancellation:
        outcome = runtime.execute(
            source,
            name=name,
            arguments=arguments,
            folder=folder,
            emit=printer,
            cancellation=cancellation,
            prestarted=context.obj.take(runtime.engine.name, runtime.limits.memory) if context.obj else None,
        )
    if report is not None:
        write_report(report, outcome, pass_on=not sandboxed)
    _finish(
        outcome, source, options, printer, sandboxed=sandboxed, always_value=always_value, memory=setup.limits.memory
    )
    return outcome.exit_code(pass_on=not sandboxed)


def _finish(
    outcome: Outcome,
    source: bytes,
    options: dict[str, Any],
    printer: _Printer,
    *,
    sandboxed: bool,
    always_value: bool,
    memory: int,
) -> None:
    if options["form"] == "text" and not options["stream"]:
        printer.live = True
        printer("stderr", outcome.stderr)
        printer("stdout", outcome.stdout)
    print_outcome(
        outcome,
        source,
        form=options["form"],
        colour=options["color"],
        quiet=options["quiet"],
        with_verdict=sandboxed,
        with_value=always_value or not outcome.usage.output_bytes,
        pass_on=not sandboxed,
        memory=memory,
    )


class _Printer:
    """Takes a script's output and shows it. On a terminal, that of an untrusted script is tamed."""

    def __init__(self, *, live: bool, tame: bool) -> None:
        self.live = live
        self._streams = {"stdout": sys.stdout, "stderr": sys.stderr}
        self._tame = {name: tame and stream.isatty() for name, stream in self._streams.items()}

    def __call__(self, stream: str, data: bytes) -> None:
        if not self.live or not data:
            return
        out = self._streams[stream].buffer
        out.write(tamed(data) if self._tame[stream] else data)
        out.flush()


def _read_stdin(size: int) -> bytes:
    try:
        return os.read(0, size)
    except OSError:
        return b""
