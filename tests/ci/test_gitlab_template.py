"""The template for GitLab: as GitLab's schema wants it, and its lines run as a runner's shell runs them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.ci.places import INSTALLING_SECONDS, ROOT, run, stub_wheel, with_llmspell, write_ambush

TEMPLATE = ROOT / "ci" / "gitlab" / "llmspell.yml"
JOB: dict[str, Any] = yaml.safe_load(TEMPLATE.read_text())["llmspell-validate"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty checkout."""
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def run_lines(
    lines: list[str], project: Path, variables: Mapping[str, str], shell: str = "bash"
) -> subprocess.CompletedProcess[str]:
    """Lines of a job as GitLab's runner joins them, with its variables."""
    ends = "set -eo pipefail" if shell == "bash" else "set -e"
    return run([shell, "-c", "\n".join([ends, *lines])], project, {**variables, "CI_PROJECT_DIR": str(project)})


def validate(project: Path, folder: Path, shell: str = "bash", **variables: str) -> subprocess.CompletedProcess[str]:
    """The script of the job, with this llmspell in the place of an installed one."""
    environ = with_llmspell(folder)
    program = folder / "venv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nshift 3\nexec llmspell "$@"\n')  # for -I -m llmspell
    program.chmod(0o755)
    given = {**JOB["variables"], **variables, "spell_venv": str(folder / "venv")}
    return run_lines(JOB["script"], project, {**environ, **given}, shell)


def test_the_template_is_one_by_the_published_schema(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci", str(TEMPLATE)]
    done = run(command, ROOT, with_llmspell(tmp_path))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_the_job_ends_as_the_check_does_and_leaves_the_reports_that_gitlab_shows(
    project: Path, tmp_path: Path, shell: str
) -> None:
    (project / "good.lua").write_text('print("fine")\n')
    (project / "wrong one.lua").write_text("print(Agnet.list())\n")
    done = validate(project, tmp_path, shell, SPELL_PATHS="good.lua\nwrong one.lua\n", SPELL_OPTIONS="--jobs\n1\n")
    assert done.returncode == 1, done.stdout
    cases = ElementTree.parse(project / JOB["artifacts"]["reports"]["junit"]).findall(".//testcase")
    assert {case.get("name"): len(case) > 0 for case in cases} == {"good.lua": False, "wrong one.lua": True}
    assert all((project / place).exists() for place in JOB["artifacts"]["paths"])


def test_variables_are_no_commands_and_no_globs_of_the_shell(project: Path, tmp_path: Path) -> None:
    names = ["$(touch pwned).lua", "; touch pwned;.lua", "*.lua", "-x.lua"]
    for name in names:
        (project / name).write_text("print(1)")
    done = validate(project, tmp_path, SPELL_PATHS="\n".join(names))
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout
    assert not list(tmp_path.rglob("pwned"))


def test_reports_are_not_written_through_a_link_of_the_tree(project: Path, tmp_path: Path) -> None:
    (project / "good.lua").write_text("print(1)")
    (tmp_path / "elsewhere").mkdir()
    (project / "llmspell-reports").symlink_to(tmp_path / "elsewhere")
    assert validate(project, tmp_path).returncode == 0
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert (project / "llmspell-reports" / "junit.xml").is_file()


@pytest.mark.timeout(INSTALLING_SECONDS + 20)
def test_nothing_of_the_tree_is_executed_while_it_is_installed_and_checked(project: Path, tmp_path: Path) -> None:
    told = write_ambush(project)
    environ = with_llmspell(tmp_path)
    (tmp_path / "programs" / "python3").symlink_to(sys.executable)
    given = {**JOB["variables"], "SPELL_PACKAGE": str(stub_wheel(tmp_path)), "PYTHONPATH": str(project)}
    done = run_lines([*JOB["before_script"], *JOB["script"]], project, {**environ, **given, "TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stdout
    assert "stub: ['validate', '--junit', " in done.stdout
    assert not told.exists(), told.read_text()
