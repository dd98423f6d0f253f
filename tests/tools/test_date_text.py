"""Dates as text: directives agree with Python's, and garbage is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llmspell.errors import CallError, ErrorKind
from llmspell.tools.check import check_parameters
from llmspell.tools.date_text import read_date, write_date
from llmspell.tools.dates import DateTimes
from llmspell.tools.tool import ToolGrants

Call = Callable[..., dict[str, Any]]
Refusal = Callable[..., str]


def must_be_validation(error: CallError) -> None:
    assert error.kind is ErrorKind.VALIDATION


@given(st.datetimes(datetime(1000, 1, 1), timezones=st.just(UTC)))
def test_directives_agree_with_python(moment: datetime) -> None:
    for name in "mBbdjAauwVUWHIMSfpzZFTRD":
        expected = moment.strftime(f"%{name}")
        assert write_date(moment, f"%{name}") == expected, name
    assert write_date(moment, "%+") == moment.isoformat(timespec="seconds").replace("+00:00", "") + (
        write_date(moment, "%.f%:z")
    )
    assert read_date(write_date(moment, "%Y-%m-%dT%H:%M:%S%.6fZ")) == moment


def test_remaining_directives() -> None:
    moment = datetime(2023, 1, 1, 15, 4, 5, 120_000, tzinfo=UTC)
    layout = "%Y%C%y %h%e %G %k %l %P %s %.f %.3f %3f %6f %x %X %r %c %v %n%t%%"
    found = write_date(moment, layout)
    assert found == (
        "20232023 Jan 1 2022 15  3 pm 1672585445 .120 .120 120 120000 01/01/23 15:04:05 03:04:05 PM "
        "Sun Jan  1 15:04:05 2023  1-Jan-2023 \n\t%"
    )


@given(st.text(max_size=110) | st.text(alphabet="0123456789/.-: JanTZ,+", max_size=40))
def test_garbage_is_refused_or_a_date(text: str) -> None:
    tool = DateTimes()
    for parameters in ({"input": text}, {"input": 0, "format": text}):
        try:
            done = tool.execute(check_parameters(tool, parameters), ToolGrants())
        except CallError as error:
            must_be_validation(error)
        else:
            assert len(done["text"]) < 10_000
