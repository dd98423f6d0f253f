"""`providers`, and the options that choose a model: what is there, whether it answers, and what is meant by a name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmspell.testing import Answer, Failure, LLMServer
from tests.cli.programs import Place

ALIASES = '[aliases]\nquick = "echo/one"\nsure = ["echo/first", "parrot/second"]\n[providers.parrot]\ntype = "echo"\n'
ASK = 'return Agent.create{}:execute("hi").metadata.model'


def checks(place: Place, *words: str, code: int = 0) -> list[dict[str, Any]]:
    """What `providers check --output json` says."""
    ran = place.run("providers", "check", *words, "--output", "json")
    assert ran.code == code, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    assert found["schema"] == "llmspell.provider-check/1"
    return list(found["checks"])


def test_the_providers_are_listed_with_whether_they_have_their_key(place: Place) -> None:
    place.write("c.toml", '[providers.mine]\ntype = "litellm"\napi_key_env = "MY_KEY"\ndefault_model = "m"\n')
    for key, available in (("", False), ("sk-secret", True)):
        ran = place.where(MY_KEY=key).run("providers", "list", "--output", "json", "--config", "c.toml")
        listed = {one["name"]: one for one in json.loads(ran.stdout)}
        assert set(listed) == {"echo", "mine"}
        mine = listed["mine"]
        assert (mine["available"], mine["type"], mine["default_model"]) == (available, "litellm", "m")
        assert mine["key"] == ("MY_KEY is set" if available else "MY_KEY is not set")
        assert mine["source"].endswith("c.toml")
        assert "sk-secret" not in ran.stdout.decode()
        assert (listed["echo"]["key"], listed["echo"]["source"]) == (None, "default")


def test_a_check_says_what_works_and_how_long_it_took(place: Place) -> None:
    (found,) = checks(place, "echo")
    assert found["ok"] is found["reachable"] is found["streaming"] is True
    assert 0 <= found["seconds_to_first"] <= found["seconds"]
    ran = place.run("providers", "check", "echo/other")
    assert ran.stdout.startswith(b"echo\tother\tyes\tyes\tyes\tyes\t")


def test_every_model_of_an_alias_is_checked(place: Place) -> None:
    place.write("c.toml", ALIASES)
    found = checks(place, "sure", "--config", "c.toml")
    assert [(one["provider"], one["model"], one["ok"]) for one in found] == [
        ("echo", "first", True),
        ("parrot", "second", True),
    ]


def test_a_server_is_asked_and_a_wrong_key_is_not_shown(place: Place, llm_server: LLMServer) -> None:
    place.write(
        "c.toml",
        '[aliases]\nboth = ["near/small", "near/large"]\n[providers.near]\ntype = "litellm"\n'
        f'base_url = "{llm_server.base_url}"\napi_key_env = "K"\nmax_retries = 0\n',
    )
    there = place.where(K="sk-secret-0123456789", PYTHONPYCACHEPREFIX="")  # litellm takes half a minute to compile
    llm_server.queue(Answer("ok"), Failure(401, "no such key: sk-secret-0123456789"))
    good, bad = found = checks(there, "both", "--config", "c.toml", code=1)
    assert [request.model for request in llm_server.chats] == ["small", "large"]
    assert good["ok"] is good["key_accepted"] is good["model_known"] is True
    assert (bad["ok"], bad["reachable"], bad["key_accepted"]) == (False, True, False)
    assert "sk-secret" not in json.dumps(found)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("opnai",), "there is no provider 'opnai'; did you mean 'openai'"),
        (("near",), "provider 'near' has no default model"),
        (("sur", "--config", "c.toml"), "did you mean 'sure'"),
    ],
    ids=["unknown", "no model", "alias"],
)
def test_what_cannot_be_asked_is_a_usage_error(place: Place, words: tuple[str, ...], said: str) -> None:
    place.write("c.toml", ALIASES)
    place.write(
        "home/.config/llmspell/config.toml", '[providers.near]\ntype = "litellm"\nbase_url = "http://[::1]:1"\n'
    )
    ran = place.run("providers", "check", *words)
    assert (ran.code, ran.stdout) == (2, b"")
    assert said in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_an_alias_is_a_model_for_scripts_options_and_the_configuration(place: Place) -> None:
    place.write("c.toml", f'model = "quick"\n{ALIASES}')
    own = ("--config", "c.toml")
    assert place.run("exec", ASK, *own).stdout == b'"one"\n'
    assert place.run("exec", ASK, *own, "--model", "parrot/x").stdout == b'"x"\n'
    ran = place.run("exec", ASK.replace("{}", '{model = "quick"}'), *own, "--provider", "parrot")
    assert ran.stdout == b'"one"\n'
    place.write("a.lua", ASK)
    ran = place.run("sandbox", "a.lua", *own, "--model", "quick", "--allow-model", "echo/one", "-q")
    assert ran.stdout == b'"one"\n'
    ran = place.run("sandbox", "a.lua", *own, "--model", "quick", "--allow-model", "parrot/*")
    assert (ran.code, "model echo/one is not granted" in ran.stderr) == (4, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--model", "quik"), "--model: model 'quik' names no provider: did you mean the alias 'quick'"),
        (("--model", "parot/x"), "--model: there is no provider 'parot'; did you mean 'parrot'"),
        (("--provider", "parot"), "--provider: there is no provider 'parot'; did you mean 'parrot'"),
    ],
    ids=["alias", "model", "provider"],
)
def test_a_model_that_no_agent_could_use_names_the_nearest(place: Place, words: tuple[str, ...], said: str) -> None:
    place.write("c.toml", ALIASES)
    ran = place.run("exec", 'print("ran")', "--config", "c.toml", *words)
    assert (ran.code, ran.stdout) == (2, b"")
    assert said in ran.stderr


def test_a_grant_of_models_may_have_bounds(place: Place) -> None:
    twice = (
        'local a = Agent.create{model = "echo/x"} a:execute("1") local _, e = pcall(a.execute, a, "2") return e.kind'
    )
    ran = place.run("exec", twice, "--allow-model", "echo/*=max_calls:1")
    assert (ran.code, ran.stdout) == (0, b'"budget"\n')


@pytest.mark.parametrize(
    ("grant", "said"),
    [
        ("=max_calls:1", "names no model: write a pattern over provider/model"),
        (
            "echo/*=calls:1",
            "'calls:1' is no bound: write echo/*=max_calls:3; known are max_calls, max_tokens, max_cost",
        ),
        ("echo/*=max_cost:-1", "max_cost: '-1' is no amount of US dollars"),
    ],
    ids=["no pattern", "unknown", "negative"],
)
def test_a_bound_that_is_none_is_a_usage_error(place: Place, grant: str, said: str) -> None:
    ran = place.run("exec", 'print("ran")', "--allow-model", grant)
    assert (ran.code, ran.stdout) == (2, b"")
    assert said in ran.stderr
