"""What the layers come to, and where each value came from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from llmspell.config import Configuration
from llmspell.config.parts import Answer, EngineConfig, ProviderConfig
from llmspell.config.trust import TrustStore
from llmspell.errors import ConfigError
from llmspell.limits import MIB, Limits
from llmspell.policy import PURE_TOOLS, ModelGrant, Policy, ToolGrant, default_policy
from llmspell.providers.settings import Price

Load = Callable[..., Configuration]

EVERYTHING = """
engine = "lua"
model = "near/small"
provider = "near"

[limits]
memory = "64M"
cpu = 2
wall = 2.5
output = 1024
calls = 1
model_calls = 2
tokens = 3
cost = 0.25
tool_seconds = 4
source = "1MiB"
kept = "2MiB"
open_arguments = "3MiB"
name_bytes = 50

[providers.near]
type = "litellm"
base_url = "http://[::1]:8000/v1"
api_key_env = "NEAR_KEY"
default_model = "small"
models = ["small", "large"]
timeout_seconds = 30
max_retries = 0
requests_per_minute = 60
prices = {small = {prompt = 0.5, completion = 1}, "*" = {prompt = 2, completion = 8}}
options = {region = "north", fast = true, share = 0.5}

[providers.parrot]
type = "echo"
answers = {"hi" = "hello", "bye" = "farewell"}
delay_seconds = 0

[providers.broken]
type = "echo"
answers = [{match = "a", answer = "b"}]
fail = "out of order"
delay_seconds = 0.5

[tools]
grant = ["calculator", "uuid_generator"]
[tools.uuid_generator]
max_calls = 5
max_seconds = 1.5
[tools.web-fetch]
max_calls = 6

[grants]
read = ["fixtures", "/srv/x/../y", "~/notes", "~"]
write = ["."]
env = ["LANG", "ABSENT"]
models = ["near/*"]
hosts = ["LocalHost:8000", "[::1]"]
modules = false

[models]
unknown_price = 3.5
[models."near/*"]
max_calls = 1
max_tokens = 2
max_cost = 0.5
[models."*"]
max_calls = 9

[aliases]
fast = "near/small"
sure = ["near/large", "openai/gpt-4o-mini"]

[engines.forth]
command = ["bin/forth", "--worker"]
suffixes = [".fs", ".4th"]
[engines.forth.settings]
stack = 64

[script]
name = "demo"
since = 2024-05-01
at = 2024-05-01T10:00:00Z
hour = 10:00:00
nested = {list = [1, [2.5, true], {day = 2024-05-02}]}
"""


@pytest.fixture
def everything(load: Load, user_file: Path) -> Configuration:
    user_file.write_text(EVERYTHING)
    return load({"LANG": "C"})


def test_every_key_reaches_its_place(everything: Configuration, user_file: Path, home: Path) -> None:
    folder = str(user_file.parent)
    assert (everything.engine, everything.model, everything.provider) == ("lua", "near/small", "near")
    assert everything.limits == Limits(64 * MIB, 2.0, 2.5, 1024, 1, 2, 3, 0.25, 4.0, MIB, 2 * MIB, 3 * MIB, 50)
    assert everything.providers == {
        "near": ProviderConfig(
            "near",
            "litellm",
            "http://[::1]:8000/v1",
            "NEAR_KEY",
            "small",
            ("small", "large"),
            30.0,
            max_retries=0,
            requests_per_minute=60,
            prices={"small": Price(0.5, 1.0), "*": Price(2.0, 8.0)},
            options={"region": "north", "fast": True, "share": 0.5},
        ),
        "parrot": ProviderConfig(
            "parrot", "echo", answers=(Answer("hi", "hello", True), Answer("bye", "farewell", True))
        ),
        "broken": ProviderConfig(
            "broken", "echo", answers=(Answer("a", "b", False),), fail="out of order", delay_seconds=0.5
        ),
    }
    assert everything.engines == {
        "forth": EngineConfig("forth", (f"{folder}/bin/forth", "--worker"), (".fs", ".4th"), {"stack": 64})
    }
    assert everything.aliases == {"fast": ("near/small",), "sure": ("near/large", "openai/gpt-4o-mini")}
    assert everything.policy == Policy(
        tools={"calculator": ToolGrant(), "uuid-generator": ToolGrant(5, 1.5)},
        models=("near/*",),
        model_bounds={"near/*": ModelGrant(1, 2, 0.5), "*": ModelGrant(max_calls=9)},
        hosts=("localhost:8000", "::1"),
        unknown_price=3.5,
        read=(f"{folder}/fixtures", "/srv/y", f"{home}/notes", str(home)),
        write=(folder,),
        environment={"LANG": "C"},
        modules=False,
        config={
            "name": "demo",
            "since": "2024-05-01",
            "at": "2024-05-01T10:00:00+00:00",
            "hour": "10:00:00",
            "nested": {"list": [1, [2.5, True], {"day": "2024-05-02"}]},
        },
    )
    assert everything.tool_bounds == {"uuid-generator": ToolGrant(5, 1.5), "web-fetch": ToolGrant(6)}


def test_every_value_has_its_origin(everything: Configuration, user_file: Path) -> None:
    assert set(everything.origins.values()) == {str(user_file)}
    for key in ("engine", "limits.name_bytes", "tools.web-fetch.max_calls", "engines.forth.settings.stack"):
        assert everything.origin(key) == str(user_file)
    assert everything.origin("providers.near.delay_seconds") == "default"
    assert everything.origin("engines.forth") == str(user_file)
    assert everything.origin("engines.for") == "default"


def test_a_higher_layer_replaces_values_and_keeps_the_rest(
    load: Load, system_file: Path, user_file: Path, project_file: Path
) -> None:
    system_file.write_text(
        '[limits]\nmemory = "80M"\ncalls = 7\ncpu = 9\n[script]\na = {x = 1, y = 1}\nb = 1\n"c d" = 1'
    )
    user_file.write_text('[limits]\nmemory = "90M"\n[script]\na = {x = 2}\nb = {z = 2}')
    project_file.write_text('[limits]\nmemory = "70M"\n[script.a]\nnew = 3')
    found = load({"LLMSPELL_LIMITS__CPU": "1.5", "LLMSPELL_SCRIPT__A__X": "4"})
    assert (found.limits.memory, found.limits.calls, found.limits.cpu) == (70 * MIB, 7, 1.5)
    assert found.policy.config == {"a": {"x": 4, "y": 1, "new": 3}, "b": {"z": 2}, "c d": 1}
    assert found.origins == {
        "limits.memory": str(project_file),
        "limits.calls": str(system_file),
        "limits.cpu": "LLMSPELL_LIMITS__CPU",
        "script.a.x": "LLMSPELL_SCRIPT__A__X",
        "script.a.y": str(system_file),
        "script.a.new": str(project_file),
        "script.b.z": str(user_file),
        'script."c d"': str(system_file),
    }


def test_lists_and_answers_are_replaced_whole(load: Load, system_file: Path, user_file: Path) -> None:
    system_file.write_text(
        '[providers.e]\ntype = "echo"\nanswers = {a = "1", b = "2"}\n[tools]\ngrant = ["calculator", "x"]'
    )
    user_file.write_text('[providers.e]\nanswers = {c = "3"}\n[tools]\ngrant = ["y"]')
    found = load()
    assert found.providers["e"].answers == (Answer("c", "3", True),)
    assert found.policy.tools == {"y": ToolGrant()}


def test_paths_belong_to_the_file_that_names_them(
    load: Load, user_file: Path, project_file: Path, project: Path, store: Path
) -> None:
    user_file.write_text('[grants]\nread = ["here"]')
    project_file.write_text('[grants]\nwrite = ["../out"]\n[engines.x]\ncommand = ["program", "a/b"]')
    TrustStore(str(store)).trust(str(project_file))
    found = load()
    assert found.policy.read == (str(user_file.parent / "here"),)
    assert found.policy.write == (str(project.parent / "out"),)
    assert found.engines["x"].command == ("program", "a/b")


def test_what_no_configuration_grants_stays_the_default(load: Load, user_file: Path) -> None:
    user_file.write_text('[tools.calculator]\nmax_calls = 3\n[grants]\nmodels = ["echo/*"]')
    policy = load().policy
    assert policy.tools == {**{name: ToolGrant() for name in PURE_TOOLS}, "calculator": ToolGrant(3)}
    assert policy.models == ("echo/*",)
    assert policy.modules is True
    assert policy.environment == {}
    user_file.write_text("")
    assert load().policy == default_policy()


def test_an_empty_grant_grants_no_tool(load: Load, user_file: Path) -> None:
    user_file.write_text("[tools]\ngrant = []")
    assert load().policy.tools == {}


def test_a_byte_order_mark_is_no_fault(load: Load, user_file: Path) -> None:
    user_file.write_bytes(b'\xef\xbb\xbfengine = "x"\r\n')
    assert load().engine == "x"


@pytest.mark.parametrize("body", ["", 'default_model = "m"'])
def test_a_provider_needs_a_type(load: Load, user_file: Path, body: str) -> None:
    user_file.write_text(f"[providers.near]\n{body}")
    with pytest.raises(
        ConfigError, match=r'line 1: providers\.near: has no type: write type = "echo" or type = "litellm"'
    ):
        load()


def test_a_configuration_cannot_be_changed(load: Load) -> None:
    with pytest.raises(AttributeError):
        load().engine = "other"  # type: ignore[misc]


@pytest.mark.parametrize("name", ["echo", "near"])
def test_an_alias_is_no_name_of_a_provider(load: Load, user_file: Path, name: str) -> None:
    user_file.write_text(f'[providers.near]\ntype = "litellm"\n[aliases]\n{name} = "a/b"')
    with pytest.raises(ConfigError, match=f"line 4: aliases.{name}: is the name of a provider: choose another one"):
        load()


def test_two_spellings_of_one_tool_do_not_replace_each_other(load: Load, user_file: Path) -> None:
    user_file.write_text("[tools.uuid_generator]\nmax_calls = 1\n[tools.uuid-generator]\nmax_calls = 9")
    with pytest.raises(
        ConfigError, match=r"line 3: tools\.uuid-generator: stands twice: uuid-generator is the same name"
    ):
        load()
