"""Whatever an untrusted project's file says, for whichever key: it can make less possible, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmspell.config import Configuration
from llmspell.config import load as load_configuration
from llmspell.config.assemble import build
from llmspell.config.discovery import Source
from llmspell.config.refusal import Refusal
from llmspell.config.schema import EXAMPLE_NAMES, KEYS, Key, Kind
from llmspell.config.survey import survey
from llmspell.config.toml_text import toml_key, toml_value
from llmspell.errors import ConfigError
from llmspell.limits import Limits

MINE = """
model = "mine/small"
provider = "mine"
[aliases]
fast = "mine/small"
[limits]
memory = "40M"
calls = 100
[providers.mine]
type = "litellm"
base_url = "http://localhost:1"
api_key_env = "MINE"
[models."mine/*"]
max_calls = 2
[tools]
grant = ["calculator"]
[tools.calculator]
max_calls = 3
[grants]
read = ["/srv"]
models = ["mine/*"]
[script]
mine = 1
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("widening")
    (folder / "user.toml").write_text(MINE)
    (folder / "clone").mkdir()
    return folder


def load(folder: Path, environ: Mapping[str, str] | None = None, *, sandboxed: bool = False) -> Configuration:
    return load_configuration(
        cwd=str(folder / "clone"),
        environ={"HOME": str(folder), **(environ or {})},
        sandboxed=sandboxed,
        system_file=str(folder / "absent.toml"),
        user_file=str(folder / "user.toml"),
        store=str(folder / "state" / "trusted.json"),
    )


def merged_in_spite_of_faults(folder: Path) -> tuple[Configuration, list[Refusal]]:
    """What `config show` would show: every fault is told, and the rest counts."""
    faults: list[Refusal] = []
    environ = {"HOME": str(folder)}
    found = survey(
        [Source(str(folder / "user.toml"), "user"), Source(str(folder / "clone" / "llmspell.toml"), "project")],
        [],
        cwd=str(folder / "clone"),
        environ=environ,
        sandboxed=False,
        store=str(folder / "state" / "trusted.json"),
        report=faults.append,
    )
    return build(found.tree, environ, sandboxed=False), faults


def assert_no_wider(found: Configuration, than: Configuration) -> None:
    """Limits may be lower, the engine another, and what scripts are shown more; all else is the same."""
    for name in Limits._fields:
        assert getattr(found.limits, name) <= getattr(than.limits, name), name
    assert found.policy._replace(config={}) == than.policy._replace(config={})
    for name in ("model", "provider", "aliases", "providers", "engines", "tool_bounds"):
        assert getattr(found, name) == getattr(than, name), name


NUMBERS = st.integers(0, 2**62) | st.floats(0, 1e300) | st.sampled_from([0, 1, 10**6, 10**12])
TEXTS = st.sampled_from(["*", "mine/*", "echo", "litellm", "/", "~", "http://evil.example", "HOME", ".x", "sh", "99G"])
ANY = st.one_of(
    NUMBERS,
    TEXTS,
    st.booleans(),
    st.lists(TEXTS, max_size=3),
    st.dictionaries(TEXTS, TEXTS | NUMBERS, max_size=2),
)
OF_KIND: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.SIZE: st.integers(0, 2**62) | st.sampled_from(["1K", "40M", "41M", "99G"]),
    Kind.SECONDS: st.floats(0.001, 1e8),
    Kind.COUNT: st.integers(0, 2**62),
    Kind.MONEY: st.floats(0, 1e9),
}
NAMES = st.sampled_from(["mine", "mine/*", "*", "calculator", "evil", "fast"])


def settings_of(key: Key) -> st.SearchStrategy[str]:
    """Statements that set a key: its example or any value, below any name."""

    def write(name: str, value: str) -> str:
        path = tuple(name if part == "*" else part for part in key.path.split("."))
        return f"{toml_key(path)} = {value}"

    values = st.just(key.example) | (OF_KIND.get(key.kind, ANY) | ANY).map(toml_value)
    return st.builds(write, NAMES | st.just(EXAMPLE_NAMES.get(key.path.split(".")[0], "x")), values)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_no_value_of_a_key_widens_anything_before_the_file_is_trusted(folder: Path, key: Key) -> None:
    mine = folder / "clone" / "llmspell.toml"
    mine.unlink(missing_ok=True)
    before = load(folder)

    @settings(max_examples=20, deadline=None)
    @given(settings_of(key))
    def claim(statement: str) -> None:
        mine.write_text(statement)
        shown, faults = merged_in_spite_of_faults(folder)
        assert_no_wider(shown, before)
        try:
            assert_no_wider(load(folder), before)
        except ConfigError:
            assert faults
        else:
            assert not faults

    claim()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of([settings_of(key) for key in KEYS]), max_size=4))
def test_no_file_widens_anything_before_it_is_trusted(folder: Path, statements: list[str]) -> None:
    mine = folder / "clone" / "llmspell.toml"
    mine.unlink(missing_ok=True)
    before = load(folder)
    mine.write_text("\n".join(statements))
    assert_no_wider(merged_in_spite_of_faults(folder)[0], before)
    try:
        assert_no_wider(load(folder), before)
    except ConfigError:
        pass


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(KEYS), NAMES, ANY.map(toml_value) | TEXTS)
def test_no_variable_widens_a_sandboxed_run(folder: Path, key: Key, name: str, text: str) -> None:
    variable = "LLMSPELL_" + key.path.replace("*", name).replace(".", "__").upper()
    before = load(folder, sandboxed=True)
    try:
        found = load(folder, {variable: text}, sandboxed=True)
    except ConfigError:
        return
    assert_no_wider(found, before)
    assert found.engine is None
    assert found.policy == before.policy
