"""What ended the program, for people: usage errors, and faults of ours, each on stderr with its exit code."""

from __future__ import annotations

import errno
import os
import sys

from llmspell.cli.terminal import complain, in_one_line, say
from llmspell.errors import LlmspellError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import click

FAULT, USAGE, CTRL_C, CLOSED_STDOUT = 70, 2, 130, 141
_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_TOO_MANY = {errno.EMFILE, errno.ENFILE}
NEXT_STEP = "  (-vv shows where)"
WITH_VERBOSE = frozenset({"run", "exec", "sandbox", "validate", "replay", "resume", "repl"})
"""The commands that have -vv; a table, since a command that cannot be loaded may be what is to be explained."""


def explain(error: BaseException, *, verbose: bool) -> int:
    """Says on stderr what ended the program, and gives its exit code. A traceback of ours only if asked for."""
    if isinstance(error, LlmspellError):
        complain(str(error))
        return USAGE
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 0
    click = sys.modules.get("click")  # if it was not loaded, it has raised nothing
    if click is not None:
        if isinstance(error, click.exceptions.Exit):
            return int(error.exit_code)
        if isinstance(error, click.Abort):
            return CTRL_C
        if isinstance(error, click.ClickException):
            _show_usage(error)
            return int(error.exit_code)
    if isinstance(error, OSError) and error.errno == errno.EIO:  # the terminal has gone
        return CLOSED_STDOUT
    if isinstance(error, OSError) and (error.errno in _UNWRITABLE or _is_stdout_for_reading(error)):
        complain(f"the output cannot be written: {(error.strerror or str(error)).lower()}")
        return USAGE
    if isinstance(error, OSError) and error.errno in _TOO_MANY:
        complain("too many files are open: close some, or raise the limit with ulimit -n")
        return USAGE
    if verbose:
        import traceback

        traceback.print_exception(error)
    complain(f"a fault of ours, please report it: {type(error).__name__}: {error!s:.500}")
    if not verbose and "".join(sys.argv[1:2]) in WITH_VERBOSE:
        say(NEXT_STEP)
    return FAULT


def _is_stdout_for_reading(error: OSError) -> bool:
    import fcntl

    return error.errno == errno.EBADF and fcntl.fcntl(1, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY


def _show_usage(error: click.ClickException) -> None:
    """What click says, in one line: words on a command line may be names of files."""
    import click

    context = getattr(error, "ctx", None)
    if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):  # not before click 8.2
        say(error.format_message())
        return
    if context is not None:
        say(f"{context.get_usage()}\nTry '{context.command_path} --help' for help.\n")
    say(f"Error: {in_one_line(error.format_message())}")
