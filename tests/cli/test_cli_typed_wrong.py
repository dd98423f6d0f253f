"""Names that were typed wrong: commands, models and providers, each told before anything runs."""

from __future__ import annotations

import pytest

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
