"""`sandbox`: nothing is granted, no configuration is read, and what is not enforced is not pretended."""

from __future__ import annotations

import re

import pytest

from tests.cli.programs import Place

WEAK = ("sandbox", "--require", "memory")


def test_without_a_weaker_demand_nothing_runs(place: Place) -> None:
    place.write("a.lua", 'print("ran")')
    ran = place.run("sandbox", "a.lua")
    assert (ran.code, ran.stdout) == (2, b"")
    assert "cannot enforce files, network, processes" in ran.stderr
    assert "--require memory" in ran.stderr


def test_an_unknown_protection_is_answered_with_the_nearest(place: Place) -> None:
    place.write("a.lua", "")
    ran = place.run("sandbox", "--require", "memroy", "a.lua")
    assert ran.code == 2
    assert "there is no protection 'memroy'; did you mean memory?" in ran.stderr


def test_the_verdict_and_the_usage_are_one_line_on_stderr(place: Place) -> None:
    place.write("a.lua", 'print("ran")')
    ran = place.run(*WEAK, "a.lua")
    assert (ran.code, ran.stdout) == (0, b"ran\n")
    assert re.fullmatch(
        r"verdict: ok · wall \d+\.\d\d s · cpu \d+\.\d\d s · peak \d+(\.\d)? MiB of 50 MiB"
        r" · output 4 bytes · calls 0\n",
        ran.stderr,
    )


def test_quiet_leaves_the_verdict_to_the_exit_code(place: Place) -> None:
    place.write("a.lua", 'error("boom")')
    ran = place.run(*WEAK, "-q", "a.lua")
    assert ran.code == 1
    assert "verdict" not in ran.stderr
    assert "boom" in ran.stderr


@pytest.mark.parametrize("status", [1, 2, 3, 4, 5, 70, 130])
def test_a_scripts_own_exit_code_is_one_so_that_the_others_are_ours(place: Place, status: int) -> None:
    place.write("a.lua", f"os.exit({status})")
    assert place.run(*WEAK, "a.lua").code == 1


def test_tools_are_refused_until_they_are_allowed_and_then_bounded(place: Place) -> None:
    place.write("a.lua", 'print(Tool.execute("calculator", {input = "6*7"}).text)')
    refused = place.run(*WEAK, "a.lua")
    assert refused.code == 4
    assert refused.stderr.startswith("denied: a.lua:1: ")
    allowed = place.run(*WEAK, "--allow-tool", "calculator", "a.lua")
    assert (allowed.code, allowed.stdout.strip()) == (0, b"42")
    place.write("b.lua", 'for i = 1, 3 do Tool.execute("calculator", {input = "1"}) end')
    bounded = place.run(*WEAK, "--allow-tool", "calculator=max_calls:2", "b.lua")
    assert bounded.code == 1
    assert bounded.stderr.startswith("error (budget): b.lua:1: ")


def test_the_models_are_refused_too(place: Place) -> None:
    place.write("a.lua", 'Agent.create({name = "a", model = "echo/echo"}):execute("hi")')
    assert place.run(*WEAK, "a.lua").code == 4


@pytest.mark.parametrize(
    ("grant", "said"),
    [
        ("calculater", "there is no tool 'calculater'; did you mean calculator?"),
        ("calculator=3", "'3' is no bound of a tool: write calculator=max_calls:3"),
        ("calculator=max_calls:-1", "'max_calls:-1' is no bound of a tool"),
    ],
)
def test_a_grant_that_means_nothing_is_a_usage_error(place: Place, grant: str, said: str) -> None:
    place.write("a.lua", "")
    ran = place.run(*WEAK, "--allow-tool", grant, "a.lua")
    assert ran.code == 2
    assert f"--allow-tool: {said}" in ran.stderr


def test_modules_need_leave_to_read_the_scripts_folder(place: Place) -> None:
    place.write("s/m.lua", "return {word = 'found'}")
    place.write("s/a.lua", "print(require('m').word)")
    refused = place.run(*WEAK, "s/a.lua")
    assert refused.code == 4
    assert "--allow-read of its folder" in refused.stderr
    assert place.run(*WEAK, "--allow-read", "elsewhere", "s/a.lua").code == 4
    assert place.run(*WEAK, "--allow-read", "s", "s/a.lua").stdout == b"found\n"
    assert place.run(*WEAK, "--allow-read", ".", "s/a.lua").stdout == b"found\n"


def test_no_configuration_is_read_unless_it_is_named(place: Place) -> None:
    place.write("a.lua", 'print(Config.get("word", "none"))')
    configuration = '[script]\nword = "configured"\n'
    place.write("llmspell.toml", configuration)
    place.write("home/.config/llmspell/config.toml", configuration)
    assert place.run(*WEAK, "a.lua").stdout == b"none\n"
    assert place.where(LLMSPELL_CONFIG="llmspell.toml").run(*WEAK, "a.lua").stdout == b"none\n"
    assert place.run(*WEAK, "--config", "llmspell.toml", "a.lua").stdout == b"configured\n"
    assert place.run("run", "a.lua").stdout == b"configured\n"


def test_the_environment_may_lower_a_limit_and_nothing_else(place: Place) -> None:
    place.write("a.lua", "while true do end")
    lowered = place.where(LLMSPELL_LIMITS__CPU="0.2").run(*WEAK, "a.lua")
    assert lowered.code == 3
    assert "of its 0.2 s (cpu limit)" in lowered.stderr
    place.write("b.lua", 'print("ran")')
    raised = place.where(LLMSPELL_LIMITS__CPU="500").run(*WEAK, "b.lua")
    assert (raised.code, raised.stdout) == (0, b"ran\n")
    assert "llmspell: LLMSPELL_LIMITS__CPU is ignored here" in raised.stderr


def test_the_environment_is_heeded_by_run_and_an_unknown_variable_is_an_error(place: Place) -> None:
    assert place.where(LLMSPELL_LIMITS__CPU="0.2").run("exec", "while true do end").code == 3
    unknown = place.where(LLMSPELL_LIMITS__CUP="0.2").run("exec", "return 1")
    assert unknown.code == 2
    assert "LLMSPELL_LIMITS__CUP" in unknown.stderr
