"""The page as a file: what is in it before any browser reads it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

from hypothesis import given

from llmspell.validate.finding import Finding, Position, Severity
from llmspell.validate.reports.excerpt import AROUND, MOST_COLUMNS, MOST_LINES, excerpt
from llmspell.validate.reports.html import Page
from llmspell.validate.reports.report import FileReport
from llmspell.validate.result import Result, Status
from tests.reports.examples import ABOUT, HOSTILE, RESULTS, no_time, rendered, results, written


class Reader(HTMLParser):
    """The elements of a page, and what the `script` and `style` ones hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.held: list[tuple[str, dict[str, str | None], str]] = []
        self.comments: list[str] = []
        self._open: tuple[str, dict[str, str | None]] | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._open = (tag, dict(attrs)) if tag in ("script", "style") else None

    def handle_data(self, data: str) -> None:
        if self._open is not None:
            self.held.append((*self._open, data))

    def handle_endtag(self, _tag: str) -> None:
        self._open = None

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def islands(text: str) -> list[object]:
    return [json.loads(inside) for _, given, inside in Reader(text).held if given.get("type") == "application/json"]


EMPTY = Reader(rendered("html", []))


def test_the_policy_allows_the_one_style_and_the_one_script_by_their_hashes_and_nothing_else(tmp_path: Path) -> None:
    text = written(tmp_path, "html", RESULTS)
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[0]
    plain = {tag: inside for tag, given, inside in Reader(text).held if not given}
    hashes = {
        tag: "sha256-" + base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        for tag, inside in plain.items()
    }
    assert policy == (
        f"default-src 'none'; style-src '{hashes['style']}'; script-src '{hashes['script']}';"
        " base-uri 'none'; form-action 'none'"
    )


def test_the_page_names_no_other_file_and_no_address(tmp_path: Path) -> None:
    text = written(tmp_path, "html", RESULTS)
    assert not re.search(r"https?://|@import|url\(", text)
    assert not set(Reader(text).tags) & {"link", "img", "iframe", "object", "base"}


def test_nothing_that_was_not_looked_at_is_shown_as_passed(tmp_path: Path) -> None:
    assert 'class="top passed"' in written(tmp_path, "html", RESULTS[:1])
    assert 'class="top unchecked"' in written(tmp_path, "html", [])
    assert 'class="top unchecked"' in written(tmp_path, "html", RESULTS[:1], interrupted="Ctrl-C")


def test_the_totals_are_there_without_the_script(tmp_path: Path) -> None:
    text = written(tmp_path, "html", RESULTS, interrupted="Ctrl-C <b>")
    assert "1 of 4 failed, 1 could not be checked" in text
    assert "Ctrl-C &lt;b&gt;" in text


@given(results)
def test_any_result_is_two_islands_and_no_markup(result: Result) -> None:
    text = rendered("html", [result])
    read = Reader(text)
    assert read.tags == [*EMPTY.tags[:-1], "script", "script", "script"]
    assert read.comments == []
    row, detail = islands(text)
    assert isinstance(row, dict)
    assert isinstance(detail, dict)
    assert row["status"] == str(result.status)


def test_hostile_text_comes_back_whole() -> None:
    found = (Finding(HOSTILE, Severity.ERROR, HOSTILE),)
    row, detail = islands(rendered("html", [Result(HOSTILE, Status.FAILED, findings=found, source=HOSTILE)]))
    assert isinstance(row, dict)
    assert isinstance(detail, dict)
    assert row["path"] == detail["findings"][0]["message"] == HOSTILE.replace("\ud800", "\\ud800")


def test_a_line_of_a_megabyte_is_cut_around_its_finding() -> None:
    source = "a\n" + "x" * 900_000 + "HERE" + "x" * 100_000 + "\n"
    lines = excerpt(source, [Position(2, 900_001, 2, 900_005)])["lines"]
    number, begin, text, more = lines[1]
    assert (number, len(text)) == (2, MOST_COLUMNS)
    assert text[900_001 - begin :].startswith("HERE")
    assert begin - 1 + len(text) + more == 1_000_004


def test_a_source_of_very_many_lines_is_cut_to_what_is_around_findings() -> None:
    source = "".join(f"line {number}\n" for number in range(1, MOST_LINES + 100))
    shown = excerpt(source, [Position(50, 1, 50, 2), None, Position(52, 1, 52, 2)])
    assert [line[0] for line in shown["lines"]] == list(range(50 - AROUND, 52 + AROUND + 1))
    assert all(line[2] == f"line {line[0]}" for line in shown["lines"])
    assert shown["count"] == MOST_LINES + 99


def test_a_page_of_very_much_source_shows_what_is_around_findings_and_can_be_opened(tmp_path: Path) -> None:
    place = tmp_path / "a.html"
    long = Result("a", Status.PASSED, source="x = 1\n" * 1000)
    with FileReport(str(place), Page(ABOUT, room=50_000), clock=no_time) as report:
        for _ in range(200):
            report.add(long)
    assert place.stat().st_size < 200_000
