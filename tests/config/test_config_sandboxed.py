"""`sandbox` and `validate`: nothing is read unless named, and no variable widens anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from llmspell.config import Configuration
from llmspell.errors import ConfigError
from llmspell.limits import MIB, Limits
from llmspell.policy import Policy, ToolGrant

Load = Callable[..., Configuration]


def test_no_file_is_read_and_nothing_is_granted(
    load: Load, system_file: Path, user_file: Path, project_file: Path
) -> None:
    for file in (system_file, user_file, project_file):
        file.write_text("this is no TOML")
    found = load({"LLMSPELL_CONFIG": str(user_file)}, sandboxed=True)
    assert found == Configuration(policy=Policy())


def test_a_named_file_is_read_and_its_grants_count(load: Load, project_file: Path) -> None:
    project_file.write_text('[limits]\nmemory = "128M"\n[tools]\ngrant = ["calculator"]\n[providers.e]\ntype = "echo"')
    found = load(sandboxed=True, config_file=str(project_file))
    assert found.limits.memory == 128 * MIB
    assert found.policy == Policy(tools={"calculator": ToolGrant()})
    assert list(found.providers) == ["e"]


def test_a_named_file_without_grants_grants_nothing(load: Load, project_file: Path) -> None:
    project_file.write_text("[limits]\ncalls = 5")
    assert load(sandboxed=True, config_file=str(project_file)).policy == Policy()


WIDENING = {
    "LLMSPELL_LIMITS__MEMORY": "51M",
    "LLMSPELL_LIMITS__COST": "1.01",
    "LLMSPELL_ENGINE": "x",
    "LLMSPELL_ENGINES__X__COMMAND": '["x"]',
    "LLMSPELL_GRANTS__READ": "/",
    "LLMSPELL_GRANTS__MODULES": "true",
    "LLMSPELL_MODEL": "m",
    "LLMSPELL_ALIASES__FAST": "a/b",
    "LLMSPELL_MODELS__UNKNOWN_PRICE": "0",
    "LLMSPELL_PROVIDERS__X__BASE_URL": "not even an address",
    "LLMSPELL_SCRIPT__A": "1",
    "LLMSPELL_TOOLS__GRANT": "web-fetch",
}


@pytest.mark.parametrize("name", WIDENING)
def test_a_variable_that_would_widen_is_ignored_and_reported(load: Load, name: str) -> None:
    found = load({name: WIDENING[name]}, sandboxed=True)
    assert found.ignored == (name,)
    assert (found.limits, found.policy, found.origins) == (Limits(), Policy(), {})
    assert (found.engine, found.providers, found.engines) == (None, {}, {})


def test_a_variable_may_lower_a_limit(load: Load, project_file: Path) -> None:
    variable = {"LLMSPELL_LIMITS__MEMORY": "20M"}
    found = load(variable, sandboxed=True)
    assert found.limits == Limits(memory=20 * MIB)
    assert found.ignored == ()
    project_file.write_text('[limits]\nmemory = "10M"')
    found = load(variable, sandboxed=True, config_file=str(project_file))
    assert found.limits.memory == 10 * MIB
    assert found.ignored == ("LLMSPELL_LIMITS__MEMORY",)


@pytest.mark.parametrize("name", ["LLMSPELL_LIMITS__MEMROY", "LLMSPELL_LIMITS__MEMORY"])
def test_a_limit_that_is_not_understood_is_an_error_all_the_same(load: Load, name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        load({name: "lots"}, sandboxed=True)
