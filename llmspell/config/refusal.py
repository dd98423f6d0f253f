"""How a configuration error is worded: where, which key, what was expected, the next step.

This file keeps the rule that hostile text (names of files, keys, values) reaches no terminal raw.
"""

from __future__ import annotations

import re

from llmspell.errors import ConfigError

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def shown(text: str, *, longest: int = 200) -> str:
    """The text with everything unprintable escaped, and its end left off beyond `longest` characters."""
    cut = text if len(text) <= longest else text[:longest] + "..."
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in cut)


def dotted(path: tuple[str, ...]) -> str:
    """A key as TOML writes it, for people and as the key of `Configuration.origins`.

    >>> dotted(("tools", "web-fetch", "max_calls")), dotted(("script", "a b"))
    ('tools.web-fetch.max_calls', 'script."a b"')
    """
    return ".".join(part if _BARE.fullmatch(part) else '"' + part.replace('"', '\\"') + '"' for part in path)


def refusal(where: str, line: int | None, path: tuple[str, ...], problem: str) -> ConfigError:
    """The error for one key, or for a whole file when `path` is empty."""
    place = shown(where, longest=4096) + (f", line {line}" if line else "")
    return ConfigError(f"{place}: {shown(dotted(path))}: {problem}" if path else f"{place}: {problem}")
