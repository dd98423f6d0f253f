"""What the text tool can do to a text: plain functions, each linear in its input and bounded in its output.

The rule kept here: no regular expression; a function whose output can be much longer than its input is
told the most characters and raises `TooLongError` before it builds them.
"""

from __future__ import annotations

from io import StringIO


class TooLongError(ValueError):
    """The result would have more characters than allowed."""


def replaced(text: str, old: str, new: str, most: int) -> str:
    """Every `old` as `new`, literally."""
    if len(text) + text.count(old) * (len(new) - len(old)) > most:
        raise TooLongError
    return text.replace(old, new)


def lines(text: str) -> list[str]:
    """The lines without their ends; a last line end begins no further line."""
    found = [line.removesuffix("\r") for line in text.split("\n")]
    return found[:-1] if found[-1] == "" else found


def _joined(made: list[str], like: str) -> str:
    return "\n".join(made) + ("\n" if like.endswith("\n") else "")


def snake_case(text: str) -> str:
    """`HTTPServer` as `httpserver`, `someName` as `some_name`: capitals begin words."""
    made = StringIO()  # a list of the lowered characters takes 60 times the text
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
    return "".join(word[:1].upper() + word[1:] for word in text.replace("-", "_").split("_"))


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
    found = lines(text)
    if len(text) + len(found) * spaces > most:
        raise TooLongError
    return _joined([" " * spaces + line for line in found], text)


def dedented(text: str) -> str:
    """Without the indentation that all lines share; blank lines do not count."""
    found = lines(text)
    widths = [len(line) - len(line.lstrip()) for line in found if line.strip()]
    shared = min(widths, default=0)
    return _joined([line[shared:] if len(line) >= shared else line for line in found], text)


def wrapped(text: str, width: int) -> str:
    """Lines of at most `width` characters, broken between words, and inside a word that is longer."""
    made: list[str] = []
    for line in lines(text):
        made.extend([line] if len(line) <= width else _broken(line.split(), width))
    return "\n".join(made)


def _broken(words: list[str], width: int) -> list[str]:
    made: list[str] = []
    current: list[str] = []
    used = 0
    for word in words:
        if current and used + 1 + len(word) <= width:
            current.append(word)
            used += 1 + len(word)
            continue
        if current:
            made.append(" ".join(current))
        pieces = [word[at : at + width] for at in range(0, len(word), width)]
        made.extend(pieces[:-1])
        current, used = [pieces[-1]], len(pieces[-1])
    return [*made, " ".join(current)] if current else made
