"""`LLMSPELL_*` variables: parsed by the key's type, and never misunderstood in silence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmspell.config import Configuration
from llmspell.config.parts import Answer
from llmspell.errors import ConfigError
from llmspell.limits import MIB
from llmspell.policy import ToolGrant

Load = Callable[..., Configuration]


def _limit(name: str) -> Callable[[Configuration], Any]:
    return lambda found: getattr(found.limits, name)


def _granted(name: str) -> Callable[[Configuration], Any]:
    return lambda found: getattr(found.policy, name)


VALUES: list[tuple[str, str, Callable[[Configuration], Any], Any]] = [
    ("ENGINE", "lua", lambda found: found.engine, "lua"),
    ("LIMITS__MEMORY", "64M", _limit("memory"), 64 * MIB),
    ("LIMITS__MEMORY", "1000", _limit("memory"), 1000),
    ("LIMITS__MODEL_CALLS", "7", _limit("model_calls"), 7),
    ("LIMITS__CPU", "0.5", _limit("cpu"), 0.5),
    ("LIMITS__WALL", "5", _limit("wall"), 5.0),
    ("LIMITS__COST", "0", _limit("cost"), 0.0),
    ("TOOLS__GRANT", "a, web_fetch", _granted("tools"), {"a": ToolGrant(), "web-fetch": ToolGrant()}),
    ("TOOLS__GRANT", "", _granted("tools"), {}),
    ("ALIASES__FAST", "a/b", lambda found: found.aliases, {"fast": ("a/b",)}),
    ("ALIASES__FAST", "a/b, c/d", lambda found: found.aliases, {"fast": ("a/b", "c/d")}),
    ("GRANTS__PACKAGES", "numpy, attrs", lambda found: found.policy.packages, ("numpy", "attrs")),
    ("GRANTS__HOSTS", "localhost:8000", lambda found: found.policy.hosts, ("localhost:8000",)),
    ("TOOLS__WEB_FETCH__MAX_CALLS", "3", lambda found: found.tool_bounds, {"web-fetch": ToolGrant(3)}),
    ("GRANTS__READ", '["/a,b", "/c"]', _granted("read"), ("/a,b", "/c")),
    ("GRANTS__ENV", "LANG", _granted("environment"), {"LANG": "C"}),
    ("GRANTS__MODULES", "False", _granted("modules"), False),
    ("ENGINES__X__COMMAND", '["x", "a b"]', lambda found: found.engines["x"].command, ("x", "a b")),
    ("ENGINES__X__SUFFIXES", ".a,.b", lambda found: found.engines["x"].suffixes, (".a", ".b")),
    ("ENGINES__X__SETTINGS__DEEP__ER", "5", lambda found: found.engines["x"].settings, {"deep": {"er": 5}}),
    ("ENGINES__X__SETTINGS", "{a = 1}", lambda found: found.engines["x"].settings, {"a": 1}),
    ("SCRIPT__NAME", "plain words", _granted("config"), {"name": "plain words"}),
    ("SCRIPT__N", "5", _granted("config"), {"n": 5}),
    ("SCRIPT__L", "[1, 'x']", _granted("config"), {"l": [1, "x"]}),
    ("SCRIPT__T", "{a = {b = true}}", _granted("config"), {"t": {"a": {"b": True}}}),
    ("SCRIPT__S", "1\nother = 2", _granted("config"), {"s": "1\nother = 2"}),
    ("SCRIPT", "{a = 2024-01-01}", _granted("config"), {"a": "2024-01-01"}),
    ("SCRIPT__EMPTY", "", _granted("config"), {}),
    ("MODEL", "", lambda found: found.model, None),
]


@pytest.mark.parametrize(("name", "text", "look", "value"), VALUES)
def test_a_variable_is_parsed_by_the_type_of_its_key(
    load: Load, name: str, text: str, look: Callable[[Configuration], Any], value: Any
) -> None:
    assert look(load({f"LLMSPELL_{name}": text, "LANG": "C"})) == value


def test_paths_of_a_variable_belong_to_the_working_directory(load: Load, project: Path, home: Path) -> None:
    found = load({"LLMSPELL_GRANTS__WRITE": "out,~/x"})
    assert found.policy.write == (f"{project}/out", f"{home}/x")


def test_a_variable_wins_over_every_file(load: Load, project: Path) -> None:
    (project / "named.toml").write_text('engine = "file"\nmodel = "file"')
    found = load({"LLMSPELL_ENGINE": "variable"}, config_file="named.toml")
    assert (found.engine, found.model) == ("variable", "file")
    assert found.origin("engine") == "LLMSPELL_ENGINE"


def test_a_name_with_dashes_or_dots_is_found_with_underscores(load: Load, user_file: Path) -> None:
    user_file.write_text('[providers."my-v1.llm"]\ntype = "litellm"')
    found = load({"LLMSPELL_PROVIDERS__MY_V1_LLM__DEFAULT_MODEL": "m"})
    assert found.providers["my-v1.llm"].default_model == "m"
    assert list(found.providers) == ["my-v1.llm"]


def test_a_provider_may_come_from_variables_alone(load: Load) -> None:
    prefix = "LLMSPELL_PROVIDERS__E__"
    found = load({f"{prefix}TYPE": "echo", f"{prefix}ANSWERS": '{"Hi" = "hello"}', f"{prefix}FAIL": "5"})
    assert found.providers["e"].answers == (Answer("Hi", "hello", True),)
    assert found.providers["e"].fail == "5"


FAULTS = {
    ("LIMITS__MEMROY", "1M"): "limits.memroy: unknown key; did you mean limits.memory?",
    ("MEMORY", "1M"): "memory: unknown key; did you mean limits.memory?",
    ("LIMITS__MEMORY__MORE", "1M"): "limits.memory.more: unknown key; limits.memory holds no named keys",
    ("ALIASES__FAST", "gpt-4o"): "aliases.fast: expected a model as provider/model, or a list of such models, got",
    ("MODELS__GPT__MAX_CALLS", "1"): "models.gpt: expected a pattern over `provider/model`, like openai/*",
    ("PROVIDERS__X__MAX_RETRIES", "11"): "expected a whole number from 0 to 10, got the number 11",
    ("PROVIDERS__X__REQUESTS_PER_MINUTE", "0"): "expected a whole number, 1 or more, got the number 0",
    ("LIMITS", "1M"): "limits: is a table, and a variable sets one key of it: calls, cost, cpu",
    ("PROVIDERS", "x"): "providers: is a table, and a variable sets one key of it: NAME",
    ("TOOLS__X", "x"): "tools.x: is a table, and a variable sets one key of it: max_calls",
    ("PROVIDERS____TYPE", "echo"): 'providers."": unknown key; ',
    ("PROVIDERS__*__TYPE", "echo"): 'providers."*": expected a name of a-z',
    ("SCRIPT____A", "1"): 'script."".a: unknown key; script."" holds no named keys',
    ("", "1"): '"": unknown key; known here: aliases, engine, engines,',
    (
        "LIMITS__MEMORY",
        "lots",
    ): 'limits.memory: expected a size, like "64M" or a number of bytes, got the text',
    ("LIMITS__CALLS", "1.5"): "limits.calls: expected a whole number, 0 or more, got the number 1.5",
    ("LIMITS__COST", "much"): "limits.cost: expected an amount of US dollars, 0 or more, got the text 'much'",
    ("GRANTS__MODULES", "yes"): "grants.modules: expected true or false, got the text 'yes'",
    ("GRANTS__READ", "[1"): "grants.read: expected a list of paths, written as in a TOML file",
    (
        "ENGINES__X__COMMAND",
        "x y",
    ): "expected a list of a program and its arguments, written as in a TOML file",
    ("ENGINES__X__COMMAND", '["x"]\ny = 1'): "written as in a TOML file",
    ("PROVIDERS__X__ANSWERS", "5"): "expected a table of answers by input, or a list of {match = TEXT",
    ("PROVIDERS__X__API_KEY_ENV", "sk-secret"): "(keys never stand in files), got other text",
    ("SCRIPT", "words"): "script: expected a table, got the text 'words'",
    ("SCRIPT__N", "9223372036854775808"): "script.n: expected an integer of at most 64 bits",
    ("ENGINE", "caf\udce9"): "engine: is not UTF-8",
}


@pytest.mark.parametrize(("name", "text"), FAULTS)
def test_a_faulty_variable_is_an_error_that_names_it(load: Load, name: str, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load({f"LLMSPELL_{name}": text})
    assert str(caught.value).startswith(f"LLMSPELL_{name}: ")
    assert FAULTS[name, text] in str(caught.value)
    assert "secret" not in str(caught.value)


def test_other_programs_variables_are_left_alone(load: Load) -> None:
    assert load({"_LLMSPELL_COMPLETE": "x", "LLMSPELLING": "x", "llmspell_engine": "x"}).origins == {}
