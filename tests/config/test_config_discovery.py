"""Which files are read, and which are not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import platformdirs
import pytest

from llmspell.config import Configuration
from llmspell.config import load as load_configuration
from llmspell.config.discovery import SYSTEM_FILE, trust_file, user_config_file
from llmspell.errors import ConfigError
from llmspell.limits import Limits
from llmspell.policy import default_policy

Load = Callable[..., Configuration]
linux = pytest.mark.skipif(sys.platform != "linux", reason="XDG folders are Linux's")


def test_without_files_and_variables_everything_is_the_default(load: Load) -> None:
    configuration = load()
    assert configuration == Configuration(policy=default_policy())
    assert configuration.limits == Limits()
    assert configuration.files == ()
    assert configuration.origin("limits.memory") == "default"


def test_files_are_read_lowest_first(load: Load, system_file: Path, user_file: Path, project_file: Path) -> None:
    for file in (project_file, user_file, system_file):
        file.write_text("")
    assert load().files == (str(system_file), str(user_file), str(project_file))


def test_the_nearest_project_file_upwards_is_the_only_one(load: Load, project: Path, project_file: Path) -> None:
    inner = project / "a"
    deep = inner / "b" / "c"
    deep.mkdir(parents=True)
    project_file.write_text('engine = "outer"')
    assert load(cwd=deep).engine == "outer"
    (inner / "llmspell.toml").write_text('engine = "inner"')
    assert load(cwd=deep).engine == "inner"
    assert load(cwd=project).engine == "outer"


@pytest.mark.parametrize("by", ["option", "variable"])
def test_a_named_file_is_the_only_one(load: Load, user_file: Path, project_file: Path, project: Path, by: str) -> None:
    user_file.write_text('model = "user/model"')
    project_file.write_text('engine = "project"')
    named = project / "named.toml"
    named.write_text('provider = "named"')
    found = load(config_file="named.toml") if by == "option" else load({"LLMSPELL_CONFIG": "named.toml"})
    assert (found.model, found.engine, found.provider) == (None, None, "named")
    assert found.files == (str(named),)


def test_the_option_wins_over_the_variable(load: Load, project: Path) -> None:
    (project / "one.toml").write_text('engine = "one"')
    assert load({"LLMSPELL_CONFIG": "absent.toml"}, config_file="one.toml").engine == "one"


def test_an_empty_variable_names_no_file(load: Load, project_file: Path) -> None:
    project_file.write_text('engine = "project"')
    assert load({"LLMSPELL_CONFIG": ""}).engine == "project"


def test_a_named_file_that_is_absent_is_an_error(load: Load, project: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(config_file="absent.toml")
    assert str(caught.value) == f"{project}/absent.toml: cannot be read: no such file or directory"


def test_the_users_file_may_be_a_link(load: Load, home: Path, user_file: Path) -> None:
    target = home / "dotfiles.toml"
    target.write_text('engine = "linked"')
    user_file.symlink_to(target)
    assert load().engine == "linked"


def test_a_users_link_to_nowhere_is_an_error_not_an_empty_configuration(load: Load, user_file: Path) -> None:
    user_file.symlink_to("nowhere")
    with pytest.raises(ConfigError, match="cannot be read: no such file"):
        load()


@linux
@pytest.mark.parametrize("configured", [True, False])
def test_the_folders_are_those_of_platformdirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, configured: bool
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        if configured:
            monkeypatch.setenv(variable, str(tmp_path / variable))
        else:
            monkeypatch.delenv(variable, raising=False)
    assert os.path.dirname(user_config_file(os.environ)) == platformdirs.user_config_dir("llmspell")
    assert os.path.dirname(trust_file(os.environ)) == platformdirs.user_state_dir("llmspell")


@linux
def test_a_relative_xdg_folder_counts_as_unset() -> None:
    environ = {"HOME": "/home/ada", "XDG_CONFIG_HOME": "relative"}
    assert user_config_file(environ) == "/home/ada/.config/llmspell/config.toml"


@linux
def test_the_users_file_and_the_record_follow_from_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "config" / "llmspell" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text('engine = "found"')
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    found = load_configuration(cwd=str(tmp_path), environ=environ, system_file=str(tmp_path / "none"))
    assert found.engine == "found"
    assert SYSTEM_FILE == "/etc/llmspell/config.toml"


def test_elsewhere_than_on_linux_platformdirs_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert user_config_file({}) == os.path.join(platformdirs.user_config_dir("llmspell"), "config.toml")
    assert trust_file({}) == os.path.join(platformdirs.user_state_dir("llmspell"), "trusted.json")


STARTUP = """
import sys, time
from llmspell.config import load
took = []
while len(took) < 20 or min(took) >= 0.001 and len(took) < 20_000:  # what is claimed is that it can be done
    begin = time.perf_counter()
    load(cwd=sys.argv[1], environ={"HOME": sys.argv[1]}, system_file=sys.argv[1] + "/none")
    took.append(time.perf_counter() - begin)
print(min(took))
print([name for name in sys.argv[2:] if name in sys.modules])
"""


def test_without_configuration_a_start_imports_nothing_heavy_and_takes_under_a_millisecond(
    tmp_path: Path,
) -> None:
    heavy = "tomllib platformdirs dataclasses json hashlib pathlib llmspell.config.schema"
    import llmspell

    root = os.path.dirname(llmspell.__path__[0])
    run = subprocess.run(
        [sys.executable, "-S", "-c", STARTUP, str(tmp_path), *heavy.split()],
        env={"PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
        timeout=250,
    )
    seconds, imported = run.stdout.splitlines()
    assert imported == "[]"
    assert float(seconds) < 0.001
