"""What the text tool can do to a text: plain functions, each linear in its input and bounded in its output.

The rule kept here: no regular expression, and no list of words, lines or characters, which takes up to 80 times the
text; a function whose output can be much longer than its input is told the most characters and raises `TooLongError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import StringIO

_WORDS_AT_ONCE = 4096


class TooLongError(ValueError):
    """The result would have more characters than allowed."""


def replaced(text: str, old: str, new: str, most: int) -> str:
    """Every `old` as `new`, literally."""
    if len(text) + text.count(old) * (len(new) - len(old)) > most:
        raise TooLongError
    return text.replace(old, new)


def lines(text: str) -> Iterator[str]:
    """The lines without their ends; a last line end begins no further line."""
    for line in StringIO(text, newline="\n"):
        yield line.removesuffix("\n").removesuffix("\r")


def words(text: str) -> Iterator[str]:
    """What stands between white space."""
    while True:
        found = text.split(None, _WORDS_AT_ONCE)
        text = found.pop() if len(found) > _WORDS_AT_ONCE else ""
        yield from found
        if not text:
            return


def _joined(parts: Iterable[str], delimiter: str) -> str:
    """`delimiter.join(parts)`, which would make a list of them first."""
    made = StringIO(newline="\n")
    before = ""
    for part in parts:
        made.write(before + part)
        before = delimiter
    return made.getvalue()


def _lines_joined(made: Iterable[str], like: str) -> str:
    return _joined(made, "\n") + ("\n" if like.endswith("\n") else "")


def normalized_whitespace(text: str) -> str:
    """One space between the words, and none around them."""
    return _joined(words(text), " ")


def snake_case(text: str) -> str:
    """`HTTPServer` as `httpserver`, `someName` as `some_name`: capitals begin words."""
    made = StringIO(newline="\n")
    after_capital = True
    for char in text:
        if char.isupper():
            made.write(char.lower() if after_capital else "_" + char.lower())
            after_capital = True
        else:
            made.write(char)
            after_capital = False
    return made.getvalue()


def pascal_case(text: str) -> str:
    """`some_name` as `SomeName`: words begin after `_` and `-`."""
    made = StringIO(newline="\n")
    begins = True
    for char in text:
        if char in "_-":
            begins = True
        else:
            made.write(char.upper() if begins else char)
            begins = False
    return made.getvalue()


def camel_case(text: str) -> str:
    """`some_name` as `someName`."""
    made = pascal_case(text)
    return made if text.startswith(("_", "-")) else made[:1].lower() + made[1:]


def sanitized(text: str) -> str:
    """Printable ASCII, tabs and line ends only, without spaces at the ends."""
    return "".join(char for char in text.strip(" ") if char in "\n\t" or " " <= char <= "~")


def truncated(text: str, most: int) -> str:
    """The text cut to `most` characters, the last three of them `...`."""
    if len(text) <= most:
        return text
    return "..."[:most] if most <= 3 else text[: most - 3] + "..."


def indented(text: str, spaces: int, most: int) -> str:
    """Every line after that many spaces."""
    count = text.count("\n") + (not text.endswith("\n"))
    if len(text) + count * spaces > most:
        raise TooLongError
    return _lines_joined((" " * spaces + line for line in lines(text)), text)


def dedented(text: str) -> str:
    """Without the indentation that all lines share; blank lines do not count."""
    shared = min((len(line) - len(line.lstrip()) for line in lines(text) if line.strip()), default=0)
    return _lines_joined((line[shared:] if len(line) >= shared else line for line in lines(text)), text)


def wrapped(text: str, width: int, most: int) -> str:
    """Lines of at most `width` characters, broken between words, and inside a word that is longer."""
    made = StringIO(newline="\n")
    before = ""
    for line in lines(text):
        for piece in (line,) if len(line) <= width else _broken(line, width):
            made.write(before + piece)
            before = "\n"
            if made.tell() > most:
                raise TooLongError
    return made.getvalue()


def _broken(line: str, width: int) -> Iterator[str]:
    current = ""
    for word in words(line):
        if current and len(current) + 1 + len(word) <= width:
            current += " " + word
            continue
        if current:
            yield current
        last = max(len(word) - 1, 0) // width * width
        for at in range(0, last, width):
            yield word[at : at + width]
        current = word[last:]
    if current:
        yield current
