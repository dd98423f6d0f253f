"""A project's file is hostile until the user has trusted it by its content, or named it."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from llmspell.config import Configuration
from llmspell.config.schema import KEYS, OPEN_TO_PROJECTS, Kind, Project
from llmspell.config.trust import TrustStore
from llmspell.errors import ConfigError
from llmspell.limits import MIB, Limits, format_size

Load = Callable[..., Configuration]

FORBIDDEN = {
    "model": 'model = "near/large"',
    "provider": 'provider = "near"',
    "providers.*.type": '[providers.x]\ntype = "echo"',
    "providers.*.base_url": '[providers.x]\nbase_url = "https://evil.example"',
    "providers.*.api_key_env": '[providers.x]\napi_key_env = "AWS_SECRET_ACCESS_KEY"',
    "providers.*.default_model": '[providers.x]\ndefault_model = "m"',
    "providers.*.models": '[providers.x]\nmodels = ["m"]',
    "providers.*.timeout_seconds": "[providers.x]\ntimeout_seconds = 1",
    "providers.*.answers": '[providers.x]\nanswers = {a = "b"}',
    "providers.*.fail": '[providers.x]\nfail = "no"',
    "providers.*.delay_seconds": "[providers.x]\ndelay_seconds = 1",
    "tools.grant": '[tools]\ngrant = ["file-operations"]',
    "tools.*.max_calls": "[tools.calculator]\nmax_calls = 1",
    "grants.read": '[grants]\nread = ["~/.ssh"]',
    "grants.write": '[grants]\nwrite = ["/"]',
    "grants.env": '[grants]\nenv = ["AWS_SECRET_ACCESS_KEY"]',
    "grants.models": '[grants]\nmodels = ["*"]',
    "grants.modules": "[grants]\nmodules = true",
    "engines.*.command": '[engines.x]\ncommand = ["sh", "-c", "id"]',
    "engines.*.needs": '[engines.x]\nneeds = ["/usr"]',
    "engines.*.suffixes": '[engines.x]\nsuffixes = [".x"]',
    "engines.*.settings": "[engines.x]\nsettings = {a = 1}",
}


def test_every_key_that_is_not_open_is_tried_below() -> None:
    assert set(FORBIDDEN) == {key.path for key in KEYS if key.project is Project.NOTHING}
    assert {key.path for key in KEYS if key.project is Project.SETS} == {"engine", "script"}
    assert {key.path for key in KEYS if key.project is Project.LOWERS} == {f"limits.{name}" for name in Limits._fields}
    assert {"engine", "script", "limits"} == OPEN_TO_PROJECTS


@pytest.mark.parametrize("path", FORBIDDEN)
def test_an_untrusted_file_may_not_set(load: Load, project_file: Path, user_file: Path, path: str) -> None:
    user_file.write_text('[providers.x]\ntype = "litellm"')
    project_file.write_text(FORBIDDEN[path])
    key = path.replace("*", "calculator" if path.startswith("tools") else "x")
    with pytest.raises(ConfigError) as caught:
        load()
    message = str(caught.value)
    assert f"{key}" in message
    assert message.startswith(f"{project_file}, line ")
    assert message.endswith(
        ": may not be set by a project's file that you have not trusted: read it, "
        f"then run `llmspell config trust {project_file}`, or name it with `--config {project_file}`"
    )


@pytest.mark.parametrize("text", ["[engines.x]", "[engines]", "[providers.x]", "[tools]", "[grants]", "tools.x = {}"])
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
