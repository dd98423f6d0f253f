"""What a person sees on stderr: errors of a script, the verdict, complaints. Plain text; colour only on a terminal.

The rule kept here: every name and message is escaped, because scripts, files and models choose them.
"""

from __future__ import annotations

import os
import sys
from typing import TextIO

from llmspell.escaping import escaped as escaped  # as all of the command line knows it
from llmspell.limits import format_size
from llmspell.outcome import Outcome, ScriptError

MAX_LINE = 160
MAX_COMPLAINT = 20_000
"""Characters of a complaint; a path alone can have 4096."""


class Tamer:
    """Output of an untrusted script for a terminal: colours pass, every other control character is shown escaped.

    Output comes in pieces, and a sequence may be cut anywhere: what may be the begin of one waits for the next piece.

    >>> Tamer().tamed(b"\\x1b[31mred\\x1b[0m \\x1b]0;title\\x07")
    b'\\x1b[31mred\\x1b[0m \\\\x1b]0;title\\\\x07'
    """

    def __init__(self) -> None:
        import codecs
        import re

        self._colour = re.compile(r"\x1b\[[0-9;:]{0,40}m")
        self._begun = re.compile(r"\x1b(?:\[[0-9;:]{0,40})?\Z")
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        self._waiting = ""

    def tamed(self, data: bytes) -> bytes:
        """The next piece."""
        text = self._waiting + self._decoder.decode(data)
        begun = self._begun.search(text)
        self._waiting = begun[0] if begun else ""
        return self._escape(text[: len(text) - len(self._waiting)])

    def end(self) -> bytes:
        """What still waited."""
        text, self._waiting = self._waiting + self._decoder.decode(b"", final=True), ""
        return self._escape(text)

    def _escape(self, text: str) -> bytes:
        parts, at = [], 0
        for colour in self._colour.finditer(text):
            parts += [escaped(text[at : colour.start()], kept="\n\t"), colour[0]]
            at = colour.end()
        return "".join([*parts, escaped(text[at:], kept="\n\t")]).encode("utf-8")


class Colours:
    """Whether and how words are coloured, on stderr unless another `file` is given."""

    def __init__(self, when: str, file: TextIO | None = None) -> None:
        terminal = (sys.stderr if file is None else file).isatty()
        silent = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        self.on = when == "always" or (when == "auto" and terminal and not silent)

    def red(self, text: str) -> str:
        """The text, bold and red where there is colour."""
        return f"\x1b[1;31m{text}\x1b[0m" if self.on else text

    def green(self, text: str) -> str:
        """The text, bold and green where there is colour."""
        return f"\x1b[1;32m{text}\x1b[0m" if self.on else text

    def yellow(self, text: str) -> str:
        """The text, yellow where there is colour."""
        return f"\x1b[33m{text}\x1b[0m" if self.on else text

    def faint(self, text: str) -> str:
        """The text, faint where there is colour."""
        return f"\x1b[2m{text}\x1b[0m" if self.on else text


def say(text: str) -> None:
    """Writes to stderr. If nobody is there to read it any more, the exit code has to do."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        pass


def complain(message: str) -> None:
    """One line about what was typed or set up, on stderr."""
    say(f"llmspell: {in_one_line(message)}")


def in_one_line(message: str) -> str:
    """A complaint in which names end no line, and are no command to a CI."""
    from llmspell.validate.reports.wording import shown  # only when something is wrong

    return shown(message, most=MAX_COMPLAINT)


_CANCELLED_BY = {130: "Ctrl-C", 143: "SIGTERM", 129: "SIGHUP"}


def show_error(outcome: Outcome, source: bytes | None, colours: Colours) -> None:
    """Why a run did not end well: place, message, the line with a marker, and the script's own traceback."""
    error = outcome.error
    if error is None:
        by = _CANCELLED_BY.get(outcome.cancelled_by or 0)
        if by is not None:
            say(f"{colours.red('cancelled')}: {by} ended the run")
        return
    lines = [f"{colours.red(_headline(outcome, error))}: {_place(error)}{escaped(error.message)}"]
    lines += _marked_line(error, outcome.script_name, source, colours)
    if error.traceback and (
        len(error.traceback) > 1 or not error.traceback[0].startswith(f"{error.file}:{error.line}:")
    ):
        lines.append(colours.faint("traceback:"))
        lines += [colours.faint(f"  {escaped(row, kept='')}") for row in error.traceback]
    if outcome.diagnostics:
        lines.append(colours.faint(f"the worker said: {escaped(outcome.diagnostics)}"))
    say("\n".join(lines))


def _headline(outcome: Outcome, error: ScriptError) -> str:
    word = outcome.verdict.value
    return word if error.kind in ("runtime", "limit", "denied", "crash", word) else f"{word} ({error.kind})"


def _place(error: ScriptError) -> str:
    if error.file is None or error.kind == "limit":  # a limit's message says itself where it was last seen
        return ""
    return escaped(error.file, kept="") + (f":{error.line}" if error.line else "") + ": "


def _marked_line(error: ScriptError, script: str, source: bytes | None, colours: Colours) -> list[str]:
    if source is None or error.line is None or error.file not in (None, script):
        return []
    lines = source.split(b"\n", error.line)
    if not 0 < error.line <= len(lines):
        return []
    text = lines[error.line - 1].decode("utf-8", "backslashreplace").rstrip().expandtabs(4)
    indent = len(text) - len(text.lstrip())
    number = str(error.line)
    column = min(max((error.column or indent + 1) - 1, 0), MAX_LINE)
    return [
        f"  {colours.faint(number + ' |')} {escaped(text[:MAX_LINE])}",
        f"  {' ' * len(number)} {colours.faint('|')} {' ' * column}{colours.red('^')}",
    ]


def show_verdict(outcome: Outcome, allowed_memory: int, colours: Colours) -> None:
    """One line: the verdict and the usage."""
    used = outcome.usage
    paint = colours.green if outcome.ok else colours.red
    verdict = outcome.verdict.value + (f" ({outcome.limit.name})" if outcome.limit else "")
    peak = "unknown" if used.peak_memory_bytes is None else format_size(used.peak_memory_bytes)
    parts = [
        f"verdict: {paint(verdict)}",
        f"wall {used.wall_seconds:.2f} s",
        f"cpu {used.cpu_seconds:.2f} s",
        f"peak {peak} of {format_size(allowed_memory)}",
        f"output {used.output_bytes} bytes",
        f"calls {used.calls}",
    ]
    if used.model_calls:
        parts.append(f"model calls {used.model_calls} ({used.prompt_tokens + used.completion_tokens} tokens)")
    say(" · ".join(parts))
