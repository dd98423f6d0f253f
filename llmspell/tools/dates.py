"""The tool `datetime-handler`: moments read, written, moved, compared and shown in other time zones.

The rules kept here: the years are 1 to 9999, a time zone is a name of the IANA database and never a path, and
the time is passed in, so that a replayed run gets the same answers.
"""

from __future__ import annotations

import calendar
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from llmspell.errors import CallError, ErrorKind, nearest
from llmspell.tools.answer import answer, invalid, needed, shown
from llmspell.tools.date_text import (
    DATE_FORMATS,
    MOST_FORMAT,
    MOST_INPUT,
    WEEKDAYS,
    UnknownDirectiveError,
    read_date,
    write_date,
)
from llmspell.tools.tool import ToolGrants

_INPUT = ("input", "date", "datetime", "text", "content", "data")
_ISO = "%Y-%m-%dT%H:%M:%S%.fZ"
_WITH_ZONE = "%Y-%m-%d %H:%M:%S %Z"
_UNITS = {
    **dict.fromkeys(("second", "seconds", "sec", "secs", "s"), 1),
    **dict.fromkeys(("minute", "minutes", "min", "mins", "m"), 60),
    **dict.fromkeys(("hour", "hours", "hr", "hrs", "h"), 3600),
    **dict.fromkeys(("day", "days", "d"), 86_400),
    **dict.fromkeys(("week", "weeks", "w"), 604_800),
}
_EXAMPLES = {
    "ISO8601": _ISO,
    "RFC3339": "%Y-%m-%d %H:%M:%S%:z",
    "RFC2822": "%a, %d %b %Y %H:%M:%S %z",
    "Unix timestamp": "%s",
    "Human readable": "%B %d, %Y at %I:%M %p",
    "Date only": "%Y-%m-%d",
    "Time only": "%H:%M:%S",
}


def _moment(description: str, **more: Any) -> dict[str, Any]:
    return {"type": ["string", "integer"], "description": description, **more}


def _text(description: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "description": description, **more}


_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "operation": _text(
            "what to do",
            enum=["parse", "now", "convert_timezone", "add", "subtract", "difference", "info", "formats"],
            default="parse",
        ),
        "input": _moment("the date: ISO 8601, seconds since 1970, or a form that operation formats lists"),
        "timezone": _text("for now: a name such as Europe/Paris; UTC when left out"),
        "target_timezone": _text("for convert_timezone: a name such as Asia/Tokyo"),
        "amount": {"type": "integer", "description": "for add and subtract: how many units"},
        "unit": _text("for add and subtract: seconds, minutes, hours, days or weeks"),
        "start": _moment("for difference: the first date"),
        "end": _moment("for difference: the second date"),
        "format": _text("how a date is written: strftime directives"),
        **{older: _moment("older spelling of input", deprecated=True) for older in _INPUT[1:]},
    },
    "required": [],
    "additionalProperties": False,
}


class DateTimes:
    """Eight operations on moments. `clock` gives seconds since 1970."""

    __slots__ = ("_clock",)
    name = "datetime-handler"
    description = "Date and time manipulation tool with parsing, timezone conversion, and arithmetic"
    category = "utility"
    version = "1.0.0"
    schema = _SCHEMA
    blocking = False

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    def execute(self, parameters: Mapping[str, Any], grants: ToolGrants) -> dict[str, Any]:  # noqa: ARG002
        """The answer of one call; raises `CallError` of kind `validation`."""
        operation = parameters.get("operation") or "parse"
        try:
            match operation:
                case "now":
                    return self._now(parameters)
                case "difference":
                    return self._difference(parameters)
                case "formats":
                    found = {"available_formats": list(DATE_FORMATS), "example_formats": dict(_EXAMPLES)}
                    return answer(operation, "available date formats", found)
            source = needed(self.name, operation, parameters, _INPUT)
            moment = self._read(source)
            match operation:
                case "parse":
                    return self._parsed(parameters, source, moment)
                case "convert_timezone":
                    return self._converted(parameters, source, moment)
                case "info":
                    return self._described(source, moment)
                case _:
                    return self._moved(operation, parameters, source, moment)
        except OverflowError:
            raise invalid(self.name, "the date is outside the years 1 to 9999") from None

    def _read(self, source: str | int) -> datetime:
        if isinstance(source, int) and not -(10**12) < source < 10**12:
            raise OverflowError
        text = str(source)
        moment = read_date(text) if len(text) <= MOST_INPUT else None
        if moment is None:
            raise invalid(self.name, f"{shown(source)} is not a date; operation formats lists the forms", "input")
        return moment

    def _written(self, moment: datetime, layout: str) -> str:
        if len(layout) > MOST_FORMAT:
            problem = f"the format has {len(layout):,} characters, the most is {MOST_FORMAT}"
            raise invalid(self.name, problem, "format")
        try:
            return write_date(moment, layout)
        except UnknownDirectiveError as error:
            raise invalid(self.name, f"unknown directive {shown(str(error))} in the format", "format") from None

    def _parsed(self, parameters: Mapping[str, Any], source: str | int, moment: datetime) -> dict[str, Any]:
        layout = parameters.get("format") or _ISO
        written = self._written(moment, layout)
        parsed = {"utc": written, "timestamp": _timestamp(moment), **_fields(moment)}
        return answer("parse", "date parsed", {"input": source, "parsed": parsed, "format_used": layout}, written)

    def _now(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        name = parameters.get("timezone") or "UTC"
        layout = parameters.get("format") or (_ISO if name == "UTC" else "%Y-%m-%dT%H:%M:%S%.f%:z")
        moment = datetime.fromtimestamp(self._clock(), UTC).astimezone(self._zone(name, "timezone"))
        written = self._written(moment, layout)
        return answer("now", "current time", {"timezone": name, "datetime": written, "format": layout}, written)

    def _converted(self, parameters: Mapping[str, Any], source: str | int, moment: datetime) -> dict[str, Any]:
        name = needed(self.name, "convert_timezone", parameters, ("target_timezone", "timezone"))
        layout = parameters.get("format") or _WITH_ZONE
        written = self._written(moment.astimezone(self._zone(name, "target_timezone")), layout)
        found = {
            "input": source,
            "target_timezone": name,
            "original": self._written(moment, layout),
            "converted": written,
        }
        return answer("convert_timezone", "time zone converted", found, written)

    def _moved(
        self, operation: str, parameters: Mapping[str, Any], source: str | int, moment: datetime
    ) -> dict[str, Any]:
        amount: int = needed(self.name, operation, parameters, ("amount",))
        unit: str = needed(self.name, operation, parameters, ("unit",))
        seconds = _UNITS.get(unit.lower()) if len(unit) <= 10 else None
        if seconds is None:
            problem = f"unknown unit {shown(unit)}; known are seconds, minutes, hours, days, weeks"
            raise invalid(self.name, problem, "unit")
        moved = moment + timedelta(seconds=(amount if operation == "add" else -amount) * seconds)
        layout = parameters.get("format") or _ISO
        written = self._written(moved, layout)
        found = {
            "input": source,
            "amount": amount,
            "unit": unit,
            "original": self._written(moment, layout),
            "result": written,
        }
        return answer(operation, f"{operation} completed", found, written)

    def _difference(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        start = needed(self.name, "difference", parameters, ("start",))
        end = needed(self.name, "difference", parameters, ("end",))
        seconds = _timestamp(self._read(end)) - _timestamp(self._read(start))
        readable = _readable(seconds)
        length = abs(seconds)
        sign = -1 if seconds < 0 else 1
        found = {
            "total_seconds": seconds,
            "days": sign * (length // 86_400),
            "hours": sign * (length // 3600),
            "minutes": sign * (length // 60),
            "human_readable": readable,
        }
        return answer(
            "difference", "difference calculated", {"start": start, "end": end, "difference": found}, readable
        )

    def _described(self, source: str | int, moment: datetime) -> dict[str, Any]:
        first = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        last = moment.replace(hour=23, minute=59, second=59, microsecond=999_999)
        info = {
            **_fields(moment),
            "day_of_year": moment.timetuple().tm_yday,
            "week_of_year": moment.isocalendar().week,
            "is_leap_year": calendar.isleap(moment.year),
            "days_in_month": calendar.monthrange(moment.year, moment.month)[1],
            "start_of_day": write_date(first, _ISO),
            "end_of_day": write_date(last, _ISO),
        }
        return answer("info", "date described", {"input": source, "info": info}, write_date(moment, _ISO))

    def _zone(self, name: str, parameter: str) -> tzinfo:
        if name in ("UTC", "utc", "Z", "GMT"):
            return UTC
        import zoneinfo  # reads files; not for a call that stays in UTC

        try:
            if not _is_zone_name(name):
                raise ValueError
            return zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            known = zoneinfo.available_timezones()
        if not known:
            problem = f"{self.name}: this machine has no time zone database; install the Python package tzdata"
            raise CallError(ErrorKind.TOOL, problem) from None
        guess = nearest(name[:64], sorted(known))
        said = f"did you mean {guess!r}?" if guess else "names are those of the IANA database, such as Europe/Paris"
        raise invalid(self.name, f"unknown time zone {shown(name)}; {said}", parameter)


def _is_zone_name(name: str) -> bool:
    parts = name.split("/")
    plain = all(part.replace("_", "").replace("-", "").replace("+", "").isalnum() for part in parts)
    return name.isascii() and len(name) <= 64 and plain


def _timestamp(moment: datetime) -> int:
    return int(write_date(moment, "%s"))


def _fields(moment: datetime) -> dict[str, Any]:
    return {
        "year": moment.year,
        "month": moment.month,
        "day": moment.day,
        "hour": moment.hour,
        "minute": moment.minute,
        "second": moment.second,
        "weekday": WEEKDAYS[moment.weekday()],
    }


def _readable(seconds: int) -> str:
    length = abs(seconds)
    counts = (
        ("day", length // 86_400),
        ("hour", length % 86_400 // 3600),
        ("minute", length % 3600 // 60),
        ("second", length % 60),
    )
    said = ", ".join(f"{count} {unit}{'' if count == 1 else 's'}" for unit, count in counts if count) or "0 seconds"
    return f"{said} ago" if seconds < 0 else said
