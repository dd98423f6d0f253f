"""The JUnit report: the schema of Jenkins' xUnit plugin, its golden text, what another reader makes of it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema
from hypothesis import given
from junitparser import Error, Failure, JUnitXml

from llmspell.outcome import Outcome, Verdict
from llmspell.validate.finding import Finding, Severity
from llmspell.validate.result import Result, Status
from tests.reports.examples import HOSTILE, RESULTS, rendered, results, written
from tests.reports.golden import assert_is_golden


@pytest.fixture(scope="module")
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(Path(__file__).parent / "schemas" / "junit-10.xsd"))


def test_the_document_is_as_it_is_kept_and_as_the_schema_says(tmp_path: Path, schema: xmlschema.XMLSchema) -> None:
    text = written(tmp_path, "junit", RESULTS)
    assert_is_golden(text, "report.xml")
    schema.validate(text)


def test_another_reader_finds_the_same_results(tmp_path: Path) -> None:
    written(tmp_path, "junit", RESULTS)
    (suite,) = JUnitXml.fromfile(str(tmp_path / "report.junit"))
    assert (suite.tests, suite.failures, suite.errors) == (4, 1, 1)
    kinds = [[type(one) for one in case.result] for case in suite]
    assert kinds == [[], [Failure], [], [Error]]
    assert [case.name for case in suite] == [one.path for one in RESULTS]


def test_an_interrupted_check_is_an_error_in_a_valid_document(tmp_path: Path, schema: xmlschema.XMLSchema) -> None:
    text = written(tmp_path, "junit", RESULTS[:1], interrupted="Ctrl-C")
    schema.validate(text)
    last = ElementTree.fromstring(text)[0][-1]
    assert last[0].attrib == {"type": "interrupted", "message": "Ctrl-C: 1 script was checked, others were not"}
    assert ElementTree.fromstring(text).attrib["errors"] == "1"


def test_hostile_text_is_text(tmp_path: Path) -> None:
    hostile = Result(
        HOSTILE,
        Status.FAILED,
        findings=(Finding(HOSTILE, Severity.ERROR, HOSTILE),),
        outcome=Outcome(Verdict.OK, "a", None, "x", None, started=True, stdout=b"]]></system-out>\x00").to_dict(),
    )
    case = ElementTree.fromstring(written(tmp_path, "junit", [hostile]))[0][0]
    assert [child.tag for child in case] == ["failure", "system-out"]
    assert "</script><script>alert(1)</script>" in (case[0].text or "")
    assert case[1].text == "]]></system-out>\\x00"


def test_an_enormous_output_is_cut(tmp_path: Path) -> None:
    result = Result("a", Status.PASSED, outcome={"stdout": "x" * 5_000_000})
    assert len(written(tmp_path, "junit", [result])) < 100_000


@given(results)
def test_any_result_is_a_valid_document_with_its_case(schema: xmlschema.XMLSchema, result: Result) -> None:
    text = rendered("junit", [result])
    schema.validate(text)
    cases = ElementTree.fromstring(text)[0]
    told = {Status.PASSED: [], Status.FAILED: ["failure"], Status.UNCHECKED: ["error"]}
    kinds = [[child.tag for child in case if child.tag in ("failure", "error")] for case in cases]
    assert kinds == [told[one.status] for one in (result,)]
