"""Well-formed words of `run`, `exec` and `sandbox`, read without loading click.

The rule kept here: when in doubt, None. Whatever is not plainly one of the options, with a value that parses, is left
to click, which reads the same table and says what is wrong; a test holds both to the same answers.
"""

from llmspell.cli.choices import Choices
from llmspell.cli.options import OPTIONS, Option
from llmspell.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def read_words(words: list[str]) -> tuple[list[str], Choices] | None:
    """The arguments and the choices in what follows the command's name; None if click has to say more.

    >>> arguments, choices = read_words(["a.lua", "--mem=64M", "x", "--", "--depth"])
    >>> arguments, choices.memory
    (['a.lua', 'x', '--depth'], 67108864)
    >>> read_words(["a.lua", "--mem=much"])
    """
    arguments: list[str] = []
    chosen: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        if word == "--":
            arguments += rest
        elif word == "-" or not word.startswith("-"):
            arguments.append(word)
        elif not _choose(word, rest, chosen):
            return None
    return (arguments, Choices(**chosen)) if arguments else None


def _choose(word: str, rest: "Iterator[str]", chosen: "dict[str, Any]") -> bool:
    """Takes an option and its value; whether that was possible."""
    name, equals, value = word.partition("=")
    option = next((one for one in OPTIONS if name in "/".join(one.names).split("/")), None)
    if option is None:
        return name == "-vv" and not equals and _choose("-v", rest, chosen) and _choose("-v", rest, chosen)
    if option.flag or option.counted:
        chosen[option.field] = chosen.get(option.field, 0) + 1 if option.counted else not name.startswith("--no-")
        return not equals
    if not equals:
        given = next(rest, None)
        if given is None:
            return False
        value = given
    return _parse(option, value, chosen)


def _parse(option: Option, value: str, chosen: "dict[str, Any]") -> bool:
    try:
        parsed = option.parse(value)
    except UsageError:
        return False
    if option.choices and value not in option.choices:
        return False
    chosen[option.field] = (*chosen.get(option.field, ()), parsed) if option.repeatable else parsed
    return True
