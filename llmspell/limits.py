"""The numbers that end a run, with their defaults (`architecture.md`, Limits)."""

import math
import re
from typing import NamedTuple

from llmspell.errors import UsageError

MIB = 1024 * 1024
MOST_SECONDS = 10**9
MAX_SEED = 2**63 - 1
"""The greatest seed of a deterministic run: it travels as an integer of 64 bits."""

_UNITS = {
    "": 1, "B": 1,
    "K": 1024, "M": 1024**2, "G": 1024**3,
    "KIB": 1024, "MIB": 1024**2, "GIB": 1024**3,
    "KB": 1000, "MB": 1000**2, "GB": 1000**3,
}  # fmt: skip
_SIZE = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,6}))?\s*([A-Za-z]{0,3})")


class Limits(NamedTuple):
    """Every limit of a run. Sizes are bytes, times seconds, the rest counts, cost US dollars."""

    memory: int = 50 * MIB
    cpu: float = 30.0
    wall: float = 300.0
    output: int = 16 * MIB
    calls: int = 10_000
    model_calls: int = 100
    tokens: int = 200_000
    cost: float = 1.0
    tool_seconds: float = 60.0
    source: int = 10 * MIB
    kept: int = 16 * MIB
    open_arguments: int = 8 * MIB
    name_bytes: int = 200

    @property
    def source_allowed(self) -> int:
        """The largest source in bytes: `source`, and never over a tenth of the memory limit."""
        return min(self.source, self.memory // 10)


def check_limits(limits: Limits) -> Limits:
    """The same limits; raises UsageError for one that is negative or no finite number: it would bound nothing."""
    if not isinstance(limits, Limits):
        raise UsageError(f"{limits!r:.60} is no Limits")
    for name, value in limits._asdict().items():
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < math.inf:
            raise UsageError(f"the limit {name} is {value!r:.40}: a limit is a finite number from 0 on")
        if type(Limits._field_defaults[name]) is int and not isinstance(value, int):
            raise UsageError(f"the limit {name} is {value!r:.40}: it is a whole number")
    return limits


def parse_size(text: str | int) -> int:
    """A size in bytes. `K M G KiB MiB GiB` are powers of 1024, `kB MB GB` of 1000, a bare number is bytes.

    Raises UsageError for anything else, a negative number included.

    >>> parse_size("50M"), parse_size("1.5KiB"), parse_size("2MB"), parse_size(7)
    (52428800, 1536, 2000000, 7)
    """
    if isinstance(text, int) and not isinstance(text, bool):
        if text < 0:
            raise UsageError(f"{text} is no size: it is negative")
        return text
    match = _SIZE.fullmatch(str(text).strip())
    unit = _UNITS.get(match[3].upper()) if match else None
    if match is None or unit is None:
        raise UsageError(
            f"{str(text)[:80]!r} is no size: write a number with K, M, G, KiB, MiB, GiB, kB, MB or GB, like 50M"
        )
    whole, fraction = int(match[1]), match[2] or "0"
    return whole * unit + int(fraction) * unit // int(10 ** len(fraction))


def format_size(size: int) -> str:
    """A size for people, in powers of 1024.

    >>> format_size(52428800), format_size(120), format_size(52424704)
    ('50 MiB', '120 bytes', '50.0 MiB')
    """
    for unit, name in ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB")):
        if size >= unit:
            return f"{size // unit} {name}" if size % unit == 0 else f"{size / unit:.1f} {name}"
    return f"{size} bytes"


def parse_seconds(text: str | float) -> float:
    """A positive number of seconds, below a billion; raises UsageError otherwise."""
    seconds = read_number(text)
    if not (0 < seconds < MOST_SECONDS):
        raise UsageError(
            f"{str(text)[:80]!r} is no number of seconds: write a number above 0 and below {MOST_SECONDS:,}, like 2.5"
        )
    return seconds


def read_number(text: str | float) -> float:
    """What people write as a decimal number, and NaN for anything else that `float` reads: `1_0`, other digits.

    >>> read_number("2.5"), read_number("1e3"), read_number("1_0")
    (2.5, 1000.0, nan)
    """
    try:
        return math.nan if isinstance(text, str) and ("_" in text or not text.isascii()) else float(text)
    except ValueError:
        return math.nan
