"""A conversation with `llmspell repl` on a real terminal."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.programs import SECONDS, Place, Terminal

ASKS = b"\x1b[?2004h"
"""What the terminal is told when keys are waited for: pasted text shall be marked."""


class Talk:
    """A conversation with a prompt: what was shown is looked through once, from its begin to its end."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self._at = 0

    def see(self, text: bytes) -> bytes:
        """Waits until `text` is shown; what was shown up to it since the last time."""
        terminal = self.terminal
        while (found := terminal.shown.find(text, self._at)) < 0:
            assert select.select([terminal.master], [], [], SECONDS)[0], (
                f"no {text!r} in {terminal.shown[self._at :]!r}"
            )
            terminal.shown += os.read(terminal.master, 65536)
        begin, self._at = self._at, found + len(text)
        return terminal.shown[begin : self._at]

    def say(self, line: bytes) -> bytes:
        """Types a statement; what is shown until the next one is asked for."""
        self.terminal.press(line + b"\r")
        return self.see(ASKS)


@contextmanager
def talking(place: Place, *options: str) -> Iterator[Talk]:
    """A prompt that waits for the first statement."""
    with place.where(PROMPT_TOOLKIT_NO_CPR="1").terminal("repl", *options) as terminal:
        talk = Talk(terminal)
        talk.see(ASKS)
        yield talk


def history(place: Place) -> Path:
    """Where what was typed is kept."""
    return place.home / ".local" / "state" / "llmspell" / "repl-history"
