"""Whatever is checked first, reports are the same; and who watches sees each result as it comes."""

from __future__ import annotations

import io
import json
import resource
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from llmspell.validate.listing import Listing
from llmspell.validate.ordered import OrderedReports
from llmspell.validate.reports.opening import Wanted, open_reports
from llmspell.validate.result import Result
from tests.reports.examples import ABOUT, RESULTS

PATHS = sorted(result.path for result in RESULTS)


def reports_of(folder: Path, results: Iterable[Result], *, live: io.StringIO) -> dict[str, bytes]:
    folder.mkdir()
    names = {name: str(folder / f"r.{name}") for name in ("json", "junit", "sarif", "html")}
    log = io.StringIO()
    files = open_reports(Wanted(**names, github=True), ABOUT, log=log, summary=str(folder / "summary"))
    with OrderedReports(Listing(live), files) as reports:
        for result in results:
            reports.add(result)
        reports.close()
    assert reports.problems == []
    return {"log": log.getvalue().encode(), **{path.name: path.read_bytes() for path in folder.iterdir()}}


def test_reports_are_the_same_in_whatever_order_results_come(tmp_path: Path) -> None:
    one, other = io.StringIO(), io.StringIO()
    forth = reports_of(tmp_path / "forth", RESULTS, live=one)
    back = reports_of(tmp_path / "back", RESULTS[::-1], live=other)
    assert len(forth) == 6
    assert forth == back
    assert [each["path"] for each in json.loads(forth["r.json"])["results"]] == PATHS
    lines = one.getvalue().splitlines()
    assert lines != other.getvalue().splitlines()
    assert sorted(lines) == sorted(other.getvalue().splitlines())


@contextmanager
def a_full_disk() -> Iterator[None]:
    """No file may grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_results_that_the_disk_does_not_take_are_in_the_reports_all_the_same(tmp_path: Path) -> None:
    with OrderedReports(Listing(io.StringIO()), open_reports(Wanted(json=str(tmp_path / "r")), ABOUT)) as reports:
        reports.add(RESULTS[-1])
        with a_full_disk():
            reports.add(RESULTS[0])
        reports.add(RESULTS[1])
    told = json.loads((tmp_path / "r").read_text())["results"]
    assert [one["path"] for one in told] == sorted(result.path for result in (*RESULTS[:2], RESULTS[-1]))


def test_what_ends_a_check_leaves_reports_of_what_was_done(tmp_path: Path) -> None:
    files = open_reports(Wanted(json=str(tmp_path / "r")), ABOUT)
    with suppress(KeyboardInterrupt), OrderedReports(Listing(io.StringIO()), files) as reports:
        reports.add(RESULTS[0])
        raise KeyboardInterrupt
    document = json.loads((tmp_path / "r").read_text())
    assert (document["interrupted"], document["totals"]["scripts"]) == ("interrupted", 1)


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: ascii(result.path))
def test_a_result_is_kept_whole(result: Result, tmp_path: Path) -> None:
    alone = open_reports(Wanted(html=str(tmp_path / "alone")), ABOUT)
    with alone:
        alone.add(result)
    with OrderedReports(Listing(io.StringIO()), open_reports(Wanted(html=str(tmp_path / "kept")), ABOUT)) as reports:
        reports.add(result)
    assert (tmp_path / "kept").read_bytes() == (tmp_path / "alone").read_bytes()
