"""The tool `datetime-handler`: forms read and written, zones, arithmetic, and its bounds."""

from __future__ import annotations

import importlib.util
import zoneinfo
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from llmspell.errors import CallError, ErrorKind
from llmspell.tools.check import check_parameters
from llmspell.tools.dates import DateTimes
from llmspell.tools.tool import ToolGrants

Call = Callable[..., dict[str, Any]]
Refusal = Callable[..., str]


def must_be_validation(error: CallError) -> None:
    assert error.kind is ErrorKind.VALIDATION


TOOL = "datetime-handler"


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-15T10:30:00Z",
        "2024-01-15T10:30:00.000Z",
        "2024-01-15T11:30:00+01:00",
        "2024-01-15T11:30:00+0100",
        "2024-01-15 10:30:00",
        "Mon, 15 Jan 2024 10:30:00 GMT",
        "Mon, 15 Jan 2024 11:30:00 +0100",
        "15 Jan 2024 10:30:00 UTC",
        "2024/01/15 10:30:00",
        "15/01/2024 10:30:00",
        "01/15/2024 10:30:00",
        "15-01-2024 10:30:00",
        "15.01.2024 10:30:00",
        "January 15, 2024 10:30:00",
        "Jan 15, 2024 10:30:00",
        "1705314600",
    ],
)
def test_parse_reads_every_form(call: Call, text: str) -> None:
    done = call(TOOL, operation="parse", input=text)
    assert done["result"] == {
        "input": text,
        "parsed": {
            "utc": "2024-01-15T10:30:00Z",
            "timestamp": 1705314600,
            "year": 2024,
            "month": 1,
            "day": 15,
            "hour": 10,
            "minute": 30,
            "second": 0,
            "weekday": "Monday",
        },
        "format_used": "%Y-%m-%dT%H:%M:%S%.fZ",
    }
    assert done["text"] == "2024-01-15T10:30:00Z"


@pytest.mark.parametrize(
    "text",
    ["2024-01-15", "2024/01/15", "15/01/2024", "01/15/2024", "15-1-2024", "15.01.2024", "Jan 15, 2024"],
)
def test_parse_reads_days(call: Call, text: str) -> None:
    assert call(TOOL, input=text)["result"]["parsed"]["utc"] == "2024-01-15T00:00:00Z"


def test_parse_takes_numbers_and_older_spellings(call: Call) -> None:
    assert call(TOOL, input=0)["text"] == "1970-01-01T00:00:00Z"
    assert call(TOOL, input=-1)["text"] == "1969-12-31T23:59:59Z"
    assert call(TOOL, date="0", format="%s")["text"] == "0"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2024-13-01",
        "31/02/2024",
        "32.01.2024",
        "2024-01-15T25:00",
        "1/2/24",
        "Smarch 1, 2024",
        "1/2/3/4",
        "a b c d e f",
        "Mon, ",
        "x" * 101,
        "١٢٣",
        "15 Jan 2024 10:30 UTC x",
        "15 Jan 24",
        "15/1/2024 x",
    ],
)
def test_what_is_no_date(refused: Refusal, text: str) -> None:
    assert "is not a date" in refused(TOOL, operation="parse", input=text)


@pytest.mark.parametrize("number", [10**11 * 9, 10**13, -(10**13), "9" * 50, 2**63 - 1])
def test_years_are_bounded(refused: Refusal, number: Any) -> None:
    assert "outside the years 1 to 9999" in refused(TOOL, input=number)


def test_now_comes_from_the_clock(call: Call) -> None:
    tool = DateTimes(clock=lambda: 1705314600.25)

    def now(**parameters: Any) -> Any:
        return tool.execute(check_parameters(tool, {"operation": "now", **parameters}), ToolGrants())["result"]

    assert now() == {
        "timezone": "UTC",
        "datetime": "2024-01-15T10:30:00.250Z",
        "format": "%Y-%m-%dT%H:%M:%S%.fZ",
    }
    assert now(timezone="Asia/Tokyo")["datetime"] == "2024-01-15T19:30:00.250+09:00"
    assert call(TOOL, operation="now")["result"]["timezone"] == "UTC"


def test_convert_timezone(call: Call) -> None:
    done = call(TOOL, operation="convert_timezone", input="2024-01-15T10:30:00Z", target_timezone="America/New_York")
    assert done["result"] == {
        "input": "2024-01-15T10:30:00Z",
        "target_timezone": "America/New_York",
        "original": "2024-01-15 10:30:00 UTC",
        "converted": "2024-01-15 05:30:00 EST",
    }
    assert call(TOOL, operation="convert_timezone", input=0, timezone="UTC")["text"] == "1970-01-01 00:00:00 UTC"


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "Europe/../Europe/Paris",
        "Europe",
        "zone.tab",
        "Mars/Base",
        "x" * 1000,
        "Europe/Paris\x00",
        "",
        " ",
        "é",
        "tzdata.zi",
        "leapseconds",
    ],
)
def test_a_zone_is_a_name_and_never_a_path(refused: Refusal, name: str) -> None:
    said = refused(TOOL, operation="convert_timezone", input=0, target_timezone=name)
    assert "unknown time zone" in said


def test_nearest_zone_is_named(refused: Refusal) -> None:
    assert "did you mean 'Europe/Paris'" in refused(TOOL, operation="now", timezone="Europe/Pariss")


@pytest.fixture
def no_zones(tmp_path: Any) -> Iterator[None]:
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=[str(tmp_path)])
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath(to=before)


@pytest.mark.usefixtures("no_zones")
def test_a_machine_without_zones_says_what_to_install(call: Call) -> None:
    if importlib.util.find_spec("tzdata") is None:
        with pytest.raises(CallError, match="install the Python package tzdata") as caught:
            call(TOOL, operation="now", timezone="Europe/Paris")
        assert caught.value.kind is ErrorKind.TOOL
    assert call(TOOL, operation="now")["result"]["timezone"] == "UTC"


@pytest.mark.parametrize(
    ("operation", "amount", "unit", "expected"),
    [
        ("add", 1, "day", "2024-01-16T10:30:00Z"),
        ("add", 2.0, "Hours", "2024-01-15T12:30:00Z"),
        ("subtract", 30, "min", "2024-01-15T10:00:00Z"),
        ("subtract", -1, "w", "2024-01-22T10:30:00Z"),
        ("add", 90, "s", "2024-01-15T10:31:30Z"),
    ],
)
def test_arithmetic(call: Call, operation: str, amount: Any, unit: str, expected: str) -> None:
    done = call(TOOL, operation=operation, input="2024-01-15T10:30:00Z", amount=amount, unit=unit)
    assert done["result"] == {
        "input": "2024-01-15T10:30:00Z",
        "amount": amount,
        "unit": unit,
        "original": "2024-01-15T10:30:00Z",
        "result": expected,
    }


def test_difference(call: Call) -> None:
    def between(start: Any, end: Any) -> Any:
        return call(TOOL, operation="difference", start=start, end=end)["result"]["difference"]

    assert between("2024-01-15", "2024-01-17T01:01:05Z") == {
        "total_seconds": 2 * 86400 + 3665,
        "days": 2,
        "hours": 49,
        "minutes": 49 * 60 + 1,
        "human_readable": "2 days, 1 hour, 1 minute, 5 seconds",
    }
    assert between(3600, 0)["human_readable"] == "1 hour ago"
    assert between(3600, 0)["hours"] == -1
    assert between(0, 0)["human_readable"] == "0 seconds"


def test_info(call: Call) -> None:
    assert call(TOOL, operation="info", input="2024-02-29T14:30:45Z")["result"]["info"] == {
        "year": 2024,
        "month": 2,
        "day": 29,
        "hour": 14,
        "minute": 30,
        "second": 45,
        "weekday": "Thursday",
        "day_of_year": 60,
        "week_of_year": 9,
        "is_leap_year": True,
        "days_in_month": 29,
        "start_of_day": "2024-02-29T00:00:00Z",
        "end_of_day": "2024-02-29T23:59:59.999999Z",
    }


def test_formats_can_all_be_written(call: Call) -> None:
    found = call(TOOL, operation="formats")["result"]
    for layout in [*found["available_formats"], *found["example_formats"].values()]:
        assert call(TOOL, input=0, format=layout)["text"]


def test_mistakes_are_named(refused: Refusal) -> None:
    assert "needs the parameter 'amount'" in refused(TOOL, operation="add", input=0)
    assert "needs the parameter 'unit'" in refused(TOOL, operation="add", input=0, amount=1)
    assert "unknown unit 'fortnights'" in refused(TOOL, operation="add", input=0, amount=1, unit="fortnights")
    assert "unknown unit" in refused(TOOL, operation="add", input=0, amount=1, unit="d" * 99)
    assert "outside the years" in refused(TOOL, operation="add", input=0, amount=2**62, unit="weeks")
    assert "outside the years" in refused(TOOL, operation="add", input=0, amount=-(10**6), unit="days")
    assert "needs the parameter 'end'" in refused(TOOL, operation="difference", start=0)
    assert "needs the parameter 'input'" in refused(TOOL)
    assert "unknown directive '%Q'" in refused(TOOL, input=0, format="%Q")
    assert "unknown directive '%'" in refused(TOOL, input=0, format="100%")
    assert "characters, the most is 200" in refused(TOOL, input=0, format="%c" * 101)
    assert "outside the years" in refused(
        TOOL, operation="convert_timezone", input="0001-01-01", target_timezone="America/New_York"
    )
