"""How each kind of value is read: from what TOML gave, and from the text of a variable.

This file keeps the rule that an error says what was expected, and shows what was there only where no
secret can be: somebody will paste a key where the *name* of its variable belongs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from llmspell.config.readers import (
    MAX_INTEGER,
    MOST_RETRIES,
    Folders,
    as_flag,
    as_is,
    as_list,
    as_model,
    as_number,
    as_toml,
    read_address,
    read_answers,
    read_command,
    read_count,
    read_delay,
    read_each,
    read_flag,
    read_host,
    read_matching,
    read_models,
    read_money,
    read_name,
    read_options,
    read_path,
    read_prices,
    read_rate,
    read_retries,
    read_seconds,
    read_size,
    read_table,
    read_text,
    read_tool,
)
from llmspell.config.schema import Kind
from llmspell.errors import ConfigError, UsageError

MAX_DEPTH = 32
"""How deep a free table may be nested: what a script is given travels, and the wire takes 48 levels."""

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TYPE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SUFFIX = re.compile(r"\.[A-Za-z0-9][A-Za-z0-9_.+-]{0,19}")


def read(kind: Kind, value: object, folders: Folders) -> Any:
    """The value of a key; raises ValueError with what was expected."""
    reader = _READERS[kind]
    try:
        return reader.read(value, folders)
    except (ValueError, UsageError):
        raise ValueError(f"expected {reader.expected}, got {_described(value, secret=reader.secret)}") from None


def read_variable(kind: Kind, text: str, folders: Folders) -> Any:
    """The value of a variable, its text parsed by the key's kind; raises ValueError as `read` does."""
    reader = _READERS[kind]
    try:
        value = reader.from_text(text)
    except (ValueError, ConfigError):
        raise ValueError(f"expected {reader.expected}, written as in a TOML file") from None
    return read(kind, value, folders)


def read_free(value: Any, depth: int = 0) -> Any:
    """A value of a free table as it can travel to a script; dates and times become ISO text.

    Raises ValueError for an integer of over 64 bits and for nesting of over 32 levels.
    """
    if depth > MAX_DEPTH:
        raise ValueError(f"expected at most {MAX_DEPTH} levels of tables and arrays")
    match value:
        case dict():
            return {name: read_free(item, depth + 1) for name, item in value.items()}
        case list():
            return [read_free(item, depth + 1) for item in value]
        case int() if not -MAX_INTEGER - 1 <= value <= MAX_INTEGER:
            raise ValueError("expected an integer of at most 64 bits")
        case str() | int() | float():
            return value
    return value.isoformat()


class _Reader(NamedTuple):
    expected: str
    read: Callable[[object, Folders], Any]
    from_text: Callable[[str], object] = as_is
    secret: bool = False


_READERS: dict[Kind, _Reader] = {
    Kind.NAME: _Reader("a name: text without spaces, at most 200 characters", read_name),
    Kind.TEXT: _Reader("text", read_text),
    Kind.FLAG: _Reader("true or false", read_flag, as_flag),
    Kind.SIZE: _Reader('a size, like "64M" or a number of bytes', read_size),
    Kind.COUNT: _Reader("a whole number, 0 or more", read_count, as_number),
    Kind.SECONDS: _Reader("a number of seconds above 0, like 2.5", read_seconds, as_number),
    Kind.DELAY: _Reader("a number of seconds, 0 or more", read_delay, as_number),
    Kind.MONEY: _Reader("an amount of US dollars, 0 or more", read_money, as_number),
    Kind.URL: _Reader(
        "an address like https://host:8000/v1, without user, password or query",
        read_address,
        secret=True,
    ),
    Kind.VARIABLE: _Reader(
        "the name of an environment variable (keys never stand in files)",
        read_matching(_VARIABLE),
        secret=True,
    ),
    Kind.PROVIDER_TYPE: _Reader('"echo", "litellm" or the name of a plugin\'s type', read_matching(_TYPE)),
    Kind.RETRIES: _Reader(f"a whole number from 0 to {MOST_RETRIES}", read_retries, as_number),
    Kind.RATE: _Reader("a whole number, 1 or more", read_rate, as_number),
    Kind.PRICES: _Reader(
        "a table of prices by model, each {prompt = USD, completion = USD} per million tokens", read_prices, as_toml
    ),
    Kind.OPTIONS: _Reader("a table of texts, numbers and flags", read_options, as_toml),
    Kind.NAMES: _Reader("a list of names", read_each(read_name), as_list),
    Kind.MODELS: _Reader("a model as provider/model, or a list of such models", read_models, as_model),
    Kind.HOSTS: _Reader("a list of hosts, like localhost or api.example.com:443", read_each(read_host), as_list),
    Kind.TOOLS: _Reader("a list of tools' names", read_each(read_tool), as_list),
    Kind.PATHS: _Reader("a list of paths", read_each(read_path), as_list),
    Kind.VARIABLES: _Reader("a list of variables' names", read_each(read_matching(_VARIABLE)), as_list),
    Kind.SUFFIXES: _Reader('a list of suffixes, like [".txt"]', read_each(read_matching(_SUFFIX)), as_list),
    Kind.COMMAND: _Reader("a list of a program and its arguments", read_command, as_toml),
    Kind.ANSWERS: _Reader(
        "a table of answers by input, or a list of {match = TEXT, answer = TEXT}", read_answers, as_toml
    ),
    Kind.TABLE: _Reader("a table", read_table, as_toml),
}


def _described(value: object, *, secret: bool) -> str:
    match value:
        case str():
            return "other text" if secret else f"the text {value[:80]!r}"
        case bool():
            return str(value).lower()
        case int():
            return f"the number {value}" if value.bit_length() <= 128 else "a number of over 128 bits"
        case float():
            return f"the number {value}"
        case list():
            return "such a list" if value else "an empty list"
        case dict():
            return "a table"
    return "a date or time"
