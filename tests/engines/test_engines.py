"""Engines as data: the table, a configuration's rows, entry points of installed packages, and workers of others."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from llmspell import (
    EngineFactory,
    EngineSpec,
    FunctionTool,
    Policy,
    ScriptRuntime,
    SetupError,
    UsageError,
    Verdict,
)
from llmspell.engines.bridge import split_arguments
from llmspell.engines.builtin import ROWS
from llmspell.engines.factory import worker_command
from tests.uncounted import uncounted

WORKER = Path(__file__).with_name("third_party.py")
SHOUT = EngineSpec("shout", (".shout",), command=(sys.executable, str(WORKER)))
PACKAGE = f"""
from llmspell import EngineSpec
ENGINE = EngineSpec("shout", (".shout",), command=({sys.executable!r}, {str(WORKER)!r}))
WRONG = 5
"""


def install(folder: Path, entry: str) -> None:
    """A package with an entry point, as pip would leave it."""
    (folder / "shouting.py").write_text(PACKAGE)
    info = folder / "shouting-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[llmspell.engines]\nshout = {entry}\n")


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "llmspell", *words],
        cwd=folder,
        env=uncounted() | {"PYTHONPATH": str(folder), "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


def test_a_worker_of_somebody_else_runs_by_its_command() -> None:
    outcome = ScriptRuntime(SHOUT, require=["memory"]).execute("hello", arguments=["a"])
    assert (outcome.verdict, outcome.stdout, outcome.value) == (Verdict.OK, b"HELLO", ["a"])
    assert (outcome.engine_name, outcome.engine_version) == ("shout", "shout 1")


def test_an_unknown_engine_is_told_with_those_that_there_are_and_how_others_come() -> None:
    others = ". known are: javascript, lua, python.*; others come with a package"
    for typed, near in {"lau": "lua", "js": "javascript", "py": "python"}.items():
        with pytest.raises(UsageError, match=f"there is no engine '{typed}'; did you mean {near}{others}"):
            ScriptRuntime.with_engine(typed)


def test_two_engines_run_in_one_program_at_once() -> None:
    both = threading.Barrier(2, timeout=60)

    def meet() -> bool:
        return both.wait() >= 0

    def run_one(engine: str) -> object:
        tool = FunctionTool(meet, blocking=True)
        runtime = ScriptRuntime.with_engine(engine, tools=[tool], policy=Policy().with_tools(["meet"]))
        return runtime.execute("Tool.execute('meet') return _VERSION").value

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(run_one, ["lua", "lua@5.1"])) == ["Lua 5.4", "Lua 5.1"]
    assert ScriptRuntime(SHOUT, require=["memory"]).execute("x").stdout == b"X"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_built_in_engine_says_what_it_can_do(row: tuple[str, tuple[str, ...], str, int]) -> None:
    features = ScriptRuntime.with_engine(row[0]).capabilities()
    assert (features.streaming, features.parallel, features.modules, features.check) == (True, True, True, True)


def test_what_an_engine_does_not_claim_plainly_it_does_not_have() -> None:
    features = ScriptRuntime(SHOUT, require=["memory"]).capabilities()
    assert (features.streaming, features.parallel, features.modules) == (True, False, False)


def test_an_installed_package_adds_an_engine_by_its_entry_point(tmp_path: Path) -> None:
    install(tmp_path, "shouting:ENGINE")
    (tmp_path / "x.shout").write_text("by suffix")
    listed = run(tmp_path, "engines", "list")
    assert "shout\t.shout\t4 MiB\tentry point shouting:ENGINE" in listed.stdout
    done = run(tmp_path, "run", "--require", "memory", "x.shout")
    assert (done.stdout, done.stderr, done.returncode) == ("BY SUFFIX", "", 0)
    assert run(tmp_path, "exec", "--require", "memory", "--engine", "shout", "by name").stdout.startswith("BY NAME")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("shouting:WRONG", "is no EngineSpec but int"),
        ("nothing:ENGINE", "cannot be loaded: ModuleNotFoundError"),
        ("leaving:ENGINE", "cannot be loaded: SystemExit: 7"),
    ],
)
def test_a_broken_entry_point_is_named(tmp_path: Path, entry: str, words: str) -> None:
    install(tmp_path, entry)
    (tmp_path / "leaving.py").write_text("raise SystemExit(7)\n")
    done = run(tmp_path, "engines")
    assert done.returncode == 2
    assert words in done.stderr
    assert "shout" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_engine_is_found_by_suffix_then_first_line_then_configuration_then_default() -> None:
    engines = EngineFactory([SHOUT])
    assert engines.for_script("a.shout", b"#!/usr/bin/lua\n").name == "shout"
    assert engines.for_script("a", b"#!/usr/bin/env shout -x\n").name == "shout"
    assert engines.for_script("a", b"#!/usr/bin/lua5.4\n").name == "lua"
    assert engines.for_script("a", b"#!/usr/bin/lua5.1\n").name == "lua@5.1"
    assert engines.for_script("a", b"#!/usr/bin/env luajit\n").name == "lua@luajit"
    assert engines.for_script("a", b"#!/usr/bin/lua5.2\n").name == "lua"
    assert engines.for_script("a", b"").name == "lua"
    assert engines.for_script("a.unknown", b"").name == "lua"
    assert EngineFactory([SHOUT], default="shout").for_script("a", b"#!/bin/sh\n").name == "shout"


def test_an_unknown_default_is_named_with_who_chose_it() -> None:
    with pytest.raises(UsageError, match=r"^a\.toml: engine: there is no engine 'luaa'; did you mean lua\?"):
        EngineFactory(default="luaa", chosen_by="a.toml: engine").for_script("a", b"")


def test_a_built_in_engine_takes_settings_and_suffixes_but_no_command() -> None:
    engines = EngineFactory([EngineSpec("lua", (".spell",), settings={"a": 1})])
    assert engines.for_script("x.spell", b"").settings == {"a": 1}
    assert engines.get("lua").suffixes == (".lua", ".spell")
    with pytest.raises(UsageError, match="is built in and cannot be given another command"):
        EngineFactory([SHOUT._replace(name="lua")])


def test_an_engine_without_a_command_is_refused() -> None:
    with pytest.raises(UsageError, match="engine 'a@b' cannot have an @ in its name"):
        EngineFactory([SHOUT._replace(name="a@b")])
    with pytest.raises(UsageError, match="engine 'mute' needs a command"):
        EngineFactory([EngineSpec("mute", ())])


def test_a_library_that_is_missing_is_a_set_up_error() -> None:
    with pytest.raises(SetupError, match="needs the library no_such_library"):
        worker_command(EngineFactory().get("lua")._replace(library="no_such_library"))
    with pytest.raises(SetupError, match="which is not installed: pip install no_such_library"):
        ScriptRuntime(EngineFactory().get("lua")._replace(library="no_such_library")).execute("")


def test_arguments_are_split_as_data() -> None:
    assert split_arguments(("a", "--x", "1", "--flag", "--y=2", "--", "-z")) == (
        ("a", "--", "-z"),
        {"x": "1", "flag": "true", "y": "2"},
    )


def test_what_a_worker_has_started_ends_with_it() -> None:
    script = "sleep 300 & echo $! >&2; exit 7"
    spec = EngineSpec("shell", (), command=("/bin/sh", "-c", script))
    with pytest.raises(SetupError, match=r"exited with status 7 before it was ready; it said: (\d+)") as raised:
        ScriptRuntime(spec).execute("")
    started = int(str(raised.value).rsplit(" ", 1)[1])
    with suppress(psutil.NoSuchProcess):
        psutil.Process(started).wait(60)  # raises TimeoutExpired unless it goes
