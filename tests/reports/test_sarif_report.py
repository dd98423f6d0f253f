"""The SARIF report: its published schema, its golden text, and what code scanning hangs on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from jsonschema import Draft4Validator

from llmspell.validate.finding import Finding, Position, Severity
from llmspell.validate.reports.opening import About
from llmspell.validate.reports.report import FileReport
from llmspell.validate.reports.sarif import FINGERPRINT, MOST_RESULTS, Sarif, location
from llmspell.validate.reports.wording import findings_of
from llmspell.validate.result import Result, Status
from tests.reports.examples import ABOUT, HOSTILE, RESULTS, no_time, rendered, results, written
from tests.reports.golden import assert_is_golden

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-2.1.0-rtm.5.json").read_text())
VALIDATOR = Draft4Validator(SCHEMA, format_checker=Draft4Validator.FORMAT_CHECKER)


def run_of(text: str) -> dict[str, Any]:
    document = json.loads(text, parse_constant=pytest.fail)
    VALIDATOR.validate(document)
    (run,) = document["runs"]
    assert isinstance(run, dict)
    return run


def failed(source: str, line: int, *, rule: str = "x", message: str = "m") -> Result:
    finding = Finding(rule, Severity.ERROR, message, Position(line, 1, line, 2))
    return Result("a", Status.FAILED, findings=(finding,), source=source)


def fingerprints(*results: Result) -> list[str]:
    return [one["partialFingerprints"][FINGERPRINT] for one in run_of(rendered("sarif", list(results)))["results"]]


def test_the_document_is_as_it_is_kept_and_as_the_schema_says(tmp_path: Path) -> None:
    text = written(tmp_path, "sarif", RESULTS)
    assert_is_golden(text, "report.sarif")
    run = run_of(text)
    assert len(run["results"]) == sum(len(one.findings) for one in RESULTS)
    assert run["columnKind"] == "unicodeCodePoints"
    assert run["invocations"] == [{"executionSuccessful": True}]


def test_every_rule_is_described_and_every_result_names_its_own() -> None:
    run = run_of(rendered("sarif", list(RESULTS)))
    rules = run["tool"]["driver"]["rules"]
    assert rules[0]["shortDescription"] == {"text": ABOUT.rules["unknown-name"]}
    assert [rules[one["ruleIndex"]]["id"] for one in run["results"]] == [one["ruleId"] for one in run["results"]]


def test_a_fingerprint_stays_when_lines_move_and_changes_with_the_line() -> None:
    (before,) = fingerprints(failed("bad()\n", 1))
    (after,) = fingerprints(failed("one()\ntwo()\n  bad( )\n", 3))
    (other,) = fingerprints(failed("worse()\n", 1))
    (of_other_rule,) = fingerprints(failed("bad()\n", 1, rule="y"))
    assert before == after
    assert len({before, other, of_other_rule}) == 3


def test_equal_lines_of_one_script_have_fingerprints_of_their_own() -> None:
    one, two = failed("bad()\nbad()\n", 1), failed("bad()\nbad()\n", 2)
    both = fingerprints(one._replace(findings=one.findings + two.findings))
    assert len(set(both)) == 2
    assert both == [f"{both[0].partition(':')[0]}:{number}" for number in (1, 2)]


def test_an_interrupted_check_was_not_successful(tmp_path: Path) -> None:
    place = tmp_path / "a.sarif"
    with FileReport(str(place), Sarif(About("1.2.3", began=1e9, clock=no_time)), clock=no_time) as report:
        report.add(RESULTS[0])
        report.close(interrupted="Ctrl-C")
    (invocation,) = run_of(place.read_text("utf-8"))["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["startTimeUtc"] == "2001-09-09T01:46:40.000Z"
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "Ctrl-C: 1 script was checked"


def test_no_more_results_are_written_than_code_scanning_takes(tmp_path: Path) -> None:
    assert MOST_RESULTS == 25_000
    place = tmp_path / "a.sarif"
    many = Result("a", Status.FAILED, findings=(Finding("x", Severity.ERROR, "y"),) * 7)
    with FileReport(str(place), Sarif(ABOUT, most=10), clock=no_time) as report:
        report.add(many)
        report.add(many)
    run = run_of(place.read_text("utf-8"))
    assert len(run["results"]) == 10
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "4 findings are left out: 10 are taken at most"


def test_text_of_a_script_is_no_link_and_no_placeholder() -> None:
    run = run_of(rendered("sarif", [failed("x", 1, message="[docs](https://evil) {0} {a = 1}")]))
    assert run["results"][0]["message"]["text"] == "[docs] (https://evil) {{0}} {a = 1}"


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("spells/a b.lua", "spells/a%20b.lua"),
        ("über/#1?.lua", "%C3%BCber/%231%3F.lua"),
        ("c:evil/x", "c%3Aevil/x"),
        ("./a/../b", "b"),
        ("../outside", "../outside"),
    ],
    ids=["space", "marks", "scheme", "dots", "above"],
)
def test_paths_are_relative_addresses(path: str, uri: str) -> None:
    assert location(path, "") == {"uri": uri, "uriBaseId": "SRCROOT"}


def test_a_path_from_elsewhere_is_a_whole_address_and_never_a_host() -> None:
    assert location("/etc/x", "below") == {"uri": "file:///etc/x"}
    assert location("//host/x", "") == {"uri": "file:///host/x"}


@given(results)
def test_any_result_is_in_a_valid_document_with_all_its_findings(result: Result) -> None:
    run = run_of(rendered("sarif", [result]))
    found = findings_of(result)
    assert [one["level"] for one in run["results"]] == [str(one.severity) for one in found]
    for one in run["results"]:
        region = one["locations"][0]["physicalLocation"]["region"]
        assert region["startLine"] <= region.get("endLine", region["startLine"])
        assert unquote(one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])


def test_hostile_text_is_in_it_as_text() -> None:
    run = run_of(rendered("sarif", [failed("x", 1, rule=HOSTILE, message=HOSTILE)]))
    assert "\x1b" not in run["results"][0]["message"]["text"]
    assert run["tool"]["driver"]["rules"][1]["id"] == run["results"][0]["ruleId"]
