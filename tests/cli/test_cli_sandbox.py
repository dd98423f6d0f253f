"""`sandbox`: nothing is granted, no configuration is read, and what is not enforced is not pretended."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest

from tests.cli.programs import Place

SCRIPTED = Path(__file__).parents[1] / "sandbox" / "workers" / "scripted.py"


def test_all_protections_are_required_and_reported(place: Place) -> None:
    place.write("a.lua", 'print("ran")')
    ran = place.run("sandbox", "--output", "json", "a.lua")
    assert ran.code == 0
    confinement = json.loads(ran.stdout)["confinement"]
    assert (confinement["memory"], confinement["processes"]) == ("address-space", "seccomp")
    assert all(confinement[name].startswith("seccomp") for name in ("files", "network"))


def test_an_engine_that_confines_memory_alone_runs_only_when_that_is_typed_out(place: Place) -> None:
    command = json.dumps([sys.executable, "-I", str(SCRIPTED), "arm(); hello()"])
    place.write("c.toml", f"[engines.own]\ncommand = {command}\n")
    place.write("a", 'output(b"ran"); done()')
    own = ("sandbox", "--config", "c.toml", "--engine", "own", "a")
    refused = place.run(*own)
    assert (refused.code, refused.stdout) == (2, b"")
    assert refused.stderr.count("\n") == 1
    assert refused.stderr.startswith(
        "llmspell: nothing ran, because engine own lacks what is required: files, network,"
    )
    assert refused.stderr.endswith("llmspell doctor shows all of it, and --require memory runs with less\n")
    weaker = place.run(*own, "--require", "memory", "--output", "json")
    assert weaker.code == 0
    assert json.loads(weaker.stdout)["confinement"] == {
        "memory": "address-space", "files": None, "network": None, "processes": None,
        "landlock_abi": None, "namespaces": [], "cgroup": None,
    }  # fmt: skip


def test_an_engine_that_says_what_it_needs_is_confined_before_it_starts(place: Place) -> None:
    worker = Path(__file__).parents[1] / "engines" / "third_party.py"
    needs = json.dumps([sys.base_prefix, sys.prefix, *(path for path in sys.path if os.path.isdir(path))])
    place.write("c.toml", f"[engines.own]\ncommand = {json.dumps([sys.executable, str(worker)])}\nneeds = {needs}\n")
    place.write("a", "loud")
    ran = place.run("sandbox", "--config", "c.toml", "--engine", "own", "a", "--output", "json")
    found = json.loads(ran.stdout)
    assert (ran.code, found["stdout"]) == (0, "LOUD")
    assert found["confinement"] == {
        "memory": "address-space", "files": "seccomp+landlock", "network": "seccomp", "processes": "seccomp",
        "landlock_abi": None, "namespaces": [], "cgroup": None,
    }  # fmt: skip
    checked = json.loads(place.run("doctor", "--config", "c.toml", "--output", "json").stdout)
    assert {"lua": True, "own": True}.items() <= {one["name"]: one["ok"] for one in checked["engines"]}.items()


def test_an_unknown_protection_is_answered_with_the_nearest(place: Place) -> None:
    place.write("a.lua", "")
    ran = place.run("sandbox", "--require", "memroy", "a.lua")
    assert ran.code == 2
    assert "there is no protection 'memroy'; did you mean memory?" in ran.stderr


def test_the_verdict_and_the_usage_are_one_line_on_stderr(place: Place) -> None:
    place.write("a.lua", 'print("ran")')
    ran = place.run("sandbox", "a.lua")
    assert (ran.code, ran.stdout) == (0, b"ran\n")
    assert re.fullmatch(
        r"verdict: ok · wall \d+\.\d\d s · cpu \d+\.\d\d s · peak \d+(\.\d)? MiB of 50 MiB"
        r" · output 4 bytes · calls 0\n",
        ran.stderr,
    )


def test_quiet_leaves_the_verdict_to_the_exit_code(place: Place) -> None:
    place.write("a.lua", 'error("boom")')
    ran = place.run("sandbox", "-q", "a.lua")
    assert ran.code == 1
    assert "verdict" not in ran.stderr
    assert "boom" in ran.stderr


@pytest.mark.parametrize("status", [1, 2, 3, 4, 5, 70, 130])
def test_a_scripts_own_exit_code_is_one_so_that_the_others_are_ours(place: Place, status: int) -> None:
    place.write("a.lua", f"os.exit({status})")
    assert place.run("sandbox", "a.lua").code == 1


def test_tools_are_refused_until_they_are_allowed_and_then_bounded(place: Place) -> None:
    place.write("a.lua", 'print(Tool.execute("calculator", {input = "6*7"}).text)')
    refused = place.run("sandbox", "a.lua")
    assert refused.code == 4
    assert refused.stderr.startswith("denied: a.lua:1: ")
    allowed = place.run("sandbox", "--allow-tool", "calculator", "a.lua")
    assert (allowed.code, allowed.stdout.strip()) == (0, b"42")
    place.write("b.lua", 'for i = 1, 3 do Tool.execute("calculator", {input = "1"}) end')
    bounded = place.run("sandbox", "--allow-tool", "calculator=max_calls:2", "b.lua")
    assert bounded.code == 1
    assert bounded.stderr.startswith("error (budget): b.lua:1: ")


def test_the_models_are_refused_too(place: Place) -> None:
    place.write("a.lua", 'Agent.create({name = "a", model = "echo/echo"}):execute("hi")')
    assert place.run("sandbox", "a.lua").code == 4


@pytest.mark.parametrize(
    ("grant", "said"),
    [
        ("calculater", "there is no tool 'calculater'; did you mean calculator?"),
        ("calculator=3", "'3' is no bound: write calculator=max_calls:3; known are max_calls, max_seconds"),
        ("calculator=max_calls:-1", "max_calls: '-1' is no count"),
        ("calculator=max_calls:1,max_calls:2", "max_calls stands twice"),
    ],
)
def test_a_grant_that_means_nothing_is_a_usage_error(place: Place, grant: str, said: str) -> None:
    place.write("a.lua", "")
    ran = place.run("sandbox", "--allow-tool", grant, "a.lua")
    assert ran.code == 2
    assert f"--allow-tool: {said}" in ran.stderr


def test_modules_need_leave_to_read_the_scripts_folder(place: Place) -> None:
    place.write("s/m.lua", "return {word = 'found'}")
    place.write("s/a.lua", "print(require('m').word)")
    refused = place.run("sandbox", "s/a.lua")
    assert refused.code == 4
    assert "--allow-read of its folder" in refused.stderr
    assert place.run("sandbox", "--allow-read", "elsewhere", "s/a.lua").code == 4
    assert place.run("sandbox", "--allow-read", "s", "s/a.lua").stdout == b"found\n"
    assert place.run("sandbox", "--allow-read", ".", "s/a.lua").stdout == b"found\n"


def test_no_configuration_is_read_unless_it_is_named(place: Place) -> None:
    place.write("a.lua", 'print(Config.get("word", "none"))')
    configuration = '[script]\nword = "configured"\n'
    place.write("llmspell.toml", configuration)
    place.write("home/.config/llmspell/config.toml", configuration)
    assert place.run("sandbox", "a.lua").stdout == b"none\n"
    assert place.where(LLMSPELL_CONFIG="llmspell.toml").run("sandbox", "a.lua").stdout == b"none\n"
    assert place.run("sandbox", "--config", "llmspell.toml", "a.lua").stdout == b"configured\n"
    assert place.run("run", "a.lua").stdout == b"configured\n"


def test_the_environment_may_lower_a_limit_and_nothing_else(place: Place) -> None:
    place.write("a.lua", "while true do end")
    lowered = place.where(LLMSPELL_LIMITS__CPU="0.2").run("sandbox", "a.lua")
    assert lowered.code == 3
    assert "of its 0.2 s (cpu limit)" in lowered.stderr
    place.write("b.lua", 'print("ran")')
    raised = place.where(LLMSPELL_LIMITS__CPU="500").run("sandbox", "b.lua")
    assert (raised.code, raised.stdout) == (0, b"ran\n")
    assert "llmspell: LLMSPELL_LIMITS__CPU is ignored here" in raised.stderr


def test_the_environment_is_heeded_by_run_and_an_unknown_variable_is_an_error(place: Place) -> None:
    assert place.where(LLMSPELL_LIMITS__CPU="0.2").run("exec", "while true do end").code == 3
    unknown = place.where(LLMSPELL_LIMITS__CUP="0.2").run("exec", "return 1")
    assert unknown.code == 2
    assert "LLMSPELL_LIMITS__CUP" in unknown.stderr
