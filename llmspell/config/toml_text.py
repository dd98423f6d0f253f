"""Settings as TOML again: one line for each value, such that reading the lines gives the same values.

This file keeps the rule that what is written can be shown: nothing in it can steer a terminal.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from llmspell.config.parts import Answer
from llmspell.config.refusal import dotted
from llmspell.config.schema import KEYS, Kind
from llmspell.config.tree import Setting, Tree, settings

_UNITS = (("G", 1024**3), ("M", 1024**2), ("K", 1024))
_ORDER = {name: at for at, name in enumerate(dict.fromkeys(key.path.split(".")[0] for key in KEYS))}


class Line(NamedTuple):
    """One value. `table` is the header that it stands under, empty at the top; `name` its key below that."""

    table: tuple[str, ...]
    name: tuple[str, ...]
    setting: Setting

    @property
    def path(self) -> tuple[str, ...]:
        """The whole key."""
        return self.table + self.name

    @property
    def value(self) -> str:
        """The value as TOML."""
        return toml_value(shown_value(self.setting))


def lines_of(tree: Tree) -> list[Line]:
    """The values of a tree, those at the top first, then table by table in the order of the schema's."""
    return sorted(_lines(tree), key=lambda line: (bool(line.table), _ORDER[line.path[0]], line.table))


def _lines(tree: Tree) -> Iterator[Line]:
    for path, setting in settings(tree):
        depth = setting.key.path.count(".") or int(setting.key.kind is Kind.TABLE)
        yield Line(path[:depth], path[depth:], setting)


def shown_value(setting: Setting) -> Any:
    """The value in the terms of TOML and JSON, as a file could say it."""
    value = setting.value
    if setting.key.kind is Kind.SIZE:
        return next((f"{value // size}{unit}" for unit, size in _UNITS if value and value % size == 0), value)
    if setting.key.kind is Kind.ANSWERS:
        return _answers(value)
    if setting.key.kind is Kind.PRICES:
        return {model: price._asdict() for model, price in value.items()}
    if setting.key.kind is Kind.MODELS and len(value) == 1:
        return value[0]
    return list(value) if isinstance(value, tuple) else value


def _answers(answers: tuple[Answer, ...]) -> Any:
    if all(each.exact for each in answers):
        return {each.match: each.answer for each in answers}
    return [{"match": each.match, "answer": each.answer} for each in answers]


def toml_value(value: Any) -> str:
    """A value on one line.

    >>> toml_value({"a b": [1, 2.0, True, "x\\x1b"]})
    '{ "a b" = [1, 2.0, true, "x\\\\u001b"] }'
    """
    match value:
        case bool():
            return str(value).lower()
        case str():
            return _quoted(value)
        case int():
            return str(value)
        case float():
            return repr(value) if math.isfinite(value) else f"{value:g}"
        case Mapping():
            return "{ " + ", ".join(f"{_key(name)} = {toml_value(item)}" for name, item in value.items()) + " }"
        case Iterable():
            return "[" + ", ".join(map(toml_value, value)) + "]"
    raise TypeError(f"{type(value).__name__} is no value of a configuration")


def toml_key(path: tuple[str, ...]) -> str:
    """A dotted key that TOML reads back."""
    return ".".join(map(_key, path))


def _key(name: str) -> str:
    return name if dotted((name,)) == name else _quoted(name)


def _quoted(text: str) -> str:
    """A basic string: what JSON writes, but for what cannot be printed."""
    return (
        '"'
        + "".join(char if char.isprintable() else _escape(char) for char in json.dumps(text, ensure_ascii=False)[1:-1])
        + '"'
    )


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
