"""What is said when a run asks for something else than was recorded.

The rule kept here: a message is short, ASCII, and holds what was recorded and what was asked; both are hostile text.
"""

from __future__ import annotations

import difflib
import json
from typing import Any

from llmspell.outcome import ScriptError, Verdict
from llmspell.sandbox.ending import Stopped
from llmspell.transcript.form import encode

KIND = "validation"
"""The `error.kind` of a divergence: what the script asked is not what the record has."""
MOST_LINES = 40
MOST_CHARACTERS = 160
_LOOKED_AT = 16 * 1024
_COMPARED = 400
"""Lines of each side that are compared: more take long."""


def call_lines(capability: str, arguments: Any) -> list[str]:
    """A call as lines of text."""
    text = encode(arguments)
    if len(text) > _LOOKED_AT:
        return [shown(capability), f"{text[:_LOOKED_AT]}... ({len(text):,} characters)"]
    laid_out = json.dumps(json.loads(text), indent=2, ensure_ascii=True, sort_keys=True)
    return [shown(capability), *laid_out.split("\n")][:_COMPARED]


def difference(recorded: list[str], asked: list[str]) -> str:
    """A unified diff, shortened."""
    lines = [
        _cut(line.rstrip("\n")) for line in difflib.unified_diff(recorded, asked, "recorded", "asked", lineterm="", n=2)
    ]
    left = len(lines) - MOST_LINES
    return "\n".join(lines[:MOST_LINES] + ([f"... {left:,} more lines"] if left > 0 else []))


def shown(text: str) -> str:
    """Hostile text, in ASCII and on one line."""
    return ascii(text[:MOST_CHARACTERS])[1:-1]


def diverged(happened: str, script: str, difference: str = "", *, advice: str = "") -> Stopped:
    """The end of a run that left its record."""
    message = f"the replay diverged at {happened}{advice}{chr(10) if difference else ''}{difference}"
    return Stopped(Verdict.ERROR, ScriptError(KIND, message, script))


def _cut(line: str) -> str:
    return line if len(line) <= MOST_CHARACTERS else f"{line[:MOST_CHARACTERS]}..."
