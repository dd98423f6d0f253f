"""The real command line in a real process, in a folder that holds a copy of the examples and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import llmspell
import llmspell_workers

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
SECONDS = 200


class Ran(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    stdout: str
    stderr: str


def workplace(folder: Path) -> Path:
    """`folder` with a copy of the examples and an empty home, so that no configuration of ours is found."""
    shutil.copytree(EXAMPLES, folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "home").mkdir()
    return folder


def environment(home: Path) -> dict[str, str]:
    """Our environment without what would configure llmspell; `home` is an empty folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LLMSPELL_", "XDG_"))}
    packages = {str(Path(package.__path__[0]).resolve().parent) for package in (llmspell, llmspell_workers)}
    kept["PYTHONPATH"] = os.pathsep.join(sorted(packages))
    return {**kept, "HOME": str(home), "NO_COLOR": "1"}


def run(arguments: Sequence[str], *, folder: Path, stdin: str = "") -> Ran:
    """`llmspell ARGUMENTS` in a workplace."""
    done = subprocess.run(
        [sys.executable, "-m", "llmspell", *arguments],
        cwd=folder,
        env=environment(folder / "home"),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)
