"""How a configuration error is worded: where, which key, what was expected, the next step.

This file keeps the rule that hostile text (names of files, keys, values) reaches no terminal raw.
"""

from __future__ import annotations

import re
from collections.abc import Callable

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


class Refusal(ConfigError):
    """One fault: in which file or variable, on which line if that can be told, of which key if of one, and what.

    All of it is fit to be shown. `advice` is what to do about it, where that is the same for several faults.
    """

    def __init__(self, where: str, line: int | None, key: str | None, problem: str, advice: str = "") -> None:
        place = f"{where}, line {line}" if line else where
        self.fault = f"{place}: {key}: {problem}" if key else f"{place}: {problem}"
        super().__init__(f"{self.fault}: {advice}" if advice else self.fault)
        self.where = where
        self.line = line
        self.key = key
        self.problem = problem
        self.advice = advice


Report = Callable[[Refusal], None]
"""Takes a fault. Where it returns, what was wrong is left out and the rest is looked at."""


def raised(fault: Refusal) -> None:
    """The report of whoever cannot go on after the first fault."""
    raise fault


def refusal(where: str, line: int | None, path: tuple[str, ...], problem: str, advice: str = "") -> Refusal:
    """The error for one key, or for a whole file when `path` is empty."""
    return Refusal(shown(where, longest=4096), line, shown(dotted(path)) if path else None, problem, advice)
