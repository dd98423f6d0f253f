"""What is known of an error that nobody caught, and where in the script it was.

The rule kept here: stacks are text that a script may have had a hand in; they are read line by line, and whatever is
no frame is passed over. Frames of the adapter are never shown.
"""

from __future__ import annotations

_ADAPTER = "llmspell/"
_MOST_FRAMES = 30
_LONGEST = 1024
_INDENT = "    at "


class Frame:
    """One frame: the file, line, column (0 where unknown) and the function's name."""

    __slots__ = ("column", "file", "line", "name")

    def __init__(self, file: str, line: int, column: int, name: str) -> None:
        self.file, self.line, self.column, self.name = file, line, column, name

    def __str__(self) -> str:
        named = "main" if self.name in ("", "<eval>", "<anonymous>") else f"function {self.name}"
        return f"{self.file.removeprefix('./')}:{self.line}: in {named}"[:_LONGEST]


class Described:
    """An error: its kind and message, its frames; whether it is of the parser, and whether it is for want of memory."""

    __slots__ = ("causes", "frames", "is_null", "kind", "memory", "message", "syntax")

    def __init__(self, about: dict[str, object]) -> None:
        self.kind, self.message = str(about["kind"]), str(about["message"])
        self.frames = frames_of(str(about["stack"]))
        causes = about["causes"]
        assert isinstance(causes, list)  # the adapter's own
        self.causes = [(str(cause["message"]), frames_of(str(cause["stack"]))) for cause in causes]
        self.syntax = about["syntax"] is True and about.get("ours") is not True
        self.memory = about["memory"] is True
        self.is_null = about["none"] is True

    def rows(self) -> list[str]:
        """The frames as text, and behind them each cause with its own."""
        rows = [str(frame) for frame in self.frames]
        for message, frames in self.causes:
            rows.append(f"caused by {message}")
            rows += map(str, frames)
        return rows

    def line_in(self, file: str) -> int | None:
        """The line of the innermost frame in a file."""
        place = self.place_in(file)
        return place[0] if place else None

    def place_in(self, file: str) -> tuple[int, int] | None:
        """The line and column of the innermost frame in a file."""
        return next(((frame.line, frame.column) for frame in self.frames if frame.file == file), None)


def frames_of(stack: str) -> list[Frame]:
    """The frames of script and modules, innermost first.

    >>> [str(frame) for frame in frames_of("    at pour (spell.js:3:7)\\n    at map (native)\\n    at spell.js:9:1")]
    ['spell.js:3: in function pour', 'spell.js:9: in main']
    """
    frames = []
    for row in stack.split("\n"):
        if not row.startswith(_INDENT):
            continue
        name, opened, place = row[len(_INDENT) :].rpartition(" (")
        if opened:
            place = place.removesuffix(")")
        file, line, column = _split(place)
        if file and not file.startswith(_ADAPTER):
            frames.append(Frame(file, line, column, name))
            if len(frames) == _MOST_FRAMES:
                break
    return frames


def _split(place: str) -> tuple[str, int, int]:
    parts = place.rsplit(":", 2)
    if len(parts) == 3 and all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts[1:]):
        return parts[0], int(parts[1]), int(parts[2])
    return "", 0, 0
