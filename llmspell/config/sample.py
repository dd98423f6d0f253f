"""The commented sample that `config init` writes: every key, made from the table of keys.

This file keeps the rule that the sample configures nothing: each setting is a comment until somebody takes its `#`
away, and so is each table that an untrusted project's file may not even name.
"""

from __future__ import annotations

import tomllib
from itertools import groupby

from llmspell.config.schema import EXAMPLE_NAMES, KEYS, OPEN_TO_PROJECTS, Key, Kind
from llmspell.config.toml_text import toml_key, toml_value

_HEAD = """\
# The configuration of llmspell.
#
# Take away the `#` before a setting, and before the [table] that it stands in, to set it; what is shown for a limit is
# its default. `llmspell config check` says what is wrong, `llmspell config show` what holds and where it comes from.
# Keys of providers never stand here: `api_key_env` names the environment variable that holds one.
"""
_PROJECT = """\
#
# This is a project's file. Whoever clones the project must run `llmspell config trust` before it may set anything but
# `engine`, lower limits and [script].
"""


def sample(*, project: bool = False) -> str:
    """The text of the sample."""
    parts = [_HEAD + (_PROJECT if project else "")]
    tables = sorted(KEYS, key=lambda key: _table(key) != ())  # what stands in no table stands first
    for table, keys in groupby(tables, _table):
        lines = [line for key in keys for line in _lines(key)]
        header = [f"{'' if table[0] in OPEN_TO_PROJECTS else '#'}[{toml_key(table)}]"] if table else []
        parts.append("\n".join([*header, *_aligned(lines)]) + "\n")
    return "\n".join(parts)


def _table(key: Key) -> tuple[str, ...]:
    first, *rest = key.path.split(".")
    if key.kind is Kind.TABLE and not rest:
        return (first,)
    return tuple(EXAMPLE_NAMES[first] if name == "*" else name for name in [first, *rest][:-1])


def _lines(key: Key) -> list[tuple[str, str]]:
    """The settings that show a key, each with what is said of it."""
    first, *rest = key.path.split(".")
    if key.kind is Kind.TABLE and not rest:
        return [
            (f"#{toml_key((name,))} = {toml_value(value)}", key.says)
            for name, value in tomllib.loads(f"x = {key.example}")["x"].items()
        ]
    name = EXAMPLE_NAMES[first] if key.path.endswith("*") else key.path.rpartition(".")[2]
    return [(f"#{toml_key((name,))} = {key.example}", key.says)]


def _aligned(lines: list[tuple[str, str]]) -> list[str]:
    width = max(len(setting) for setting, _ in lines)
    return [f"{setting:<{width}}  # {says}" for setting, says in lines]
