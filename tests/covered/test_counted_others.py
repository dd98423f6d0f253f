"""What no suite of an engine goes through: workers that check, that load packages, that others have written, that enter
namespaces. They are counted when coverage is measured; see `counting.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmspell import EngineFactory, EngineSpec, Limits, Policy, ScriptRuntime, SetupError
from llmspell.engines.bridge import Script
from llmspell.engines.checking import checking
from llmspell.engines.worker import WorkerBridge
from llmspell.given import grant_packages
from llmspell.validate.facts import read_facts
from tests.covered.counting import counted

TESTS = Path(__file__).parents[1]
CHECKED = [TESTS / "validate" / "cases", TESTS / "engines" / "api" / "cases", TESTS.parent / "examples"]
LIMITS = Limits(cpu=20, wall=60, memory=64 << 20)
NEEDS = tuple(dict.fromkeys(os.path.realpath(path) for path in (sys.prefix, sys.base_prefix)))
TRY = "import ctypes; raise SystemExit(ctypes.CDLL(None).unshare(0x10000000))"
needs_namespaces = pytest.mark.skipif(
    subprocess.run([sys.executable, "-I", "-S", "-c", TRY], check=False).returncode != 0,
    reason="user namespaces are refused here",
)


@pytest.mark.parametrize(("name", "suffix"), [("lua", "lua"), ("javascript", "js"), ("python", "py")])
def test_whatever_a_worker_tells_of_a_script_are_facts(name: str, suffix: str) -> None:
    row = checking(EngineFactory().get(name))
    assert row is not None
    engine, limits = counted(row, LIMITS)
    broker = ScriptRuntime(engine, limits=limits).new_broker()
    told = 0
    with WorkerBridge(engine, limits) as bridge:
        for path in sorted(file for folder in CHECKED for file in folder.rglob(f"*.{suffix}")):
            script = Script(path.read_bytes(), path.name, mode="check")
            end = bridge.execute(script, broker=broker, emit=lambda _stream, _data: None)
            assert end.verdict in ("ok", "error"), (path, end)
            if end.value is not None:
                told += bool(read_facts(end.value).uses)
        refused = bridge.execute(Script(b"1", "x"), broker=broker, emit=lambda _stream, _data: None)
    assert told > 20
    assert refused.error is not None
    assert refused.error.message == "this worker runs nothing"


@pytest.mark.parametrize("seed", [None, 1], ids=["as it comes", "seeded"])
def test_machine_code_of_a_granted_package_is_mapped_before_the_worker_is_confined(seed: int | None) -> None:
    packages = ("referencing",)
    granted, _ = grant_packages(EngineFactory().get("python"), packages)
    engine, limits = counted(granted, LIMITS)
    source = "import referencing, rpds\n[rpds.List([1, 2]).first, referencing.__file__]"
    outcome = ScriptRuntime(engine, policy=Policy(packages=packages), limits=limits).execute(source, seed=seed)
    assert (outcome.error, outcome.value) == (None, [1, "referencing/__init__.py"])


def launched(*command: str, namespaces: bool = False) -> ScriptRuntime:
    row = EngineSpec("other", (".other",), command=command, needs=NEEDS)
    engine, limits = counted(row, LIMITS, namespaces=namespaces)
    asked = namespaces and engine is row  # a program on a counted worker does not say itself that it has entered them
    require = ("memory", "namespaces") if asked else ("memory",)
    return ScriptRuntime(engine, limits=limits, require=require)


THIRD_PARTY = (sys.executable, str(TESTS / "engines" / "third_party.py"))


@pytest.mark.parametrize("namespaces", [False, pytest.param(True, marks=needs_namespaces)], ids=["plain", "namespaces"])
def test_a_program_of_others_is_launched(namespaces: bool) -> None:
    outcome = launched(*THIRD_PARTY, namespaces=namespaces).execute("hello", arguments=["a"])
    assert (outcome.verdict, outcome.stdout, outcome.value) == ("ok", b"HELLO", ["a"]), outcome


def test_a_script_is_launched_by_the_program_that_its_first_line_names(tmp_path: Path) -> None:
    script = tmp_path / "worker"
    script.write_text(f"#!{sys.executable} {THIRD_PARTY[1]}\n")
    script.chmod(0o700)
    assert launched(str(script)).execute("hello").stdout == b"HELLO"


@pytest.mark.parametrize("first", ["#!", "#!{}", "no program"], ids=["no interpreter", "itself", "no program"])
def test_what_cannot_be_executed_is_told(tmp_path: Path, first: str) -> None:
    script = tmp_path / "worker"
    script.write_text(first.format(script) + "\n")
    script.chmod(0o700)
    with pytest.raises(SetupError, match="exited with status 3 before it was ready; it said: other: "):
        launched(str(script)).execute("hello")


@needs_namespaces
@pytest.mark.parametrize("name", ["lua", "javascript", "python"])
def test_a_worker_enters_namespaces_and_serves(name: str) -> None:
    engine, limits = counted(EngineFactory().get(name), LIMITS, namespaces=True)
    outcome = ScriptRuntime(engine, limits=limits, require=("memory", "namespaces")).execute("1 = 1")
    assert outcome.error is not None
    assert outcome.error.line == 1
