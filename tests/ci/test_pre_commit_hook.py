"""The hook definition, as pre-commit itself reads and runs it.

pre-commit would install the hook's environment over the network; here the same entry runs with the llmspell that is
tested, as a `system` hook.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ci.places import ROOT, run, with_llmspell

MANIFEST = ROOT / ".pre-commit-hooks.yaml"
(HOOK,) = yaml.safe_load(MANIFEST.read_text())


def pre_commit(folder: Path, *arguments: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return run([sys.executable, "-m", "pre_commit", *arguments], folder, environ)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    own = {name: value for name, value in with_llmspell(tmp_path).items() if not name.startswith("GIT_")}
    return {**own, "PRE_COMMIT_HOME": str(tmp_path / "pre-commit")}


@pytest.fixture
def repository(tmp_path: Path, environ: dict[str, str]) -> Path:
    """A repository of a user, with the hook in it."""
    folder = tmp_path / "repository"
    folder.mkdir()
    given: dict[str, Any] = {**HOOK, "language": "system"}
    given.pop("minimum_pre_commit_version")
    config = {"repos": [{"repo": "local", "hooks": [given]}]}
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    assert run(["git", "init", "-q", "."], folder, environ).returncode == 0
    return folder


def test_the_manifest_is_one_by_pre_commit_itself(tmp_path: Path, environ: dict[str, str]) -> None:
    done = pre_commit(tmp_path, "validate-manifest", str(MANIFEST), environ=environ)
    assert done.returncode == 0, done.stdout


def test_spells_are_checked_and_what_is_none_is_left_alone(repository: Path, environ: dict[str, str]) -> None:
    (repository / "good.lua").write_text('print("fine")\n')
    (repository / "good.spell.py").write_text('print("fine")\n')
    (repository / "ordinary.py").write_text("import nothing_that_a_spell_may\n")
    (repository / "notes.lua.txt").write_text("print(")
    run(["git", "add", "."], repository, environ)
    passed = pre_commit(repository, "run", "--verbose", environ=environ)
    assert passed.returncode == 0, passed.stdout
    assert "2 passed" in passed.stdout
    (repository / "wrong one.lua").write_text("print(Agnet.list())\n")
    run(["git", "add", "."], repository, environ)
    failed = pre_commit(repository, "run", environ=environ)
    assert failed.returncode == 1
    assert "wrong one.lua:1:7: " in failed.stdout


def test_a_commit_without_spells_starts_nothing(repository: Path, environ: dict[str, str]) -> None:
    (repository / "ordinary.py").write_text("")
    run(["git", "add", "."], repository, environ)
    assert "(no files to check)" in pre_commit(repository, "run", environ=environ).stdout
