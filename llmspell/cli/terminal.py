"""What a person sees on stderr: errors of a script, the verdict, complaints. Plain text; colour only on a terminal.

The rule kept here: every name and message is escaped, because scripts, files and models choose them.
"""

from __future__ import annotations

import os
import re
import sys

from llmspell.limits import format_size
from llmspell.outcome import Outcome, ScriptError, Verdict

MAX_LINE = 160
_SGR = re.compile(rb"\x1b\[[0-9;:]{0,40}m")
_CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]")


def escaped(text: str) -> str:
    """Text in which nothing can steer a terminal; line breaks stay.

    >>> escaped("a\\x1b[31mb")
    'a\\\\x1b[31mb'
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\n" else ascii(char)[1:-1] for char in text)


def tamed(data: bytes) -> bytes:
    """Output of an untrusted script for a terminal: colours pass, every other control sequence is shown escaped.

    >>> tamed(b"\\x1b[31mred\\x1b[0m \\x1b]0;title\\x07")
    b'\\x1b[31mred\\x1b[0m \\\\x1b]0;title\\\\x07'
    """
    parts, at = [], 0
    for colour in _SGR.finditer(data):
        parts += [_escape_controls(data[at : colour.start()]), colour.group()]
        at = colour.end()
    return b"".join([*parts, _escape_controls(data[at:])])


def _escape_controls(data: bytes) -> bytes:
    return _CONTROL.sub(lambda match: "".join(f"\\x{byte:02x}" for byte in match.group()).encode(), data)


class Colours:
    """Whether and how words are coloured on stderr."""

    def __init__(self, when: str) -> None:
        self._on = when == "always" or (
            when == "auto"
            and sys.stderr.isatty()
            and not os.environ.get("NO_COLOR")
            and os.environ.get("TERM") != "dumb"
        )

    def red(self, text: str) -> str:
        """The text, bold and red where there is colour."""
        return f"\x1b[1;31m{text}\x1b[0m" if self._on else text

    def green(self, text: str) -> str:
        """The text, bold and green where there is colour."""
        return f"\x1b[1;32m{text}\x1b[0m" if self._on else text

    def faint(self, text: str) -> str:
        """The text, faint where there is colour."""
        return f"\x1b[2m{text}\x1b[0m" if self._on else text


def complain(message: str) -> None:
    """One line about what was typed or set up, on stderr."""
    print(f"llmspell: {escaped(message)}", file=sys.stderr)


def show_error(outcome: Outcome, source: bytes | None, colours: Colours) -> None:
    """Why a run did not end well: place, message, the line with a marker, and the script's own traceback."""
    error = outcome.error
    if error is None:
        return
    place = ""
    if error.file is not None:
        place = escaped(error.file) + (f":{error.line}" if error.line else "") + ": "
    word = "cancelled" if outcome.verdict is Verdict.CANCELLED else outcome.verdict.value
    if error.kind not in ("runtime", "limit", "denied", "crash", word):
        word = f"{word} ({error.kind})"
    lines = [f"{colours.red(word)}: {place}{escaped(error.message)}"]
    lines += _marked_line(error, outcome.script_name, source, colours)
    if len(error.traceback) > 1:
        lines.append(colours.faint("traceback:"))
        lines += [colours.faint(f"  {escaped(row)}") for row in error.traceback]
    if outcome.diagnostics:
        lines.append(colours.faint(f"the worker said: {escaped(outcome.diagnostics)}"))
    print("\n".join(lines), file=sys.stderr, flush=True)


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
    print(" · ".join(parts), file=sys.stderr, flush=True)
