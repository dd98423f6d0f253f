"""The page and the table of keys say the same."""

from __future__ import annotations

import doctest
import re
import tomllib
from pathlib import Path

import pytest

from llmspell.config import refusal
from llmspell.config.check import checked
from llmspell.config.readers import Folders
from llmspell.config.schema import KEYS, Project
from llmspell.config.tree import Origin
from llmspell.limits import Limits

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
BEFORE_TRUST = {Project.NOTHING: "no", Project.LOWERS: "lower", Project.SETS: "yes"}


def test_every_limit_has_a_key() -> None:
    assert {key.path for key in KEYS if key.path.startswith("limits.")} == {f"limits.{name}" for name in Limits._fields}


def test_the_page_has_every_key_with_what_a_project_may_do() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| .* \| (\w+) \|$", PAGE.read_text(), re.MULTILINE)
    assert rows == [(_shown(key.path), BEFORE_TRUST[key.project]) for key in KEYS]


def _shown(path: str) -> str:
    return path.replace("*", "PATTERN" if path.startswith("models.") else "NAME")


EXAMPLES = re.findall(r"^```toml\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_is_a_configuration(example: str) -> None:
    assert checked(tomllib.loads(example), Origin(str(PAGE), Folders("/", "/home/ada")))


def test_the_examples_in_docstrings_hold() -> None:
    assert doctest.testmod(refusal).failed == 0
