"""On which line each key of a TOML document stands, which `tomllib` does not tell.

Theory of operation. One pass over text that `tomllib` has accepted, so nothing is checked here: strings and comments
are taken whole, and of what is left only brackets, braces, commas, `=` and line breaks matter. Keys become a tree, not
a table of paths, and no step looks back, so that a hostile document costs time and memory in proportion to its size.
"""

from __future__ import annotations

import re
import tomllib

# Possessive throughout, so that no text is gone over twice.
_TOKEN = re.compile(
    r'''(?P<string>"""(?:[^"\\]|\\.|"{1,2}+(?!"))*+"{3,5}+|\'\'\'(?:[^\']|\'{1,2}+(?!\'))*+\'{3,5}+)'''
    r"""|(?P<quoted>"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
    r"""|(?P<comment>\#[^\n]*+)"""
    r"""|(?P<bare>[A-Za-z0-9_-]++)"""
    r"""|(?P<sign>[\[\]{}=,.\n])"""
    r"""|(?P<rest>[^\[\]{}=,.\n"'\#A-Za-z0-9_-]++)""",
    re.DOTALL,
)


class KeyLines:
    """The lines of the keys in `text`: a tree in which a name leads to a line and the names below it."""

    __slots__ = ("_below", "_line")

    def __init__(self, line: int = 0) -> None:
        self._line = line
        self._below: dict[str, KeyLines] | None = None

    def line_of(self, path: tuple[str, ...]) -> int | None:
        """The line of the statement that brings the key into being; None for a key that is not there."""
        node: KeyLines | None = self
        for name in path:
            node = node._below.get(name) if node is not None and node._below is not None else None
        return node._line if node is not None and path else None

    def _at(self, names: list[str], line: int) -> KeyLines:
        node = self
        for name in names:
            below = node._below
            if below is None:
                below = node._below = {}
            node = below.setdefault(name, KeyLines(line)) if name not in below else below[name]
        return node


class _Reading:
    """Where in the document the pass is. `open_` holds, for each open bracket, the table in it, or None for a list."""

    def __init__(self) -> None:
        self.root = KeyLines()
        self.table = self.root
        self.names: list[str] = []
        self.in_key = True
        self.in_header = False
        self.value = self.root
        self.open_: list[KeyLines | None] = []

    def sign(self, sign: str, line: int) -> None:
        """A bracket, brace, comma, `=` or line break outside of strings and comments."""
        if self.in_key and not self.open_ and sign in "[]":
            self._header(sign, line)
        elif sign == "\n":
            if not self.open_:
                self.in_key, self.in_header, self.names = True, False, []
        elif sign == "=":
            self.value = self._table()._at(self.names, line)
            self.in_key, self.names = False, []
        elif sign == "{":
            self.open_.append(KeyLines() if self._in_list() else self.value)
            self.in_key, self.names = True, []
        elif sign == "[":
            self.open_.append(None)
        elif sign in "]}":
            self.open_.pop()
            self.in_key = False
        elif sign == ",":
            self.in_key, self.names = not self._in_list(), []

    def _header(self, sign: str, line: int) -> None:
        if sign == "[":
            self.in_header = True
        elif self.in_header:
            found = self.root._at(self.names, line)
            self.table, self.in_header = found, False

    def _in_list(self) -> bool:
        return bool(self.open_) and self.open_[-1] is None

    def _table(self) -> KeyLines:
        inner = self.open_[-1] if self.open_ else None
        return self.table if inner is None else inner


def key_lines(text: str) -> KeyLines:
    """The lines of the keys in text that is TOML.

    >>> found = key_lines('[limits]\\n# memory = 1\\nmemory = "64M"\\n')
    >>> found.line_of(("limits", "memory")), found.line_of(("limits", "cpu"))
    (3, None)
    """
    reading = _Reading()
    line = 1
    for token in _TOKEN.finditer(text):
        word = token[0]
        match token.lastgroup:
            case "sign":
                reading.sign(word, line)
                line += word == "\n"
            case "string":
                line += word.count("\n")
            case "quoted" if reading.in_key:
                reading.names.append(tomllib.loads(f"x = {word}")["x"])
            case "bare" if reading.in_key:
                reading.names.append(word)
    return reading.root
