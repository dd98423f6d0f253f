"""A machine of one's own for the configuration: a system's file, a home, a project, all below `tmp_path`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from llmspell.config import Configuration
from llmspell.config import load as load_configuration


@pytest.fixture
def system_file(tmp_path: Path) -> Path:
    return _in_new_folder(tmp_path / "etc" / "config.toml")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def user_file(home: Path) -> Path:
    return _in_new_folder(home / ".config" / "llmspell" / "config.toml")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    folder.mkdir()
    return folder


@pytest.fixture
def project_file(project: Path) -> Path:
    return project / "llmspell.toml"


@pytest.fixture
def store(home: Path) -> Path:
    return home / ".local" / "state" / "llmspell" / "trusted.json"


@pytest.fixture
def load(system_file: Path, user_file: Path, home: Path, project: Path, store: Path) -> Callable[..., Configuration]:
    """Loads in the project's folder, with this home and no other variable than those given."""

    def load_here(
        environ: Mapping[str, str] | None = None,
        *,
        cwd: Path = project,
        config_file: str | None = None,
        sandboxed: bool = False,
    ) -> Configuration:
        return load_configuration(
            cwd=str(cwd),
            environ={"HOME": str(home), **(environ or {})},
            config_file=config_file,
            sandboxed=sandboxed,
            system_file=str(system_file),
            user_file=str(user_file),
            store=str(store),
        )

    return load_here


def _in_new_folder(file: Path) -> Path:
    file.parent.mkdir(parents=True)
    return file
