"""Reports as files: whole or not there, also when something goes wrong, and of any number of results."""

from __future__ import annotations

import json
import os
import resource
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from llmspell.errors import UsageError
from llmspell.utils.files import FileError
from llmspell.validate.listing import Listing
from llmspell.validate.reports.opening import FORMATS, Reports, Wanted, open_reports
from llmspell.validate.result import Result, Status
from tests.reports.examples import ABOUT, RESULTS


def test_a_report_appears_when_it_is_whole(tmp_path: Path) -> None:
    place = tmp_path / "a.json"
    place.write_text("old")
    with open_reports(Wanted(json=str(place)), ABOUT) as reports:
        for result in RESULTS:
            reports.add(result)
        assert [one.name for one in tmp_path.iterdir()] == ["a.json"]
        assert place.read_text() == "old"
    assert json.loads(place.read_text())["complete"]
    assert [one.name for one in tmp_path.iterdir()] == ["a.json"]


def test_ctrl_c_midway_leaves_valid_reports_of_what_was_done(tmp_path: Path) -> None:
    wanted = Wanted(json=str(tmp_path / "a.json"), junit=str(tmp_path / "a.xml"))
    reports = open_reports(wanted, ABOUT)
    with pytest.raises(KeyboardInterrupt), reports:
        _add_and_be_interrupted(reports)
    document = json.loads((tmp_path / "a.json").read_text())
    assert (document["interrupted"], document["totals"]["scripts"]) == ("interrupted", 1)
    assert 'type="interrupted"' in (tmp_path / "a.xml").read_text()


def _add_and_be_interrupted(reports: Reports) -> None:
    reports.add(RESULTS[0])
    raise KeyboardInterrupt


def test_a_full_disk_ends_one_report_and_no_other(tmp_path: Path) -> None:
    with open_reports(Wanted(json=str(tmp_path / "a.json"), junit="/dev/full"), ABOUT) as reports:
        for result in RESULTS:
            reports.add(result)
    assert [str(one) for one in reports.problems] == ["cannot write '/dev/full': no space left on device"]
    assert json.loads((tmp_path / "a.json").read_text())["totals"]["scripts"] == 4


def test_a_log_that_is_full_ends_neither_the_summary_nor_another_report(tmp_path: Path) -> None:
    wanted = Wanted(json=str(tmp_path / "a.json"), github=True)
    with open("/dev/full", "w") as log:
        with open_reports(wanted, ABOUT, log=log, beside=[Listing(log)], summary=str(tmp_path / "s.md")) as reports:
            for result in RESULTS:
                reports.add(result)
            assert reports.any_left
        assert [str(one) for one in reports.problems] == ["cannot write '/dev/full': no space left on device"] * 2
        with suppress(OSError):
            log.close()  # it writes what it still holds
    assert json.loads((tmp_path / "a.json").read_text())["complete"]
    assert (tmp_path / "s.md").read_text().startswith("## llmspell validate: 2 passed, 1 failed, 1 unchecked")


def test_where_no_report_can_be_written_any_more_that_is_known() -> None:
    with open("/dev/full", "w") as log:
        reports = open_reports(Wanted(github=True), ABOUT, log=log)
        reports.add(RESULTS[1])
        assert not reports.any_left
        with suppress(OSError):
            log.close()


def test_a_disk_that_is_full_midway_keeps_what_was_there_before(tmp_path: Path) -> None:
    place = tmp_path / "a.json"
    place.write_text("old")
    large = Result("a.lua", Status.PASSED, outcome={"value": "x" * 100_000})  # JUnit has no values
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    reports = open_reports(Wanted(json=str(place), junit=str(tmp_path / "a.xml")), ABOUT)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, limits[1]))
    try:
        with reports:
            for _ in range(5):
                reports.add(large)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [str(one) for one in reports.problems] == [f"cannot write {str(place)!r}: file too large"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.json", "a.xml"]
    assert place.read_text() == "old"
    assert (tmp_path / "a.xml").read_text().count("<testcase") == 5


@pytest.mark.parametrize(
    ("path", "why"),
    [("none/a.json", "no such file"), (".", "it is a folder")],
    ids=["missing", "folder"],
)
def test_a_place_that_cannot_be_written_is_told_before_anything_is_checked(tmp_path: Path, path: str, why: str) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(FileError, match=why):
        open_reports(Wanted(json=str(tmp_path / "fine.json"), junit=str(tmp_path / path)), ABOUT)
    assert list(tmp_path.iterdir()) == []
    assert len(os.listdir("/proc/self/fd")) <= before


def test_two_reports_of_one_place_are_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with pytest.raises(UsageError, match="--json and --junit name the same place"):
        open_reports(Wanted(json=str(tmp_path / "a"), junit=str(tmp_path / "link")), ABOUT)
    with pytest.raises(UsageError, match="--github writes to stdout, and so does --json"):
        open_reports(Wanted(json="-", github=True), ABOUT)


def test_a_report_on_stdout_is_the_document(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    with open_reports(Wanted(json="-"), ABOUT) as reports:
        reports.add(RESULTS[0])
    assert json.loads(capfdbinary.readouterr().out)["totals"]["passed"] == 1


def test_a_report_goes_through_a_pipe() -> None:
    reader, writer = os.pipe()
    try:
        with open_reports(Wanted(json=f"/dev/fd/{writer}"), ABOUT) as reports:
            reports.add(RESULTS[0])
        os.close(writer)
        assert json.loads(os.read(reader, 1 << 16))["totals"]["passed"] == 1
    finally:
        os.close(reader)


def test_memory_does_not_grow_with_the_number_of_results(tmp_path: Path) -> None:
    forms: dict[str, Any] = {form: str(tmp_path / form) for form in FORMATS}
    result = RESULTS[1]._replace(source="x" * 20_000, outcome={"stdout": "y" * 20_000})

    def peak(count: int) -> int:
        tracemalloc.start()
        with open_reports(Wanted(**forms), ABOUT) as reports:
            for number in range(count):
                reports.add(result._replace(path=f"spells/{number}.lua"))
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)
    few, many = peak(20), peak(120)
    assert many < few + (1 << 20), f"{few:,} bytes for 20 results, {many:,} for 120"


def test_the_second_close_does_nothing(tmp_path: Path) -> None:
    place = tmp_path / "a.json"
    with open_reports(Wanted(json=str(place)), ABOUT) as reports:
        reports.add(Result("a", Status.PASSED))
        reports.close()
        place.write_text("mine")
    assert place.read_text() == "mine"
