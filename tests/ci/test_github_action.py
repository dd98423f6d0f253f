"""The composite action: as GitHub's schema wants it, and its steps run as GitHub's runner runs them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ci.places import INSTALLING_SECONDS, ROOT, run, run_action, stub_wheel, with_llmspell, write_ambush

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
INSTALLED = {"install": "false"}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """An empty checkout."""
    (tmp_path / "workspace").mkdir()
    return tmp_path / "workspace"


def test_the_action_is_one_by_the_published_schema(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml"]
    done = run(command, ROOT, with_llmspell(tmp_path))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("step", ACTION["runs"]["steps"], ids=lambda step: str(step["name"]))
def test_what_is_given_is_no_part_of_a_command(step: dict[str, Any]) -> None:
    assert "${{" not in step["run"]
    assert step["run"].startswith("set -euo pipefail\n")


def test_every_output_is_one_of_a_step_and_every_input_is_used() -> None:
    text = (ROOT / "action.yml").read_text()
    assert [name for name in ACTION["inputs"] if f"inputs.{name} " not in text] == []
    assert [name for name, output in ACTION["outputs"].items() if f"outputs.{name} " not in output["value"]] == []


def test_a_tree_that_passes_gives_0_and_reports_outside_of_the_tree(workspace: Path, tmp_path: Path) -> None:
    (workspace / "good.lua").write_text('print("fine")\n')
    ran = run_action(workspace, tmp_path, INSTALLED, environ=with_llmspell(tmp_path))
    assert (ran.code, ran.outputs["exit-code"]) == (0, "0"), ran.log
    told = {Path(ran.outputs[name]) for name in ("junit", "sarif", "html") if ran.outputs[name]}
    assert told == set(Path(ran.outputs["reports"]).iterdir())
    assert ran.outputs["junit"]
    assert ran.outputs["sarif"]
    assert "1 passed" in ran.summary
    assert list(workspace.iterdir()) == [workspace / "good.lua"]


def test_a_tree_that_fails_gives_1_annotations_and_the_same_outputs(workspace: Path, tmp_path: Path) -> None:
    (workspace / "spells").mkdir()
    (workspace / "spells" / "wrong.lua").write_text("local spare\nprint(Agnet.list())\n")
    inputs = {**INSTALLED, "working-directory": "spells", "options": "--strict\n\n--timeout\n9\n", "jobs": "1"}
    ran = run_action(workspace, tmp_path, inputs, environ=with_llmspell(tmp_path))
    assert (ran.code, ran.outputs["exit-code"]) == (1, "1"), ran.log
    assert "::error file=spells/wrong.lua,line=2" in ran.log
    assert "spells/wrong.lua" in Path(ran.outputs["sarif"]).read_text()
    assert "1 failed" in ran.summary


def test_what_cannot_be_checked_gives_2(workspace: Path, tmp_path: Path) -> None:
    ran = run_action(workspace, tmp_path, {**INSTALLED, "paths": "missing"}, environ=with_llmspell(tmp_path))
    assert (ran.code, ran.outputs["exit-code"]) == (2, "2"), ran.log
    assert "missing" in ran.log
    assert [ran.outputs[name] for name in ("junit", "sarif", "html")] == ["", "", ""]


def test_names_and_options_reach_the_command_as_they_are(workspace: Path, tmp_path: Path) -> None:
    names = ["two words.lua", "$(touch pwned).lua", "; touch pwned;.lua", "`touch pwned`.lua", "-strict.lua", "'\".lua"]
    for name in names:
        (workspace / name).write_text("print(1")
    ran = run_action(
        workspace, tmp_path, {**INSTALLED, "paths": "\n".join(["", *names])}, environ=with_llmspell(tmp_path)
    )
    assert (ran.code, ran.outputs["exit-code"]) == (1, "1"), ran.log
    assert ran.log.count("::error ") == len(names), ran.log
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.timeout(INSTALLING_SECONDS + 20)
def test_nothing_of_the_tree_is_executed_while_it_is_installed_and_checked(workspace: Path, tmp_path: Path) -> None:
    told = write_ambush(workspace)
    inputs = {"python": sys.executable, "paths": "a b.lua"}
    environ = {**with_llmspell(tmp_path), "PYTHONPATH": str(workspace)}
    ran = run_action(workspace, tmp_path, inputs, environ=environ, source=str(stub_wheel(tmp_path)))
    assert ran.code == 0, ran.log
    assert "stub: ['validate', '--github', " in ran.log
    assert "'--', 'a b.lua']" in ran.log
    assert not told.exists(), told.read_text()
