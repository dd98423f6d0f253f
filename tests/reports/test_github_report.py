"""Annotations and the summary of a job, read as GitHub's runner reads them."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given

from llmspell.utils.files import FileError
from llmspell.validate.finding import Finding, Position, Severity
from llmspell.validate.reports.github import MOST_ANNOTATIONS, MOST_SUMMARY, GitHub, place_in_workspace
from llmspell.validate.reports.wording import finding_line, findings_of, marked_line, position, shown_path
from llmspell.validate.result import Result, Status
from tests.reports.examples import HOSTILE, RESULTS, no_time, results
from tests.reports.golden import assert_is_golden


class Command(NamedTuple):
    name: str
    properties: dict[str, str]
    message: str


def command_of(line: str) -> Command | None:
    """What the runner makes of a line (`ActionCommand.TryParseV2`, then `TryParse`)."""
    text = line.lstrip()
    if text.startswith("::") and (end := text.find("::", 2)) >= 0:
        name, _, rest = text[2:end].partition(" ")
        pairs = [pair.split("=", 1) for pair in rest.split(",") if "=" in pair]
        return Command(
            name, {key.strip(): read(value) for key, value in pairs}, read(text[end + 2 :], of_property=False)
        )
    return Command("##[", {}, text) if "##[" in text or "##vso[" in text else None


def read(text: str, *, of_property: bool = True) -> str:
    text = text.replace("%0D", "\r").replace("%0A", "\n")
    if of_property:
        text = text.replace("%3A", ":").replace("%2C", ",")
    return text.replace("%25", "%")


def lines_of(results: list[Result] | tuple[Result, ...], *, below: str = "") -> list[str]:
    log = io.StringIO()
    with GitHub(log, below=below, clock=no_time) as report:
        for result in results:
            report.add(result)
    return log.getvalue().removesuffix("\n").split("\n") if log.getvalue() else []


def test_the_annotations_are_as_they_are_kept() -> None:
    assert_is_golden("\n".join(lines_of(RESULTS)) + "\n", "annotations.txt")


def test_an_annotation_is_at_its_place() -> None:
    command = command_of(lines_of([RESULTS[1]])[0])
    assert command is not None
    assert command.name == "error"
    assert command.properties == {
        "file": "spells/broken.lua", "line": "3", "endLine": "3", "col": "1", "endColumn": "6", "title": "unknown-name",
    }  # fmt: skip
    assert command.message == "no API has 'Agnet'; is Agent meant?"


def test_files_are_named_from_the_root_of_the_repository(tmp_path: Path) -> None:
    inside = tmp_path / "parts" / "one"
    inside.mkdir(parents=True)
    below = place_in_workspace({"GITHUB_WORKSPACE": str(tmp_path)}, str(inside))
    command = command_of(lines_of([RESULTS[1]], below=below)[0])
    assert command is not None
    assert command.properties["file"] == "parts/one/spells/broken.lua"
    assert place_in_workspace({"GITHUB_WORKSPACE": str(inside)}, str(tmp_path)) == ""


@given(results)
def test_any_result_is_one_annotation_for_each_finding_and_no_other_line(result: Result) -> None:
    wanted = list(findings_of(result))
    commands = [command_of(line) for line in lines_of([result])]
    assert all(commands)
    assert len(commands) == len(wanted)
    names = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
    allowed = {"file", "line", "endLine", "col", "endColumn", "title"}
    for command, finding in zip(commands, wanted, strict=True):
        assert command is not None
        assert command.name == names[finding.severity]
        assert set(command.properties) <= allowed
        place = position(finding)
        assert command.properties.get("line") == (str(place.line) if place else None)


@given(results)
def test_no_line_of_the_text_form_is_a_command(result: Result) -> None:
    for finding in findings_of(result):
        text = [finding_line(result, finding), *marked_line(result.source, position(finding))]
        assert all(line.isprintable() for line in text)
        assert [command_of(line) for line in text] == [None] * len(text)
    assert command_of(shown_path(result.path)) is None


def test_a_script_with_very_many_findings_does_not_fill_the_log() -> None:
    many = Result("a", Status.FAILED, findings=(Finding("x", Severity.ERROR, "y"),) * (3 * MOST_ANNOTATIONS))
    assert len(lines_of([many])) == MOST_ANNOTATIONS


def test_the_summary_is_added_to_what_the_job_has_said(tmp_path: Path) -> None:
    place = tmp_path / "summary.md"
    place.write_text("before\n")
    with GitHub(io.StringIO(), summary=str(place), clock=no_time) as report:
        for result in RESULTS:
            report.add(result)
    text = place.read_text("utf-8")
    assert text.startswith("before\n")
    assert_is_golden(text, "summary.md")


def test_hostile_text_is_no_markup_in_the_summary(tmp_path: Path) -> None:
    place = tmp_path / "summary.md"
    bad = Finding("[x](https://evil)|", Severity.ERROR, HOSTILE + "@everyone ![](x) `|`", Position(1, 1, 1, 2))
    with GitHub(io.StringIO(), summary=str(place), clock=no_time) as report:
        report.add(Result(HOSTILE, Status.FAILED, findings=(bad,)))
        report.close(interrupted="<b>Ctrl-C</b>")
    (row,) = [line for line in place.read_text("utf-8").splitlines() if line.startswith("| failed |")]
    bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", row)  # what is left without escaped punctuation
    assert re.findall(r"<[^>]*>", bare) == ["<code>", "</code>", "<code>", "</code>", "<br>", "<br>"]
    assert not set("[]`*_@!") & set(bare.replace("|", ""))
    assert bare.count("|") == 4
    assert "\\<b\\>Ctrl\\-C" in place.read_text("utf-8")


def test_the_summary_is_no_larger_than_github_takes(tmp_path: Path) -> None:
    place = tmp_path / "summary.md"
    bad = Result("a" * 100, Status.FAILED, findings=(Finding("x", Severity.ERROR, "\u4e2d" * 1000),))
    with GitHub(io.StringIO(), summary=str(place), clock=no_time) as report:
        for _ in range(4000):
            report.add(bad)
    size = place.stat().st_size
    assert MOST_SUMMARY * 0.9 < size <= MOST_SUMMARY
    shown = int(re.findall(r"and ([\d,]+) more scripts", place.read_text("utf-8"))[0].replace(",", ""))
    assert place.read_text("utf-8").count("| failed |") - 1 + shown == 4000


def test_a_summary_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    report = GitHub(io.StringIO(), summary=str(tmp_path / "none" / "summary.md"), clock=no_time)
    with pytest.raises(FileError, match="no such file"):
        report.close()
