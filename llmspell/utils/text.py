"""Text for people: cut, wrapped, spelled another way, and no character that a person sees is ever split.

What a person sees as one character can be several in a `str`: a letter with its accents, a flag, a family joined of
four people. The rule for where one ends is that of Unicode's annex 29, without its lines on Hangul jamo and Indic
conjuncts, which are rare outside of decomposed text.
"""

from __future__ import annotations

import unicodedata

_JOINER = "\u200d"


def truncate(text: str, max_length: int, ellipsis: str = "...") -> str:
    """At most `max_length` characters of a text, the last ones `ellipsis` if it was cut.

    >>> truncate("the quick brown fox", 12)
    'the quick...'
    >>> truncate("cafe\\u0301s", 4, "")  # the accent would be cut off its letter
    'caf'
    """
    if len(text) <= max_length:
        return text
    room = max_length - len(ellipsis)
    if room < 0:
        return ellipsis[: max(0, max_length)]
    return text[: _break_before(text, room)] + ellipsis


def word_wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` characters, broken between words, and within a word that is longer.

    Line ends of the text stay. A line is over `width` only if what a person sees as one character is.

    >>> word_wrap("the quick brown fox\\njumps", 10)
    ['the quick', 'brown fox', 'jumps']
    """
    if width < 1:
        raise ValueError(f"width is {width}: a line holds at least one character")
    made: list[str] = []
    for line in text.splitlines():
        made.extend([line] if len(line) <= width else _wrapped(line.split(), width))
    return made


def to_snake_case(text: str) -> str:
    """The words of a name in lower case, joined by `_`.

    >>> to_snake_case("parseHTTPRequest 2nd-try")
    'parse_http_request_2nd_try'
    """
    return "_".join(word.lower() for word in _words(text))


def to_kebab_case(text: str) -> str:
    """The same, joined by `-`: as tools are named.

    >>> to_kebab_case("uuid_generator")
    'uuid-generator'
    """
    return "-".join(word.lower() for word in _words(text))


def to_camel_case(text: str) -> str:
    """The words of a name joined, each but the first with a capital.

    >>> to_camel_case("max_conversation_length")
    'maxConversationLength'
    """
    pascal = to_pascal_case(text)
    first = len(_words(text)[0]) if pascal else 0
    return pascal[:first].lower() + pascal[first:]


def to_pascal_case(text: str) -> str:
    """The words of a name joined, each with a capital.

    >>> to_pascal_case("uuid-generator")
    'UuidGenerator'
    """
    return "".join(word[:1].upper() + word[1:].lower() for word in _words(text))


def _break_before(text: str, at: int) -> int:
    """The last place up to `at` where `text` may be cut."""
    while 0 < at < len(text) and _is_joined(text, at):
        at -= 1
    return at


def _is_joined(text: str, at: int) -> bool:
    """Whether what stands before and after `at` is one character for a person."""
    before, after = text[at - 1], text[at]
    if after in (_JOINER, "\n"):
        return after == _JOINER or before == "\r"
    if before == _JOINER or unicodedata.category(after).startswith("M"):
        return True
    if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":  # skin tones, tags of flags
        return True
    return _is_regional(before) and _is_regional(after) and _regionals_before(text, at) % 2 == 1


def _is_regional(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _regionals_before(text: str, at: int) -> int:
    """How many letters of flags end at `at`: two make a flag."""
    begin = at
    while begin > 0 and _is_regional(text[begin - 1]):
        begin -= 1
    return at - begin


def _wrapped(words: list[str], width: int) -> list[str]:
    made: list[str] = []
    line = ""
    for word in words:
        if line and len(line) + 1 + len(word) <= width:
            line += " " + word
            continue
        if line:
            made.append(line)
        *full, line = _pieces(word, width)
        made += full
    return [*made, line] if line else made


def _pieces(word: str, width: int) -> list[str]:
    made: list[str] = []
    begin = 0
    while len(word) - begin > width:
        end = _break_before(word, begin + width)
        if end <= begin:  # one character for a person, and longer than a line
            end = begin + width
            while end < len(word) and _is_joined(word, end):
                end += 1
        made.append(word[begin:end])
        begin = end
    return [*made, word[begin:]] if begin < len(word) else made


def _words(text: str) -> list[str]:
    """The words of a name: they end at what is no letter or digit, and where capitals begin or end."""
    words: list[str] = []
    begin: int | None = None
    for at, char in enumerate(text):
        if not (char.isalnum() or unicodedata.category(char).startswith("M")):
            if begin is not None:
                words.append(text[begin:at])
            begin = None
        elif begin is None:
            begin = at
        elif char.isupper() and (not text[at - 1].isupper() or text[at + 1 : at + 2].islower()):
            words.append(text[begin:at])
            begin = at
    return words if begin is None else [*words, text[begin:]]
