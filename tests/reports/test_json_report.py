"""The JSON report: its schema, its golden text, and any result at all."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from llmspell.validate.reports.json_text import island, json_text
from llmspell.validate.result import Result, Status
from tests.reports.examples import HOSTILE, RESULTS, rendered, results, texts, written
from tests.reports.golden import assert_is_golden

SCHEMA = json.loads((files("llmspell.validate.reports") / "validation-1.schema.json").read_text())
VALIDATOR = Draft202012Validator(SCHEMA)


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_document_is_as_it_is_kept_and_as_the_schema_says(tmp_path: Path) -> None:
    text = written(tmp_path, "json", RESULTS)
    assert_is_golden(text, "report.json")
    document = json.loads(text)
    VALIDATOR.validate(document)
    assert document["complete"]
    assert document["totals"]["scripts"] == 4
    assert [one["path"] for one in document["results"]] == [one.path for one in RESULTS]


def test_the_schema_knows_every_field_of_a_result_but_its_source() -> None:
    of_schema = SCHEMA["$defs"]["result"]
    assert {*of_schema["properties"]} == {*of_schema["required"]} == {*Result._fields} - {"source"}


def test_an_interrupted_check_leaves_a_document_that_says_so(tmp_path: Path) -> None:
    document = json.loads(written(tmp_path, "json", RESULTS[:2], interrupted="Ctrl-C"))
    VALIDATOR.validate(document)
    assert (document["complete"], document["interrupted"], len(document["results"])) == (False, "Ctrl-C", 2)


def test_a_check_of_nothing_is_a_document(tmp_path: Path) -> None:
    document = json.loads(written(tmp_path, "json", []))
    VALIDATOR.validate(document)
    assert document["results"] == []


@given(results)
def test_any_result_is_in_a_document_that_every_parser_takes(result: Result) -> None:
    text = rendered("json", [result])
    document = json.loads(text, parse_constant=pytest.fail)
    VALIDATOR.validate(document)
    json.dumps(document, ensure_ascii=False).encode("utf-8")  # no half of a surrogate pair is in it
    assert [one["status"] for one in document["results"]] == [str(one.status) for one in (result,)]


@given(texts)
def test_an_island_ends_no_element_and_is_the_same_text(text: str) -> None:
    written_text = island([text])
    assert not set("<>&\u2028\u2029\n") & set(written_text)
    assert json.loads(written_text) == json.loads(json_text([text]))


def test_values_that_are_too_deep_or_too_long_are_cut(tmp_path: Path) -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    value: dict[Any, Any] = {"deep": deep, "long": 10**9999, "odd": object(), 3: float("inf")}
    document = json.loads(written(tmp_path, "json", [Result("a", Status.PASSED, outcome=value)]))
    made = document["results"][0]["outcome"]
    assert (made["long"], made["odd"], made["3"]) == ("an integer of 33216 bits", "(object)", "inf")


def test_hostile_text_comes_back_as_it_was(tmp_path: Path) -> None:
    document = json.loads(written(tmp_path, "json", [Result(HOSTILE, Status.PASSED)]))
    assert document["results"][0]["path"] == HOSTILE.replace("\ud800", "\\ud800")
