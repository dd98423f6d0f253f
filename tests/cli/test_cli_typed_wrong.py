"""Names that were typed wrong: commands, models and providers, each told before anything runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from llmspell.cli.options import parse_cost, parse_count
from llmspell.errors import UsageError
from llmspell.limits import parse_seconds
from tests.cli.programs import Place


@pytest.mark.parametrize(
    "words",
    [("nonsense",), ("exce", "return 1"), (), ("run",), ("exec",), ("tools", "info", "x"), ("tools", "rnu")],
)
def test_a_command_that_is_not_there_is_a_usage_error(place: Place, words: tuple[str, ...]) -> None:
    ran = place.run(*words)
    assert ran.code == 2
    assert ran.stderr != ""


def test_a_mistyped_command_is_answered_with_the_nearest(place: Place) -> None:
    assert "there is no command 'exce'; did you mean exec?" in place.run("exce", "return 1").stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--model", "opnai/gpt-4o"), "--model: there is no provider 'opnai'; did you mean 'openai'"),
        (("--model", "gpt-4o"), "--model: model 'gpt-4o' names no provider: write provider/model"),
        (("--provider", "ehco"), "--provider: there is no provider 'ehco'; did you mean 'echo'"),
        (
            ("--provider", "qqqq", "--model", "echo/echo"),
            "--provider: there is no provider 'qqqq'; known are echo",
        ),
    ],
)
@pytest.mark.parametrize("command", [("exec", 'print("ran")'), ("run", "a.lua"), ("sandbox", "a.lua")])
def test_a_model_that_no_agent_could_use_is_a_usage_error_before_anything_runs(
    place: Place, command: tuple[str, ...], words: tuple[str, ...], said: str
) -> None:
    place.write("a.lua", 'print("ran")')
    ran = place.run(*command, *words)
    assert (ran.code, ran.stdout) == (2, b"")
    assert ran.stderr.startswith(f"llmspell: {said}")
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words", [("--model", "echo"), ("--provider", "openai"), ("--provider", "echo", "--model", "any/thing")]
)
def test_a_model_or_provider_that_an_agent_may_use_is_none(place: Place, words: tuple[str, ...]) -> None:
    assert place.run("exec", 'print("ran")', *words).stdout == b"ran\n"


def test_a_configured_provider_may_be_the_model(place: Place) -> None:
    place.write("c.toml", '[providers.mine]\ntype = "echo"\n')
    assert place.run("exec", 'print("ran")', "--config", "c.toml", "--model", "mine/x").stdout == b"ran\n"
    assert "did you mean 'mine'" in place.run("exec", "", "--config", "c.toml", "--model", "mien/x").stderr


@pytest.mark.parametrize(
    "option", ["--engine", "--config", "--allow-read", "--allow-write", "--record", "--replay", "--report"]
)
def test_an_option_that_an_unset_variable_left_empty_is_a_usage_error(place: Place, option: str) -> None:
    ran = place.run("exec", 'print("ran")', option, "")
    assert (ran.code, ran.stdout) == (2, b"")
    assert f"'{option}': '' is no " in ran.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("config", "trust", ""),
        ("config", "check", ""),
        ("config", "show", "--config", ""),
        ("tools", "run", "calculator", "--allow-write", ""),
        ("engines", "check", "--needs", "", "true"),
    ],
    ids=" ".join,
)
def test_a_path_that_an_unset_variable_left_empty_is_not_the_folder_one_is_in(
    place: Place, words: tuple[str, ...]
) -> None:
    place.write("llmspell.toml", 'engine = "lua"\n')
    ran = place.run(*words)
    assert (ran.code, ran.stdout) == (2, b"")
    assert "'' is no path: write one, or leave this out" in ran.stderr


def test_a_report_has_no_place_on_stdout(place: Place) -> None:
    ran = place.run("exec", 'print("ran")', "--report", "-")
    assert (ran.code, ran.stdout, (place.folder / "-").exists()) == (2, b"", False)
    assert "print the outcome there with --output json" in ran.stderr


def test_a_transcript_has_none_either(place: Place) -> None:
    ran = place.run("exec", 'print("ran")', "--record", "-")
    assert (ran.code, ran.stdout, (place.folder / "-").exists()) == (2, b"", False)
    assert "a transcript is a file" in ran.stderr


@pytest.mark.parametrize("parse", [parse_seconds, parse_cost, parse_count])
@pytest.mark.parametrize("text", ["1_0", "\uff15", "9" * 16, "x", ""])
def test_a_number_that_is_none_for_people_is_refused_with_its_bounds(parse: Callable[[str], float], text: str) -> None:
    with pytest.raises(UsageError, match=r"from 0 on and below 1,000,000|above 0 and below 1,000,000"):
        parse(text)


def test_a_name_is_near_however_it_is_capitalised(place: Place) -> None:
    assert "did you mean exec?" in place.run("EXEC", "return 1").stderr
    assert "did you mean lua?" in place.run("exec", "return 1", "--engine", "LUA").stderr


def test_a_path_that_leads_nowhere_is_told_from_one_that_is_not_there(place: Place) -> None:
    place.write("a.lua", "return 1")
    assert "'a.lua/x' is not reached: not a directory" in place.run("validate", "a.lua/x").stderr
    assert "'b.lua' is not there" in place.run("validate", "b.lua").stderr


def test_a_source_that_is_too_large_is_not_given_a_size_that_nobody_has_read(place: Place) -> None:
    ran = place.run("run", "-", stdin=b"-" * (6 << 20))
    assert ran.code == 3
    assert "the source of stdin has over 5 MiB, and may not" in ran.stderr


def test_a_worker_whose_name_no_file_can_have_is_not_started(place: Place) -> None:
    ran = place.run("engines", "check", "x" * 4000)
    assert (ran.code, ran.stdout) == (2, b"")
    assert ran.stderr.startswith("llmspell: the worker cannot be tried: ")
