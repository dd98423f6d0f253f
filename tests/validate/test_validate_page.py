"""docs/validate.md has every rule and every key, and its examples are found by the rules that they are of."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from llmspell.validate.check import Checker
from llmspell.validate.rules import RULES
from llmspell.validate.runs import expectation
from llmspell.validate.settings import Settings
from llmspell.validate.spell import Spell
from tests.docs.pages import ROOT, Block, blocks

PAGE = ROOT / "docs" / "validate.md"
EXAMPLES = [block for block in blocks(PAGE) if block.note("rule") is not None]


def rule_of(block: Block) -> str:
    return block.note("rule") or ""


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    with Checker(Settings()) as made:
        yield made


def test_every_rule_is_on_the_page_in_order_and_none_other() -> None:
    table = re.findall(r"^\| `([a-z0-9-]+)` \| (?:error|warning|note) \|", PAGE.read_text(), re.MULTILINE)
    assert table == list(RULES)


@pytest.mark.parametrize("block", EXAMPLES, ids=rule_of)
def test_an_example_is_found_by_its_rule_with_the_severity_of_the_table(block: Block, checker: Checker) -> None:
    rule = rule_of(block)
    (severity,) = re.findall(rf"^\| `{rule}` \| (\w+) \|", PAGE.read_text(), re.MULTILINE)
    found = checker.check(Spell("example", block.language, block.text.encode())).findings
    assert [(one.rule, one.severity.value) for one in found] == [(rule, severity)]


def test_every_rule_that_reads_what_a_script_says_has_an_example() -> None:
    of_files = set(RULES) - set(list(RULES)[: list(RULES).index("secret")])
    assert {rule_of(block) for block in EXAMPLES} == set(RULES) - of_files


def test_every_key_of_an_expectation_is_on_the_page() -> None:
    cells = re.findall(r"^\| (`[^|]*`) \|", PAGE.read_text().split("## Runs")[1], re.MULTILINE)
    named = {name.strip("[]") for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    assert named == set(expectation.KEYS)
