"""What a program passes that cannot be meant is a UsageError, and never grants or does something else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from llmspell import (
    FunctionTool,
    Limits,
    ModelGrant,
    Policy,
    ScriptRuntime,
    ToolGrant,
    UsageError,
)
from tests.uncounted import uncounted


def print_it() -> None:
    """A function as somebody hands it in."""


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"read": "/home/ada"}, r"the policy's read is '/home/ada': it is a tuple of paths, like \('/home/ada',\)"),
        ({"write": "/home/ada"}, "the policy's write is '/home/ada'"),
        ({"models": "openai/*"}, r"the policy's models is 'openai/\*': it is a tuple of patterns"),
        ({"hosts": "localhost"}, "the policy's hosts is 'localhost'"),
        ({"packages": "numpy"}, "the policy's packages is 'numpy'"),
        ({"read": None}, "the policy's read is None"),
        ({"read": (Path("/home"),)}, r"the policy's read has PosixPath\('/home'\), which is no text"),
        ({"write": ("notes",)}, "the policy's write has 'notes': a path that is granted begins with /"),
        ({"tools": ["calculator"]}, r"the policy's tools is no map of names to ToolGrant: \['calculator'\]"),
        ({"tools": {"calculator": None}}, "the policy's tools has None for 'calculator': it is to be a ToolGrant"),
        ({"tools": {"calculator": ToolGrant(max_calls="2")}}, "max_calls of the grant of 'calculator' is '2'"),  # type: ignore[arg-type]
        ({"tools": {"calculator": ToolGrant(max_calls=-1)}}, "is -1: it is a whole number from 0 on, or None"),
        ({"tools": {"calculator": ToolGrant(max_seconds=float("nan"))}}, "is nan: it is a finite number from 0 on"),
        ({"model_bounds": {"echo/*": 3}}, r"the policy's model_bounds has 3 for 'echo/\*': it is to be a ModelGrant"),
        ({"model_bounds": {"*": ModelGrant(max_tokens=1.5)}}, r"max_tokens of the grant of '\*' is 1.5"),  # type: ignore[arg-type]
        ({"environment": {"A": 3}}, "the policy's environment has a name or a value that is no text: 'A'"),
    ],
)
def test_a_policy_that_would_grant_something_else_is_refused(policy: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        ScriptRuntime.with_lua(policy=Policy(**policy))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"policy": {"read": ()}}, r"\{'read': \(\)\} is no Policy"),
        ({"limits": {"memory": 1}}, r"\{'memory': 1\} is no Limits"),
        ({"limits": Limits(memory=50e6)}, "the limit memory is 50000000.0: it is a whole number"),  # type: ignore[arg-type]
        ({"limits": Limits(calls=True)}, "the limit calls is True"),
        ({"tools": FunctionTool(print_it)}, "tools are several, and .* is one: put it into a list"),
        ({"tools": [FunctionTool]}, "is a class, and no Tool: make one of it"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        ScriptRuntime.with_lua(**options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": Path("spell.lua")}, r"the name of a script is text, not PosixPath\('spell.lua'\)"),
        ({"arguments": "--fast"}, "the arguments of a script are several texts, not the one text '--fast'"),
        ({"emit": 3}, "emit is called with a stream and bytes, and 3 cannot be called"),
        ({"cancellation": True}, "True is no Cancellation"),
    ],
)
def test_a_run_that_cannot_be_meant_is_refused_with_or_without_a_session(options: dict[str, Any], words: str) -> None:
    runtime = ScriptRuntime.with_lua()
    with pytest.raises(UsageError, match=words):
        runtime.execute("return 1", **options)
    with runtime.session() as session, pytest.raises(UsageError, match=words):
        session.execute("return 1", **options)


def test_a_folder_of_modules_is_a_path_of_any_kind(tmp_path: Path) -> None:
    (tmp_path / "seven.lua").write_text("return 7")
    runtime, source = ScriptRuntime.with_lua(), "return require('seven')"
    for folder in (tmp_path, str(tmp_path), {"seven.lua": b"return 7"}):
        assert runtime.execute(source, folder=folder).value == 7
    with runtime.session(folder=tmp_path) as session:
        assert session.execute(source).value == 7
    with pytest.raises(UsageError, match="the folder of modules is a path, or a map of paths to sources, not 3"):
        runtime.execute(source, folder=3)  # type: ignore[arg-type]


def test_a_file_may_be_named_by_bytes(tmp_path: Path) -> None:
    script = tmp_path / "spell.lua"
    script.write_text("return 7")
    assert ScriptRuntime.with_lua().execute_file(os.fsencode(script)).value == 7  # type: ignore[arg-type]


FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
from llmspell import ScriptRuntime
source = "local s = string.rep('x', 1 << 20) for i = 1, 6 do io.write(s) end"
runtime = ScriptRuntime.with_lua()
with runtime.session() as session:
    for outcome in (runtime.execute(source), session.execute(source)):
        print(outcome.verdict, len(outcome.stdout) >> 20, outcome.truncated[0] >> 20)
"""


def test_what_is_printed_beyond_memory_needs_no_room_on_the_disk() -> None:
    done = subprocess.run([sys.executable, "-c", FULL], env=uncounted(), capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("ok 4 2\n" * 2, "")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"record": 3}, "a record is written to a file by its name, or a TranscriptInMemory, not 3"),
        ({"record": "tape", "labels": ["a"]}, "the labels of a transcript are text by name"),
    ],
)
def test_a_record_that_cannot_be_meant_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        ScriptRuntime.with_lua().execute("return 1", **options)


def test_what_cannot_be_resumed_is_refused() -> None:
    with pytest.raises(UsageError, match="a run is resumed from a file by its name, not 3"):
        ScriptRuntime.with_lua().resume(3)  # type: ignore[arg-type]
