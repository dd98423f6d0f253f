"""What docs/testing.md shows, run by pytest as its reader would run it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import llmspell
import llmspell_workers
from llmspell.testing.__main__ import parser
from llmspell.testing.script_file import script_of
from tests.docs.pages import ROOT, Block, blocks, section
from tests.uncounted import uncounted

PAGE = ROOT / "docs" / "testing.md"


def marked(note: str) -> Block:
    (block,) = (block for block in blocks(PAGE) if block.note(note) is not None)
    return block


def test_the_shown_tests_pass(tmp_path: Path) -> None:
    (tmp_path / "test_shown.py").write_text(marked("pytest").text)
    packages = [str(Path(package.__path__[0]).resolve().parent) for package in (llmspell, llmspell_workers)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_shown.py"],
        cwd=tmp_path,
        env={**uncounted(), "PYTHONPATH": ":".join(packages)},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def test_the_shown_script_is_one() -> None:
    script = script_of(json.loads(marked("script file").text))
    assert (len(script.answers), len(script.rules)) == (2, 4)


def test_every_option_of_the_command_is_on_the_page() -> None:
    options = set(re.findall(r"^  (--[a-z]+)", parser().format_help(), re.MULTILINE))
    assert options == {word.split()[0] for word in section(PAGE, "Without pytest").split("`") if word.startswith("--")}


def test_the_page_is_of_promises_and_says_what_it_does_not_cover() -> None:
    assert section(PAGE, "What this does not cover").strip()
