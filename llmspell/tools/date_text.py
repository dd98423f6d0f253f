"""Dates as text: reading the forms that people write, and writing them by a format of named directives.

The rule kept here: formats never reach the C library; each directive is a row of a table, the same on every
machine and in every locale, so the output of a bounded format is bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

MOST_INPUT = 100
"""Characters of a date to read."""
MOST_FORMAT = 200
"""Characters of a format."""

DATE_FORMATS = (
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S%:z",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d",
    "%a, %d %b %Y %H:%M:%S GMT",
    "%a, %d %b %Y %H:%M:%S %z",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y",
    "%d-%m-%Y %H:%M:%S",
    "%d-%m-%Y",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y",
    "%B %d, %Y %H:%M:%S",
    "%B %d, %Y",
    "%b %d, %Y %H:%M:%S",
    "%b %d, %Y",
)
"""The forms that `read_date` understands, tried in this order; the first four by ISO 8601 as a whole."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
"""From ISO weekday 1."""
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_SHORT_MONTHS = {name[:3].lower(): number for number, name in enumerate(MONTHS, 1)}
_LONG_MONTHS = {name.lower(): number for number, name in enumerate(MONTHS, 1)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _seconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(seconds=1)


def _offset(moment: datetime, colon: str) -> str:
    minutes = (moment.utcoffset() or timedelta()) // timedelta(minutes=1)
    sign = "-" if minutes < 0 else "+"
    return f"{sign}{abs(minutes) // 60:02}{colon}{abs(minutes) % 60:02}"


def _fraction(moment: datetime) -> str:
    if moment.microsecond == 0:
        return ""
    return f".{moment.microsecond // 1000:03}" if moment.microsecond % 1000 == 0 else f".{moment.microsecond:06}"


def _week(moment: datetime, first: int) -> int:
    """The week of the year whose weeks begin at ISO weekday `first`, from 0."""
    return (moment.timetuple().tm_yday + 6 - (moment.isoweekday() - first) % 7) // 7


_DIRECTIVES: dict[str, Callable[[datetime], str]] = {
    "Y": lambda moment: f"{moment.year:04}",
    "C": lambda moment: f"{moment.year // 100:02}",
    "y": lambda moment: f"{moment.year % 100:02}",
    "m": lambda moment: f"{moment.month:02}",
    "B": lambda moment: MONTHS[moment.month - 1],
    "b": lambda moment: MONTHS[moment.month - 1][:3],
    "h": lambda moment: MONTHS[moment.month - 1][:3],
    "d": lambda moment: f"{moment.day:02}",
    "e": lambda moment: f"{moment.day:2}",
    "j": lambda moment: f"{moment.timetuple().tm_yday:03}",
    "A": lambda moment: WEEKDAYS[moment.weekday()],
    "a": lambda moment: WEEKDAYS[moment.weekday()][:3],
    "u": lambda moment: str(moment.isoweekday()),
    "w": lambda moment: str(moment.isoweekday() % 7),
    "G": lambda moment: f"{moment.isocalendar().year:04}",
    "V": lambda moment: f"{moment.isocalendar().week:02}",
    "U": lambda moment: f"{_week(moment, 7):02}",
    "W": lambda moment: f"{_week(moment, 1):02}",
    "H": lambda moment: f"{moment.hour:02}",
    "k": lambda moment: f"{moment.hour:2}",
    "I": lambda moment: f"{(moment.hour - 1) % 12 + 1:02}",
    "l": lambda moment: f"{(moment.hour - 1) % 12 + 1:2}",
    "M": lambda moment: f"{moment.minute:02}",
    "S": lambda moment: f"{moment.second:02}",
    "f": lambda moment: f"{moment.microsecond:06}",
    ".f": _fraction,
    ".3f": lambda moment: f".{moment.microsecond // 1000:03}",
    ".6f": lambda moment: f".{moment.microsecond:06}",
    "3f": lambda moment: f"{moment.microsecond // 1000:03}",
    "6f": lambda moment: f"{moment.microsecond:06}",
    "p": lambda moment: "AM" if moment.hour < 12 else "PM",
    "P": lambda moment: "am" if moment.hour < 12 else "pm",
    "s": lambda moment: str(_seconds(moment)),
    "z": lambda moment: _offset(moment, ""),
    ":z": lambda moment: _offset(moment, ":"),
    "Z": lambda moment: moment.tzname() or "UTC",
    "n": lambda _: "\n",
    "t": lambda _: "\t",
    "%": lambda _: "%",
}
_SHORTHANDS = {
    "F": "%Y-%m-%d",
    "D": "%m/%d/%y",
    "x": "%m/%d/%y",
    "T": "%H:%M:%S",
    "X": "%H:%M:%S",
    "R": "%H:%M",
    "r": "%I:%M:%S %p",
    "c": "%a %b %e %H:%M:%S %Y",
    "v": "%e-%b-%Y",
    "+": "%Y-%m-%dT%H:%M:%S%.f%:z",
}


class UnknownDirectiveError(ValueError):
    """A format holds a directive that no table row covers."""


def write_date(moment: datetime, layout: str) -> str:
    """The moment in a format of strftime directives, chrono's `%.f`, `%.3f` and `%:z` among them."""
    made: list[str] = []
    at = 0
    while at < len(layout):
        percent = layout.find("%", at)
        if percent < 0:
            made.append(layout[at:])
            break
        made.append(layout[at:percent])
        name = _directive(layout, percent + 1)
        if name in _SHORTHANDS:
            made.append(write_date(moment, _SHORTHANDS[name]))
        else:
            made.append(_DIRECTIVES[name](moment))
        at = percent + 1 + len(name)
    return "".join(made)


def _directive(layout: str, at: int) -> str:
    for length in (3, 2, 1):
        name = layout[at : at + length]
        if len(name) == length and (name in _DIRECTIVES or name in _SHORTHANDS):
            return name
    raise UnknownDirectiveError(f"%{layout[at : at + 2]}")


def read_date(text: str) -> datetime | None:
    """The moment, in UTC unless it says otherwise, or None: seconds since 1970, ISO 8601 or `DATE_FORMATS`.

    Raises OverflowError outside the years 1 to 9999.
    """
    text = text.strip()
    if text.removeprefix("-").isdecimal() and text.isascii():
        return _EPOCH + timedelta(seconds=int(text))
    moment = _iso(text) or _listed(text)
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _listed(text: str) -> datetime | None:
    """The forms with slashes, dots and names, read by hand: no regular expression, no locale."""
    day, _, rest = text.partition(", ")
    if day[:3].title() in {name[:3] for name in WEEKDAYS} and len(day) == 3:
        text = rest
    elif day[:3].lower() in _SHORT_MONTHS:
        text = f"{day} {rest}"
    words = text.split()
    if not 1 <= len(words) <= 5:
        return None
    for separator in "/-.":
        if words[0].count(separator) == 2:
            return _numeric(words[0].split(separator), words[1:], separator)
    return _named(words) if len(words) >= 3 else None


def _numeric(parts: list[str], after: list[str], separator: str) -> datetime | None:
    if len(parts[0]) == 4:
        orders = [(0, 1, 2)]
    else:
        orders = [(2, 1, 0), (2, 0, 1)] if separator == "/" else [(2, 1, 0)]
    for year, month, day in orders:
        found = _made(parts[year], parts[month], parts[day], after)
        if found is not None:
            return found
    return None


def _named(words: list[str]) -> datetime | None:
    first, second, year = words[0].lower(), words[1].lower(), words[2]
    for name, day in ((first, second), (second, first)):
        month = _LONG_MONTHS.get(name) or _SHORT_MONTHS.get(name)
        if month is not None:
            return _made(year, str(month), day, words[3:])
    return None


def _made(year: str, month: str, day: str, after: list[str]) -> datetime | None:
    if not (year.isdecimal() and month.isdecimal() and day.isdecimal() and len(year) == 4):
        return None
    if len(month) > 2 or len(day) > 2 or len(after) > 2:
        return None
    zone = {"GMT": "+00:00", "UTC": "+00:00", "UT": "+00:00"}.get(after[1], after[1]) if len(after) == 2 else ""
    clock = after[0] if after else "00:00:00"
    return _iso(f"{year}-{int(month):02}-{int(day):02}T{clock}{zone}")
