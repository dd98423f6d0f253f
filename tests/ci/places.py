"""What a CI has to offer: a PATH with llmspell on it, an empty home, and for GitHub a runner of composite actions."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.examples.commands import environment

ROOT = Path(__file__).resolve().parents[2]
INSTALLING_SECONDS = 280.0
"""An environment takes a few seconds of processor time, which a busy machine stretches."""
_EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")


class Ran(NamedTuple):
    """How steps ended: the code of the last one, what was printed, what they told the runner."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str


def with_llmspell(folder: Path) -> dict[str, str]:
    """An environment with `llmspell` on its PATH, below `folder`, and nothing that would configure it."""
    programs, home = folder / "programs", folder / "home"
    programs.mkdir(parents=True)
    home.mkdir()
    program = programs / "llmspell"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m llmspell "$@"\n')
    program.chmod(0o755)
    own = {name: value for name, value in environment(home).items() if not name.startswith(("GITHUB_", "CI"))}
    return {**own, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}


def run_action(
    workspace: Path, folder: Path, inputs: Mapping[str, str], *, environ: Mapping[str, str], source: str = str(ROOT)
) -> Ran:
    """The steps of `action.yml`, as GitHub's runner takes them. `source` is where the action is."""
    action: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
    known = {f"inputs.{name}": given.get("default", "") for name, given in action["inputs"].items()}
    assert {f"inputs.{name}" for name in inputs} <= set(known)
    known |= {f"inputs.{name}": value for name, value in inputs.items()} | {"github.action_path": source}
    code, log = 0, ""
    summary = folder / "summary.md"
    for number, step in enumerate(action["runs"]["steps"]):
        if not _holds(step.get("if", "true"), known) or code:
            continue
        output = folder / f"output-{number}"
        output.touch()
        runner = {
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_WORKSPACE": str(workspace),
            "RUNNER_TEMP": str(folder),
        }
        script = folder / f"step-{number}.sh"
        script.write_text(step["run"])
        assert step["shell"] == "bash"
        own = {name: _filled(text, known) for name, text in step.get("env", {}).items()}
        done = run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            workspace / _filled(step.get("working-directory", "."), known),
            {**environ, **runner, **own},
        )
        code, log = done.returncode, log + done.stdout
        told = dict(line.split("=", 1) for line in output.read_text().splitlines())
        known |= {f"steps.{step['id']}.outputs.{name}": value for name, value in told.items()} if "id" in step else {}
    given = {name: _filled(output["value"], known) for name, output in action["outputs"].items()}
    return Ran(code, log, given, summary.read_text() if summary.exists() else "")


def run(command: list[str], folder: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A command, with what it says on stdout and stderr in one text."""
    return subprocess.run(
        command,
        cwd=folder,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=INSTALLING_SECONDS,
        check=False,
    )


def stub_wheel(folder: Path) -> Path:
    """A package called llmspell that needs no network to be installed, and prints what it is started with."""
    wheel = folder / "llmspell-0-py3-none-any.whl"
    about = "llmspell-0.dist-info"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("llmspell/__init__.py", "")
        file.writestr("llmspell/__main__.py", "import sys; print('stub:', sys.argv[1:])")
        file.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: llmspell\nVersion: 0\n")
        file.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{about}/RECORD", "")
    return wheel


def write_ambush(workspace: Path) -> Path:
    """Files that Python would take for its own where it looks in the working directory; one is told if any is run."""
    told = workspace.parent / "ambushed"
    code = f"open({str(told)!r}, 'a').write(__name__)\n"
    for name in ("llmspell", "pip", "venv", "ensurepip", "sitecustomize", "usercustomize", "json", "click"):
        (workspace / f"{name}.py").write_text(code)
    for folder in (".llmspell-ci", "llmspell-venv", ".venv"):
        site = workspace / folder / "lib" / "python3" / "site-packages"
        site.mkdir(parents=True)
        (site / "ambush.pth").write_text(f"import os; {code}")
    return told


def _filled(text: str, known: Mapping[str, str]) -> str:
    return _EXPRESSION.sub(lambda match: known.get(match[1], ""), text)


def _holds(condition: str, known: Mapping[str, str]) -> bool:
    found = re.fullmatch(r"\$\{\{ (\S+) != '(\w*)' \}\}", condition)
    assert found or condition == "true", f"this runner does not know the condition {condition}"
    return found is None or known[found[1]] != found[2]
