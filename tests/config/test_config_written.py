"""What llmspell writes about a configuration, it reads: the sample, the merged values, and the defaults."""

from __future__ import annotations

import doctest
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmspell.config import Configuration, lines, toml_text
from llmspell.config.assemble import build
from llmspell.config.check import checked
from llmspell.config.configuration import unconfigured
from llmspell.config.defaults import default_tree
from llmspell.config.readers import Folders
from llmspell.config.sample import sample
from llmspell.config.schema import KEYS
from llmspell.config.toml_text import lines_of, toml_key, toml_value
from llmspell.config.tree import Origin, Tree, settings

Load = Callable[..., Configuration]
HERE = Origin("sample.toml", Folders("/base", "/home/ada"))


def uncommented(text: str) -> str:
    """The sample with every setting in force."""
    return re.sub(r"^#(?=[^ \n])", "", text, flags=re.MULTILINE)


def as_toml(tree: Tree) -> str:
    """Every value of a tree on a line of its own."""
    return "\n".join(f"{toml_key(line.path)} = {line.value}" for line in lines_of(tree))


@pytest.mark.parametrize("for_project", [False, True], ids=["user", "project"])
def test_the_sample_configures_nothing_and_an_untrusted_project_may_hold_it(
    load: Load, user_file: Path, project_file: Path, for_project: bool
) -> None:
    nothing = load()
    (project_file if for_project else user_file).write_text(sample(project=for_project))
    assert load()._replace(files=()) == nothing
    project_file.write_text(sample(project=for_project))
    load()


@pytest.mark.parametrize("for_project", [False, True], ids=["user", "project"])
def test_every_setting_of_the_sample_is_valid_and_none_is_missing(for_project: bool) -> None:
    tree = checked(tomllib.loads(uncommented(sample(project=for_project))), HERE)
    assert {setting.key for _, setting in settings(tree)} == set(KEYS)


def test_the_sample_shows_the_defaults_of_limits() -> None:
    tree = checked(tomllib.loads(uncommented(sample())), HERE)
    limits = unconfigured(sandboxed=False).limits
    assert {path[1]: setting.value for path, setting in settings(tree) if path[0] == "limits"} == limits._asdict()


@pytest.mark.parametrize("sandboxed", [False, True], ids=["run", "sandbox"])
def test_the_defaults_that_are_shown_are_those_that_hold(sandboxed: bool) -> None:
    found = build(default_tree(sandboxed=sandboxed), {}, sandboxed=not sandboxed)
    assert found._replace(origins={}) == unconfigured(sandboxed=sandboxed)


def test_what_is_written_reads_as_the_same_configuration() -> None:
    tree = checked(tomllib.loads(uncommented(sample())), HERE)
    again = checked(tomllib.loads(as_toml(tree)), HERE)
    assert build(again, {}, sandboxed=False) == build(tree, {}, sandboxed=False)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.text() | st.integers() | st.floats(allow_nan=False) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_any_value_is_written_on_one_line_that_reads_as_the_same_and_steers_no_terminal(value: dict[str, Any]) -> None:
    text = toml_value(value)
    assert text.isprintable()
    assert tomllib.loads(f"x = {text}") == {"x": value}


@pytest.mark.parametrize("module", [lines, toml_text], ids=["lines", "toml_text"])
def test_the_examples_in_docstrings_hold(module: Any) -> None:
    assert doctest.testmod(module).failed == 0
