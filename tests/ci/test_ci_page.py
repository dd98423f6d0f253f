"""docs/ci.md: what it shows is what the places take, and its tables have all that there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import llmspell.pytest_plugin
from tests.ci.places import ROOT, run, with_llmspell
from tests.docs.pages import Block, blocks, section

PAGE = ROOT / "docs" / "ci.md"
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())


def marked(note: str) -> Block:
    (block,) = (block for block in blocks(PAGE) if block.note(note) is not None)
    return block


@pytest.mark.parametrize("note", ["workflow", "include"])
def test_what_is_shown_is_valid_by_the_published_schema(note: str, tmp_path: Path) -> None:
    schema = {"workflow": "vendor.github-workflows", "include": "vendor.gitlab-ci"}[note]
    (tmp_path / "shown.yml").write_text(marked(note).text)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(tmp_path / "shown.yml")]
    done = run(command, ROOT, with_llmspell(tmp_path))
    assert done.returncode == 0, done.stdout


def test_the_shown_workflow_gives_inputs_and_takes_outputs_that_there_are() -> None:
    steps = yaml.safe_load(marked("workflow").text)["jobs"]["validate"]["steps"]
    (ours,) = (step for step in steps if step["uses"].startswith("llmspell/llmspell@"))
    assert set(ours["with"]) <= set(ACTION["inputs"])
    assert set(re.findall(r"steps\.spells\.outputs\.([\w-]+)", marked("workflow").text)) <= set(ACTION["outputs"])


def test_the_tables_name_every_input_output_and_variable() -> None:
    shown = re.findall(r"`([\w-]+)`", " ".join(re.findall(r"^\|([^|]*)\|", section(PAGE, "GitHub"), re.MULTILINE)))
    assert set(shown) == {*ACTION["inputs"], *ACTION["outputs"]}
    (job,) = yaml.safe_load((ROOT / "ci" / "gitlab" / "llmspell.yml").read_text()).values()
    assert set(re.findall(r"^\| `(\w+)` \|", section(PAGE, "GitLab"), re.MULTILINE)) == set(job["variables"])


def test_the_shown_include_names_the_template_and_its_job() -> None:
    shown = yaml.safe_load(marked("include").text)
    assert shown["include"][0]["remote"].endswith("/main/ci/gitlab/llmspell.yml")
    assert (ROOT / "ci" / "gitlab" / "llmspell.yml").exists()
    assert set(shown) == {"include", *yaml.safe_load((ROOT / "ci" / "gitlab" / "llmspell.yml").read_text())}


def test_the_shown_configuration_of_pre_commit_is_one_and_its_hook_is_there(tmp_path: Path) -> None:
    (tmp_path / "shown.yaml").write_text(marked("pre-commit").text)
    command = [sys.executable, "-m", "pre_commit", "validate-config", str(tmp_path / "shown.yaml")]
    done = run(command, tmp_path, {**with_llmspell(tmp_path), "PRE_COMMIT_HOME": str(tmp_path / "home")})
    assert done.returncode == 0, done.stdout
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [each["id"] for each in yaml.safe_load(marked("pre-commit").text)["repos"][0]["hooks"]] == [hook["id"]]


def test_the_shown_tests_pass_once_their_cassette_is_recorded(tmp_path: Path) -> None:
    (tmp_path / "test_shown.py").write_text(marked("pytest").text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "llmspell", "-p", "no:cacheprovider", "test_shown.py"]
    environ = {**with_llmspell(tmp_path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    recorded = run([*command, "--llmspell-record=once"], tmp_path, environ)
    assert "3 passed" in recorded.stdout, recorded.stdout
    replayed = run([*command, "-k", "recorded"], tmp_path, environ)
    assert "1 passed" in replayed.stdout, replayed.stdout


def test_every_option_setting_and_fixture_of_the_plugin_is_on_the_page(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "--help", "-p", "no:cacheprovider"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=250, check=True).stdout
    text = section(PAGE, "pytest")
    options = set(re.findall(r"^  (--llmspell[\w-]*)", told, re.MULTILINE))
    assert options == set(re.findall(r"^\| `(--llmspell[\w-]*)[=`]", text, re.MULTILINE))
    settings = set(re.findall(r"^  (llmspell_\w+) \(", told, re.MULTILINE))
    assert settings == set(re.findall(r"^(llmspell_\w+) = ", text, re.MULTILINE))
    assert set(llmspell.pytest_plugin.__all__) == set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
