"""Readers of single values: each takes what TOML gave and the folders, and gives the value.

A reader raises an empty ValueError (`kinds.py` knows what was expected), or UsageError where `limits.py`
parses for it.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from llmspell.config.document import parse
from llmspell.config.parts import Answer
from llmspell.limits import parse_seconds, parse_size
from llmspell.providers.settings import Price
from llmspell.tools.tool import canonical

MAX_INTEGER = 2**63 - 1
MOST_RETRIES = 10


class Folders(NamedTuple):
    """What paths are relative to: `base` is the folder of the file, `home` stands for `~`."""

    base: str
    home: str


def read_name(value: object, _: Folders) -> str:
    """Text of 1 to 200 printable characters without spaces."""
    if not isinstance(value, str) or not value or len(value) > 200 or not value.isprintable() or " " in value:
        raise ValueError
    return value


def read_models(value: object, folders: Folders) -> tuple[str, ...]:
    """One `provider/model`, or several of them in turn."""
    models = tuple(read_name(model, folders) for model in (value if isinstance(value, list) else [value]))
    if not models or not all(0 < model.find("/") < len(model) - 1 for model in models):
        raise ValueError
    return models


def read_text(value: object, _: Folders) -> str:
    """Any text."""
    if not isinstance(value, str):
        raise ValueError
    return value


def read_flag(value: object, _: Folders) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValueError
    return value


def read_size(value: object, _: Folders) -> int:
    """A size in bytes, by `limits.parse_size`."""
    if not isinstance(value, int | str) or isinstance(value, bool):
        raise ValueError
    return _within_64_bits(parse_size(value))


def read_count(value: object, _: Folders) -> int:
    """A whole number from 0 to 2^63 - 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError
    return _within_64_bits(value)


def read_retries(value: object, folders: Folders) -> int:
    """A whole number of at most `MOST_RETRIES`."""
    count = read_count(value, folders)
    if count > MOST_RETRIES:
        raise ValueError
    return count


def read_rate(value: object, folders: Folders) -> int:
    """A whole number from 1 on."""
    count = read_count(value, folders)
    if count < 1:
        raise ValueError
    return count


def _within_64_bits(value: int) -> int:
    if value > MAX_INTEGER:
        raise ValueError
    return value


def read_seconds(value: object, _: Folders) -> float:
    """A time above 0."""
    return parse_seconds(_number(value))


def read_delay(value: object, _: Folders) -> float:
    """A time, 0 included."""
    seconds = _number(value)
    return parse_seconds(seconds) if seconds != 0 else 0.0


def read_money(value: object, _: Folders) -> float:
    """A finite amount, 0 included."""
    amount = _number(value)
    if not 0 <= amount < math.inf:
        raise ValueError
    return amount


def _number(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError
    try:
        return float(value)
    except OverflowError:
        raise ValueError from None


def read_matching(pattern: re.Pattern[str]) -> Callable[[object, Folders], str]:
    """A reader of text that the pattern matches as a whole."""

    def check(value: object, _: Folders) -> str:
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            raise ValueError
        return value

    return check


_ADDRESS = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?(?:/[^\s?#@\x00-\x1f\x7f]*)?")
_PORTS = range(1, 65_536)


def read_address(value: object, _: Folders) -> str:
    """The address of a server, without user, password and query."""
    parts = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if parts is None or int(parts[1] or 80) not in _PORTS:
        raise ValueError
    return parts[0]


_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(?::[0-9]{1,5})?|\[?[0-9A-Fa-f:.]{2,45}\]?(?::[0-9]{1,5})?")


def read_host(value: object, _: Folders) -> str:
    """`host` or `host:port`, as `urlsplit` writes them: in small letters, an IPv6 address without brackets."""
    if not isinstance(value, str) or _HOST.fullmatch(value) is None:
        raise ValueError
    return value.lower().translate({ord("["): None, ord("]"): None})


def read_path(value: object, folders: Folders) -> str:
    """An absolute path: relative ones are joined to the folder, `~` is the home folder."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError
    if value == "~" or value.startswith("~/"):
        value = folders.home + value[1:]
    return os.path.normpath(os.path.join(folders.base, value))


def read_tool(value: object, folders: Folders) -> str:
    """A tool's name in kebab-case."""
    return canonical(read_name(value, folders))


def read_each(read_item: Callable[[object, Folders], str]) -> Callable[[object, Folders], tuple[str, ...]]:
    """A reader of lists, with the reader of one item."""

    def check(value: object, folders: Folders) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise ValueError
        return tuple(read_item(item, folders) for item in value)

    return check


def read_command(value: object, folders: Folders) -> tuple[str, ...]:
    """A program, found by name or by a path, and its arguments."""
    if (
        not isinstance(value, list)
        or not value
        or not all(isinstance(part, str) and "\0" not in part for part in value)
    ):
        raise ValueError
    program, *arguments = value
    return (read_path(program, folders) if "/" in program else read_name(program, folders), *arguments)


def read_answers(value: object, _: Folders) -> tuple[Answer, ...]:
    """Canned answers from a table or a list, in the order of the file."""
    if isinstance(value, dict):
        answers = [Answer(match, answer, exact=True) for match, answer in value.items()]
    elif isinstance(value, list) and all(
        isinstance(item, dict) and item.keys() == {"match", "answer"} for item in value
    ):
        answers = [Answer(item["match"], item["answer"], exact=False) for item in value]
    else:
        raise ValueError
    if not all(isinstance(text, str) for answer in answers for text in (answer.match, answer.answer)):
        raise ValueError
    return tuple(answers)


def read_prices(value: object, folders: Folders) -> dict[str, Price]:
    """What a million tokens cost, by model."""
    if not isinstance(value, dict):
        raise ValueError
    return {read_name(model, folders): _price(price, folders) for model, price in value.items()}


def _price(value: object, folders: Folders) -> Price:
    if not isinstance(value, dict) or value.keys() != {"prompt", "completion"}:
        raise ValueError
    return Price(read_money(value["prompt"], folders), read_money(value["completion"], folders))


def read_options(value: object, _: Folders) -> dict[str, str | int | float | bool]:
    """A table without tables, lists and dates in it."""
    if not isinstance(value, dict) or not all(isinstance(item, str | int | float) for item in value.values()):
        raise ValueError
    return value


def read_table(value: object, _: Folders) -> Any:
    """A table."""
    if not isinstance(value, dict):
        raise ValueError
    return value


def as_is(text: str) -> object:
    """The text itself."""
    return text


def as_number(text: str) -> object:
    """A number where the text is one."""
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def as_flag(text: str) -> object:
    """True or false where the text says so."""
    return {"true": True, "false": False}.get(text.lower(), text)


def as_list(text: str) -> object:
    """A TOML array, or names between commas; of an empty text the empty list."""
    return as_toml(text) if text.startswith("[") else [part.strip() for part in text.split(",") if part.strip()]


def as_model(text: str) -> object:
    """A name, or a list of them as `as_list` reads it."""
    return as_list(text) if text.startswith("[") or "," in text else text


def as_toml(text: str) -> object:
    """One TOML value; raises ValueError or ConfigError."""
    table = parse(f"value = {text}", "its text")
    if table.keys() != {"value"}:
        raise ValueError
    return table["value"]
