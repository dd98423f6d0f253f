"""Every script and every command that a page shows is run here, and prints what the page says that it prints.

A `lua` or `javascript` block is a whole spell, run with what `run` grants by default; `<!-- arguments: ... -->` above
it gives it arguments, `<!-- ends: VERDICT -->` says how it ends when not well. A `python` block is a whole program,
or, with `<!-- spell -->` above it, a whole spell. The `output` block below either is what it prints. A `console` block
is a session: commands behind `$ `, and what each of them prints; where a block shows no output at all, its commands
succeed and that is all that is said of them. `<!-- skip: REASON -->` leaves a block out.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from llmspell import ScriptRuntime
from tests.docs.pages import Block, all_blocks, is_shown
from tests.examples.commands import SECONDS, environment, workplace

LANGUAGES = {"console", "ini", "javascript", "json", "lua", "output", "python", "sh", "text", "toml", "yaml"}
MARK = "===next==="


def runnable(language: str) -> list[Block]:
    return [block for block in all_blocks(language) if block.note("skip") is None]


def is_spell(block: Block) -> bool:
    return block.note("spell") is not None


def place_of(block: Block) -> str:
    return block.place


@pytest.mark.parametrize("block", runnable("lua"), ids=place_of)
def test_a_shown_spell_runs(block: Block, tmp_path: Path) -> None:
    outcome = ScriptRuntime.with_lua().execute(
        block.text,
        name="spell.lua",
        arguments=shlex.split(block.note("arguments") or ""),
        folder=str(workplace(tmp_path) / "examples"),
    )
    assert outcome.verdict.value == (block.note("ends") or "ok"), outcome.error
    if block.output is not None:
        assert is_shown(block.output, outcome.stdout.decode()), outcome.stdout.decode()


@pytest.mark.parametrize("block", runnable("javascript"), ids=place_of)
def test_a_shown_spell_in_javascript_runs(block: Block) -> None:
    outcome = ScriptRuntime.with_engine("javascript").execute(block.text, name="spell.js")
    assert outcome.verdict.value == (block.note("ends") or "ok"), outcome.error
    assert block.output is None or is_shown(block.output, outcome.stdout.decode()), outcome.stdout.decode()


@pytest.mark.parametrize("block", [each for each in runnable("python") if is_spell(each)], ids=place_of)
def test_a_shown_spell_in_python_runs(block: Block, tmp_path: Path) -> None:
    outcome = ScriptRuntime.with_engine("python").execute(
        block.text, name="spell.py", folder=str(workplace(tmp_path) / "examples")
    )
    assert outcome.verdict.value == (block.note("ends") or "ok"), outcome.error
    if block.output is not None:
        assert is_shown(block.output, outcome.stdout.decode()), outcome.stdout.decode()


@pytest.mark.parametrize("block", [each for each in runnable("python") if not is_spell(each)], ids=place_of)
def test_a_shown_program_runs(block: Block, tmp_path: Path) -> None:
    place = workplace(tmp_path)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block.text],
        cwd=place,
        env=environment(place / "home"),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert block.output is None or is_shown(block.output, done.stdout), done.stdout


@pytest.mark.parametrize("block", runnable("console"), ids=place_of)
def test_a_shown_session_prints_what_it_shows(block: Block, tmp_path: Path) -> None:
    place = workplace(tmp_path)
    (place / "bin").mkdir()
    for name, options in (("llmspell", "-m llmspell "), ("python", "")):
        (place / "bin" / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {options}"$@"\n')
        (place / "bin" / name).chmod(0o755)
    turns = turns_of(block.text)
    steps = [f"{command}\nlast=$?; echo; echo '{MARK}'; (exit $last)" for command, _ in turns]
    done = subprocess.run(
        ["bash", "-c", "\n".join(steps)],
        cwd=place,
        env={**environment(place / "home"), "PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    printed = done.stdout.split(f"\n{MARK}\n")[:-1]
    assert len(printed) == len(turns), done.stdout
    silent = not any(shown for _, shown in turns)
    assert not silent or done.returncode == 0, done.stdout
    for (command, shown), text in zip(turns, printed, strict=True):
        assert silent or is_shown(shown, text), f"$ {command}\n{text}"


def turns_of(session: str) -> list[tuple[str, str]]:
    """The commands of a session, continuation lines joined, each with what is shown below it."""
    turns: list[tuple[str, str]] = []
    for part in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
        lines = part.split("\n")
        end = next(at for at, line in enumerate(lines) if not line.endswith("\\")) + 1
        turns.append(("\n".join(lines[:end]), "\n".join(lines[end:])))
    return turns


@pytest.mark.parametrize("block", all_blocks("json", "toml"), ids=place_of)
def test_a_shown_document_is_one(block: Block) -> None:
    json.loads(block.text) if block.language == "json" else tomllib.loads(block.text)


def test_what_stands_in_a_fence_says_its_language_and_a_skip_says_why() -> None:
    for block in all_blocks(*LANGUAGES, ""):
        assert block.language in LANGUAGES, block.place
        assert block.note("skip") != "", block.place
    every = all_blocks("lua", "python", "console")
    assert len([block for block in every if block.note("skip") is not None]) * 10 <= len(every)


def test_only_what_ci_extracts_is_shown_without_being_run_here() -> None:
    unmarked = [block.place for block in all_blocks("sh") if block.notes not in {("first line",), ("test line",)}]
    assert unmarked == []
