"""Every case says in its first lines what is found in it, and nothing else is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmspell.engines.factory import EngineFactory
from llmspell.validate.check import Checker
from llmspell.validate.discovery import Discovery
from llmspell.validate.result import Result
from llmspell.validate.rules import RULES
from llmspell.validate.settings import Settings
from llmspell.validate.spell import Spell

CASES = Path(__file__).parent / "cases"
WANTED = re.compile(r"(?:--|//|#) wants: ([a-z0-9-]+) (\d+:\d+|-) ([a-z]+)")


def wanted(source: str) -> list[tuple[str, str, str]]:
    lines = (WANTED.fullmatch(line) for line in source.splitlines())
    return [(match[1], match[2], match[3]) for match in lines if match]


def found(result: Result) -> list[tuple[str, str, str]]:
    return [
        (one.rule, f"{one.position.line}:{one.position.column}" if one.position else "-", one.severity.value)
        for one in result.findings
    ]


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    with Checker(Settings()) as made:
        yield made


@pytest.fixture(scope="module")
def spells() -> dict[str, Spell]:
    listed = Discovery([str(CASES)], factory=EngineFactory(), allowed=1 << 20)
    return {Path(one.path).resolve().relative_to(CASES).as_posix(): one for one in listed if isinstance(one, Spell)}


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.iterdir() if path.is_file()))
def test_what_a_case_wants_is_found_and_nothing_else(name: str, checker: Checker, spells: dict[str, Spell]) -> None:
    result = checker.check(spells[name])
    assert found(result) == wanted(spells[name].source.decode()), result.findings


def test_every_case_is_of_rules_that_there_are() -> None:
    rules = {rule for path in CASES.iterdir() if path.is_file() for rule, _, _ in wanted(path.read_text())}
    assert rules <= set(RULES)
