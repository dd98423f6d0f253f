"""What is expected of a run: `NAME.expect.toml`, read strictly.

The rule kept here: the file comes with the script, so it is hostile; a key that nobody knows is an error, because an
expectation that is not looked at is one that nobody has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from llmspell.config.document import parse
from llmspell.config.lines import key_lines
from llmspell.errors import ConfigError, UsageError, nearest
from llmspell.limits import MAX_SEED, Limits, parse_seconds, parse_size
from llmspell.outcome import Verdict

MAX_TEXTS = 100
_SIZES, _TIMES = ("memory", "output"), ("cpu", "wall")
_COUNTS = ("calls", "model_calls", "tokens")


class BadExpectationError(Exception):
    """An expectation that cannot be understood; `line` is where, if that is known."""

    def __init__(self, says: str, line: int | None) -> None:
        super().__init__(says)
        self.line = line


class Expectation(NamedTuple):
    """What is expected. None, or nothing in it, where nothing is; a `verdict` of None is the recorded one, or `ok`,
    or `error` where an exit status or a kind of error says so.

    `arguments`, `stdin` and `seed` are what the run is given. `has_value`: a `value` is expected, be it nothing.
    `usage` are the most that it may use, by the names of limits; `calls` how often each tool, agent or capability is
    called.
    """

    arguments: tuple[str, ...] = ()
    stdin: str = ""
    seed: int | None = None
    verdict: Verdict | None = None
    exit_status: int | None = None
    error_kind: str | None = None
    output: str | None = None
    output_contains: tuple[str, ...] = ()
    has_value: bool = False
    value: Any = None
    usage: Mapping[str, float] = {}
    calls: Mapping[str, int] = {}


def read_expectation(content: bytes, name: str) -> Expectation:
    """The expectation in a file. Raises BadExpectationError."""
    try:
        text = content.decode("utf-8").removeprefix("\ufeff")
        table = parse(text, name)
    except UnicodeDecodeError as error:
        raise BadExpectationError("it is no UTF-8", content.count(b"\n", 0, error.start) + 1) from None
    except ConfigError as error:
        raise BadExpectationError(str(error), None) from None
    fields: dict[str, Any] = {}
    for key, value in table.items():
        try:
            _known(key, KEYS)
            _check_whole_numbers(key, value)
            fields[key] = KEYS[key](value)
        except _Misfit as misfit:
            raise BadExpectationError(str(misfit), key_lines(text).line_of((key, *misfit.below))) from None
        except RecursionError:
            raise BadExpectationError(f"{key} is nested too deeply", None) from None
    if "value" in fields:
        fields["has_value"] = True
    return Expectation(**fields)


class _Misfit(Exception):
    def __init__(self, says: str, *below: str) -> None:
        super().__init__(says)
        self.below = below


def _known(key: str, known: Mapping[str, Any], *, what: str = "") -> None:
    if key not in known:
        close = nearest(key, list(known))
        hint = f"; did you mean {close}?" if close else f"; known are: {', '.join(known)}"
        raise _Misfit(f"there is no {what}{key[:60]!a}{hint}", *([key] if what else []))


def _check_whole_numbers(key: str, value: Any) -> None:
    """Everywhere in a value: TOML takes whole numbers of any length, and no run gives or takes them."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), value)]
    if type(value) is dict:
        waiting = [((name,), one) for name, one in value.items()]
    while waiting:
        below, one = waiting.pop()
        if type(one) is int and not -(2**63) <= one < 2**63:
            raise _Misfit(f"{'.'.join((key, *below))!a:.200} is a whole number of over 64 bits", *below)
        if type(one) in (dict, list):
            waiting += [(below, inner) for inner in (one.values() if type(one) is dict else one)]


def _text(value: Any) -> str:
    if type(value) is not str:
        raise _Misfit(f"it has to be text, not {_kind(value)}")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if type(value) is str:
        return (value,)
    if type(value) is not list or len(value) > MAX_TEXTS or not all(type(one) is str for one in value):
        raise _Misfit(f"it has to be a list of at most {MAX_TEXTS} texts, not {_kind(value)}")
    return tuple(value)


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise _Misfit(f"it has to be a whole number from {least} to {most}, not {_kind(value)}")
        return value

    return read


def _verdict(value: Any) -> Verdict:
    words = [one.value for one in Verdict if one is not Verdict.CANCELLED]
    if value not in words:
        raise _Misfit(f"it has to be one of {', '.join(words)}, not {_kind(value)}")
    return Verdict(value)


def _usage(value: Any) -> dict[str, float]:
    if type(value) is not dict:
        raise _Misfit(f"it has to be a table of limits, not {_kind(value)}")
    readers: dict[str, Callable[[Any], float]] = {
        **dict.fromkeys(_SIZES, parse_size),
        **dict.fromkeys(_TIMES, lambda text: parse_seconds(str(text))),
        **dict.fromkeys(_COUNTS, _whole(0, 10**12)),
        "cost": _cost,
    }
    found = {}
    for name, most in value.items():
        _known(name, readers, what="limit ")
        try:
            found[name] = readers[name](most)
        except UsageError as error:
            raise _Misfit(str(error), name) from None
        except _Misfit as misfit:
            raise _Misfit(str(misfit), name) from None
    return found


def _cost(value: Any) -> float:
    if type(value) not in (int, float) or not 0 <= value < math.inf:
        raise _Misfit(f"it has to be an amount of US dollars, not {_kind(value)}")
    return float(value)


def _calls(value: Any) -> dict[str, int]:
    if type(value) is not dict or len(value) > MAX_TEXTS:
        raise _Misfit(f"it has to be a table of counts, not {_kind(value)}")
    count = _whole(0, Limits().calls)
    found = {}
    for name, number in value.items():
        try:
            found[name] = count(number)
        except _Misfit as misfit:
            raise _Misfit(str(misfit), name) from None
    return found


def _kind(value: Any) -> str:
    return f"{value!a:.60}" if type(value) in (str, int, float, bool) else f"a {type(value).__name__}"


KEYS: dict[str, Callable[[Any], Any]] = {
    "arguments": _texts,
    "stdin": _text,
    "seed": _whole(0, MAX_SEED),
    "verdict": _verdict,
    "exit_status": _whole(0, 255),
    "error_kind": _text,
    "output": _text,
    "output_contains": _texts,
    "value": lambda value: value,
    "usage": _usage,
    "calls": _calls,
}
"""Every key that an expectation may have, and what reads it."""
