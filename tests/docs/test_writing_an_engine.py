"""The page on writing an engine: its worker speaks its session, byte by byte, and passes the conformance kit."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from llmspell import EngineSpec, ScriptRuntime
from llmspell.engines.conformance import RULES, SPELLS, check
from tests.docs.pages import ROOT, blocks, section

PAGE = ROOT / "docs" / "writing-an-engine.md"
SPELLS_OF_TOY = {
    "print": b"say hello", "back": b"ask give\nreturn", "wrong": b"what is this", "loop": b"again",
    "grow": b"grow\nagain",
}  # fmt: skip
MEMORY = 50 << 20


@pytest.fixture
def worker(tmp_path: Path) -> Path:
    (block,) = [block for block in blocks(PAGE) if "worker" in block.notes]
    path = tmp_path / "worker.py"
    path.write_text(block.text)
    return path


def turns() -> list[tuple[str, bytes]]:
    text = section(PAGE, "Its session, byte by byte")
    return [
        (who, bytes.fromhex(data)) for who, data in re.findall(r"^\| (host|worker) \| `([0-9a-f ]+)` \|", text, re.M)
    ]


def test_its_worker_says_its_session_byte_by_byte(worker: Path) -> None:
    command = [sys.executable, str(worker), "toy", str(MEMORY)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for who, data in turns():
            if who == "host":
                process.stdin.write(data)
                process.stdin.flush()
            else:
                assert process.stdout.read(len(data)).hex(" ") == data.hex(" ")
        assert process.stdout.read() == b""
        assert process.wait(60) == 0
    assert [who for who, _ in turns()] == ["worker", "host", "host", "worker", "worker", "host", "worker", "host"]


def test_its_package_starts_its_worker_which_passes_every_mandatory_rule_and_runs_a_script(worker: Path) -> None:
    (package,) = [block for block in blocks(PAGE) if "package" in block.notes]
    names: dict[str, Any] = {"__file__": str(worker)}
    exec(package.text, names)
    spec: EngineSpec = names["ENGINE"]
    found = {one.rule.id: one.why for one in check(spec, memory=MEMORY, spells=SPELLS_OF_TOY) if one.result == "failed"}
    assert found == {}
    outcome = ScriptRuntime(spec).execute("say hi\nask uuid-generator\nreturn")
    assert (outcome.verdict, outcome.stdout) == ("ok", b"hi\n")


def test_its_tables_are_those_of_the_kit() -> None:
    text = PAGE.read_text()
    for name, does in SPELLS.items():
        assert f"| `{name}` | {does} |" in text
    for rule in RULES:
        assert f"| `{rule.id}` | {'must' if rule.mandatory else 'may'} | {rule.says} |" in text
    assert len(re.findall(r"^\| `[a-z]+\.[a-z-]+` \|", text, re.M)) == len(RULES)
