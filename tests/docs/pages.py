"""The pages that people read: README.md and docs/, their fenced blocks and their sections."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
FENCE = re.compile(r"^(`{3,})([a-z]*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!-- ((?:(?!-->).)*) -->\s*\Z", re.DOTALL)


class Block(NamedTuple):
    """A fenced block. `notes` are the HTML comments right above it; `output` is the `output` block right below it."""

    page: Path
    line: int
    language: str
    text: str
    notes: tuple[str, ...]
    output: str | None

    @property
    def place(self) -> str:
        """Where it stands, for the names of tests."""
        return f"{self.page.name}:{self.line}"

    def note(self, name: str) -> str | None:
        """What the comment `<!-- NAME: ... -->` says, or None."""
        for note in self.notes:
            if note == name or note.startswith(f"{name}: "):
                return note.removeprefix(name).removeprefix(": ")
        return None


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, each with the `output` block that belongs to it."""
    text = page.read_text()
    found = list(FENCE.finditer(text))
    for at, match in enumerate(found):
        after = found[at + 1] if at + 1 < len(found) else None
        follows = after is not None and after[2] == "output" and not text[match.end() : after.start()].strip()
        yield Block(
            page,
            text.count("\n", 0, match.start()) + 1,
            match[2],
            match[3],
            _notes(text[: match.start()]),
            after[3] if after is not None and follows else None,
        )


def all_blocks(*languages: str) -> list[Block]:
    """The blocks of every page in one of these languages."""
    return [block for page in PAGES for block in blocks(page) if block.language in languages]


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return FENCE.sub("", page.read_text())


def section(page: Path, heading: str) -> str:
    """The text under a heading, up to the next one of the same rank or above."""
    text = page.read_text()
    begin = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    assert begin is not None, f"{page.name} has no section {heading!r}"
    end = re.compile(rf"^#{{1,{len(begin[1])}}} ", re.MULTILINE).search(text, begin.end())
    return text[begin.end() : end.start() if end else len(text)]


def _notes(before: str) -> tuple[str, ...]:
    notes: list[str] = []
    while match := _COMMENT.search(before):
        notes.append(match[1])
        before = before[: match.start()]
    return tuple(notes)


def is_shown(wanted: str, printed: str) -> bool:
    """Whether `printed` is what a page shows: `...` stands for any text within a line, alone for any lines.

    >>> is_shown("peak ... MiB", "peak 13.2 MiB"), is_shown("a\\n...\\nd", "a\\nb\\nc\\nd"), is_shown("a", "b")
    (True, True, False)
    """
    pattern = "\n".join(
        "(?:.*\n?)*?" if line.strip() == "..." else ".*".join(map(re.escape, line.split("...")))
        for line in wanted.strip("\n").split("\n")
    ).replace("(?:.*\n?)*?\n", "(?:.*\n)*?")
    return re.fullmatch(pattern, printed.strip("\n")) is not None
