"""A project's file is hostile until the user has trusted it by its content, or named it."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from llmspell.config import Configuration
from llmspell.config.schema import EXAMPLE_NAMES, KEYS, OPEN_TO_PROJECTS, Key, Kind, Project
from llmspell.config.toml_text import toml_key
from llmspell.config.trust import TrustStore
from llmspell.errors import ConfigError
from llmspell.limits import MIB, Limits, format_size

Load = Callable[..., Configuration]

FORBIDDEN = [key for key in KEYS if key.project is Project.NOTHING]


def test_an_untrusted_file_may_say_no_more_than_it_always_could() -> None:
    assert {key.path for key in KEYS if key.project is Project.SETS} == {"engine", "script"}
    assert {key.path for key in KEYS if key.project is Project.LOWERS} == {f"limits.{name}" for name in Limits._fields}
    assert {"engine", "script", "limits"} == OPEN_TO_PROJECTS


@pytest.mark.parametrize("key", FORBIDDEN, ids=lambda key: key.path)
def test_an_untrusted_file_may_not_set(load: Load, project_file: Path, user_file: Path, key: Key) -> None:
    user_file.write_text('[providers.near]\ntype = "litellm"')
    path = tuple(EXAMPLE_NAMES[key.path.split(".")[0]] if name == "*" else name for name in key.path.split("."))
    project_file.write_text(f"{toml_key(path)} = {key.example}")
    with pytest.raises(ConfigError) as caught:
        load()
    message = str(caught.value)
    assert message.startswith(f"{project_file}, line 1: {toml_key(path)}")
    assert message.endswith(
        ": may not be set by a project's file that you have not trusted: read it, "
        f"then run `llmspell config trust {project_file}`, or name it with `--config {project_file}`"
    )


@pytest.mark.parametrize(
    "text",
    ["[engines.x]", "[engines]", "[providers.x]", "[tools]", "[grants]", "tools.x = {}", "[aliases]", "[models]"],
)
def test_an_untrusted_file_may_not_even_name(load: Load, project_file: Path, text: str) -> None:
    project_file.write_text(text)
    with pytest.raises(ConfigError, match="may not be set by a project's file"):
        load()


def test_an_untrusted_file_may_set_script_defaults(load: Load, project_file: Path) -> None:
    project_file.write_text('engine = "x"\n[limits]\n[script]\na = 1\nb = {}')
    found = load()
    assert (found.engine, found.policy.config) == ("x", {"a": 1, "b": {}})
    assert found.origin("engine") == str(project_file)


LIMIT_KEYS = [(key.path.removeprefix("limits."), key.kind) for key in KEYS if key.project is Project.LOWERS]


@pytest.mark.parametrize(("name", "kind"), LIMIT_KEYS)
def test_an_untrusted_file_may_keep_or_lower_a_limit_and_not_raise_it(
    load: Load, project_file: Path, name: str, kind: Kind
) -> None:
    default = getattr(Limits(), name)
    for value in (default, default / 2 if isinstance(default, float) else default // 2):
        project_file.write_text(f"[limits]\n{name} = {value}")
        assert getattr(load().limits, name) == value
    project_file.write_text(f"[limits]\n{name} = {default + 1}")
    old, new = (format_size(n) if kind is Kind.SIZE else f"{n:g}" for n in (default, default + 1))
    with pytest.raises(ConfigError) as caught:
        load()
    assert f"line 2: limits.{name}: may only be lowered, not raised from {old} to {new}, by a project's file" in str(
        caught.value
    )


def test_the_layers_below_decide_how_high_an_untrusted_limit_may_be(
    load: Load, user_file: Path, system_file: Path, project_file: Path
) -> None:
    project_file.write_text('[limits]\nmemory = "64M"')
    system_file.write_text('[limits]\nmemory = "32M"\ncalls = 1')
    user_file.write_text('[limits]\nmemory = "64M"')
    assert load().limits.memory == 64 * MIB
    user_file.write_text("")
    with pytest.raises(ConfigError, match="not raised from 32 MiB to 64 MiB"):
        load()
    assert load({"LLMSPELL_CONFIG": str(user_file), "LLMSPELL_LIMITS__MEMORY": "128M"}).limits.memory == 128 * MIB


def test_a_variable_of_the_user_may_raise_what_a_project_lowered(load: Load, project_file: Path) -> None:
    project_file.write_text('[limits]\nmemory = "1M"')
    assert load({"LLMSPELL_LIMITS__MEMORY": "128M"}).limits.memory == 128 * MIB


def test_a_trusted_file_says_anything_until_its_content_changes(load: Load, project_file: Path, store: Path) -> None:
    text = '[limits]\nmemory = "128M"\n[tools]\ngrant = ["web-fetch"]'
    project_file.write_text(text)
    digest = TrustStore(str(store)).trust(str(project_file))
    assert digest == hashlib.sha256(text.encode()).hexdigest()
    assert list(load().policy.tools) == ["web-fetch"]
    project_file.write_text(text + "\n# edited")
    with pytest.raises(ConfigError, match="that you have not trusted"):
        load()
    project_file.write_text(text)
    assert load().limits.memory == 128 * MIB


def test_trust_belongs_to_one_path(load: Load, project: Path, project_file: Path, store: Path) -> None:
    project_file.write_text("[grants]\nmodules = true")
    TrustStore(str(store)).trust(str(project_file))
    inner = project / "vendored"
    inner.mkdir()
    (inner / "llmspell.toml").write_bytes(project_file.read_bytes())
    assert load().policy.modules
    with pytest.raises(ConfigError, match="vendored"):
        load(cwd=inner)


def test_a_trusted_file_is_known_through_a_linked_folder(
    load: Load, tmp_path: Path, project: Path, project_file: Path, store: Path
) -> None:
    project_file.write_text("[grants]\nmodules = false")
    TrustStore(str(store)).trust(str(project_file))
    (tmp_path / "alias").symlink_to(project)
    assert load(cwd=tmp_path / "alias").policy.modules is False


@pytest.mark.parametrize("by", ["option", "variable"])
def test_naming_a_file_trusts_it_for_this_run(load: Load, project_file: Path, by: str) -> None:
    project_file.write_text('[engines.x]\ncommand = ["x"]')
    named = str(project_file)
    found = load(config_file=named) if by == "option" else load({"LLMSPELL_CONFIG": named})
    assert found.engines["x"].command == ("x",)


def test_a_projects_link_is_not_followed(load: Load, user_file: Path, project_file: Path, store: Path) -> None:
    project_file.symlink_to(user_file)
    user_file.write_text('engine = "x"')
    with pytest.raises(ConfigError, match="is a symbolic link, which is not followed here; name its target"):
        load()
    with pytest.raises(ConfigError, match="is a symbolic link"):
        TrustStore(str(store)).trust(str(project_file))


def test_the_advice_survives_a_hostile_folder_name(load: Load, project: Path) -> None:
    folder = project / "a'; rm -rf $HOME; '\x1b[2J"
    folder.mkdir()
    (folder / "llmspell.toml").write_text("[grants]\nmodules = true")
    with pytest.raises(ConfigError) as caught:
        load(cwd=folder)
    message = str(caught.value)
    assert message.isprintable()
    advice = shlex.split(message.split("`")[1])
    assert advice[:3] == ["llmspell", "config", "trust"]
    assert len(advice) == 4
