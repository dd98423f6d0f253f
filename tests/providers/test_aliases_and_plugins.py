"""Names for models and for providers of other packages; whether a provider works; what is loaded when."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from llmspell import ScriptRuntime
from llmspell.errors import CallError, ConfigError, ErrorKind
from llmspell.providers.check import ProviderCheck
from llmspell.providers.manager import ProviderManager
from llmspell.providers.model_table import models_of
from llmspell.providers.settings import ProviderSettings
from llmspell.testing import Answer, Failure, LLMServer
from tests.providers.conftest import ask
from tests.uncounted import uncounted

FAKE = {"fake": ProviderSettings("echo", default_model="canned")}
ALIASES = {"fast": "echo/quick", "both": ["fake/one", "echo/two"]}


def manager(default_model: str | None = None) -> ProviderManager:
    return ProviderManager(FAKE, environ={}, aliases=ALIASES, default_model=default_model)


def test_an_alias_is_the_model_that_it_leads_to() -> None:
    provider, model = manager().resolve("fast")
    assert (provider.name, model) == ("echo", "quick")
    provider, model = manager("fast").resolve(None)
    assert (provider.name, model) == ("echo", "quick")
    manager("fast").check_default()


def test_an_alias_of_several_gives_each_of_them_and_never_one() -> None:
    found = manager().candidates("both")
    assert [(provider.name, model) for provider, model in found] == [("fake", "one"), ("echo", "two")]
    with pytest.raises(CallError, match="one model is wanted here, and 'both' means fake/one, echo/two") as caught:
        manager().resolve("both")
    assert caught.value.kind is ErrorKind.VALIDATION


def test_an_alias_is_no_model_of_a_named_provider() -> None:
    provider, model = manager().resolve("fast", "fake")
    assert (provider.name, model) == ("fake", "fast")


def test_the_nearest_alias_is_named() -> None:
    with pytest.raises(CallError, match="did you mean the alias 'fast'"):
        manager().resolve("fasd")


@pytest.mark.parametrize(
    ("aliases", "says"),
    [
        ({"a": "b", "b": "echo/x"}, "alias 'a' leads to the alias 'b'; write the model that is meant"),
        ({"a": "a"}, "alias 'a' leads to the alias 'a'"),
        ({"a/b": "echo/x"}, "a short name holds no slash"),
        ({"fake": "echo/x"}, "alias 'fake' is the name of a provider as well"),
        ({"a": []}, "alias 'a' leads nowhere"),
    ],
    ids=["chain", "circle", "slash", "provider", "nowhere"],
)
def test_an_alias_that_could_be_misread_is_refused(aliases: Mapping[str, str | list[str]], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        ProviderManager(FAKE, environ={}, aliases=aliases)


PLUGIN = """
from llmspell.providers.echo import EchoProvider

def make(name, settings, environ):
    return EchoProvider(name, answers={"hi": settings.options.get("says", "plugged") + environ.get("MY_KEY", "")})

def broken(name, settings, environ):
    raise RuntimeError("the licence has ended")

def leaves(name, settings, environ):
    raise SystemExit("needs a licence")

def nothing(name, settings, environ):
    return object()
"""
ENTRY_POINTS = """[llmspell.providers]
corporate = plugged_models:make
broken = plugged_models:broken
leaves = plugged_models:leaves
absent = no_such_module:make
nothing = plugged_models:nothing
"""


@pytest.fixture(scope="module")
def plugged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an installed package that registers providers."""
    folder = tmp_path_factory.mktemp("plugged")
    (folder / "plugged_models.py").write_text(PLUGIN)
    info = folder / "plugged_models-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged-models\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    return folder


def python(script: str, **environ: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[2],
        env={**uncounted(), **environ},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def test_providers_of_other_packages_are_found_by_name_and_by_type(plugged: Path) -> None:
    script = """
import sys
from llmspell.errors import CallError, ConfigError
from llmspell.providers.manager import ProviderManager
from llmspell.providers.provider import ModelRequest
from llmspell.providers.settings import ProviderSettings

def say(providers, specifier):
    try:
        provider, model = providers.resolve(specifier)
        print(provider.name, model, provider.complete(ModelRequest(model, ({"role": "user", "content": "hi"},))).text)
    except CallError as error:
        print(error.kind.value, error.message)

mine = ProviderSettings("corporate", options={"says": "configured "})
providers = ProviderManager({"mine": mine}, environ={"MY_KEY": "key"})
providers.resolve("echo/x")
print("importlib.metadata" in sys.modules)
for specifier in ("mine/a", "corporate/b", "broken/c", "leaves/c", "absent/c", "nothing/c", "corporat/x"):
    say(providers, specifier)
try:
    ProviderManager({"mine": ProviderSettings("corporat")}, environ={})
except ConfigError as error:
    print(error)
"""
    said = python(script, PYTHONPATH=os.pathsep.join([str(plugged), str(Path(__file__).parents[2])])).splitlines()
    assert said[1:] == [
        "mine a configured key",
        "corporate b pluggedkey",
        (
            "provider provider 'broken': its plugin plugged_models:broken (plugged-models) failed: "
            "RuntimeError: the licence has ended"
        ),
        (
            "provider provider 'leaves': its plugin plugged_models:leaves (plugged-models) failed: "
            "SystemExit: needs a licence"
        ),
        (
            "provider provider 'absent': its plugin no_such_module:make (plugged-models) failed: "
            "ModuleNotFoundError: No module named 'no_such_module'"
        ),
        (
            "provider provider 'nothing': its plugin plugged_models:nothing (plugged-models) gave object, "
            "which is no provider: it has no name"
        ),
        "not_found there is no provider 'corporat'; did you mean 'corporate', or configure [providers.NAME]",
        "provider 'mine' has the type 'corporat'; did you mean 'corporate'?",
    ]


@pytest.fixture
def local(server: LLMServer) -> ProviderManager:
    settings = ProviderSettings(base_url=server.base_url, default_model="small", max_retries=0)
    return ProviderManager({"local": settings}, environ={})


def facts(found: ProviderCheck) -> tuple[bool | None, ...]:
    return (found.ok, found.reachable, found.key_accepted, found.model_known, found.streaming)


def test_a_check_makes_one_tiny_call(server: LLMServer, local: ProviderManager) -> None:
    with local:
        found = local.check("local")
    assert facts(found) == (True, True, True, True, True)
    assert found.seconds is not None
    assert found.seconds_to_first is not None
    assert 0 < found.seconds_to_first <= found.seconds
    (request,) = server.requests
    assert (request.model, request.json["max_tokens"], request.streams) == ("small", 8, True)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (Failure(401), (False, True, False, None, None)),
        (Failure(404), (False, True, True, False, None)),
        (Failure(429), (False, True, True, None, None)),
        (Failure(500), (False, True, None, None, None)),
    ],
    ids=["401", "404", "429", "500"],
)
def test_a_check_says_what_does_not_work(
    server: LLMServer, local: ProviderManager, failure: Failure, expected: tuple[bool | None, ...]
) -> None:
    server.queue(failure)
    with local:
        found = local.check("local", "other")
    assert facts(found) == expected
    assert found.model == "other"
    assert found.error is not None


def test_a_check_of_nobody_is_the_callers_error(local: ProviderManager) -> None:
    with local, pytest.raises(CallError, match="there is no provider 'lokal'; did you mean 'local'"):
        local.check("lokal")


def test_closing_ends_the_calls_that_are_open(server: LLMServer, local: ProviderManager) -> None:
    server.queue(Answer(pieces=["first ", "second"]))
    provider, model = local.resolve("local")
    stream = provider.stream(ask(model=model))
    assert next(stream).text == "first "
    local.close()
    assert next(stream, None) is None
    found, model = local.resolve("local")
    assert found is not provider
    assert found.complete(ask(model=model)).text == "hello"
    local.close()


def test_what_models_can_do_is_known_without_loading_litellm() -> None:
    script = """
import sys
from llmspell.providers.manager import ProviderManager
providers = ProviderManager(environ={})
print(providers.capabilities("openai", "gpt-4o"))
print(providers.capabilities("anthropic", "nobody-knows").supports_tools)
print("litellm" in sys.modules)
"""
    known, unknown, loaded = python(script).splitlines()
    for part in ("max_context_tokens=128000", "supports_tools=True", "supports_structured_output=True", "'image'"):
        assert part in known
    assert (unknown, loaded) == ("None", "False")
    assert "gpt-4o" in models_of("openai")


def test_an_unknown_model_of_a_public_service_shows_the_nearest_known(
    server: LLMServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)  # read by OpenAI's library where nothing is configured
    server.models = ("gpt-4o",)
    with ProviderManager(environ={"OPENAI_API_KEY": "sk-test"}) as providers:
        provider, model = providers.resolve("openai/gpt-4oo")
        with pytest.raises(CallError, match=r"answered 404: .*; did you mean 'gpt-4o', or check the model's name"):
            provider.complete(ask(model=model))


LOADING = """
import os, sys, threading, warnings
warnings.simplefilter("ignore")
asked = []
def note(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"):
        asked.append(event)
sys.addaudithook(note)
from llmspell.providers.manager import ProviderManager
from llmspell.providers.settings import ProviderSettings
local = ProviderSettings(base_url="http://127.0.0.1:9/v1")
providers = ProviderManager({"local": local, "e": ProviderSettings("echo")}, environ={}, default_model=sys.argv[1])
providers.preload(sys.argv[2].encode())
begun = [thread for thread in threading.enumerate() if thread.name == "llmspell-preload"]
if sys.argv[3] == "whole":
    begun[0].join()
    print("litellm" in sys.modules)
print(bool(begun), asked, flush=True)
os._exit(0)
"""


@pytest.mark.parametrize(
    ("default", "source", "loads", "whole"),
    [
        ("local/m", "Agent.create{}", True, True),
        ("local/m", "print(1)", False, False),
        ("e/m", "Agent.create{}", False, False),
        ("e/m", "Agent.create{model = 'local/m'}", True, False),
        ("e/m", "Agent.create{provider = \"openai\", model = 'x'}", True, False),
    ],
    ids=["default", "no agent", "echo", "named", "public"],
)
def test_litellm_is_loaded_early_where_it_is_needed_and_asks_nobody(
    default: str, source: str, loads: bool, whole: bool
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADING, default, source, "whole" if whole else ""],
        cwd=Path(__file__).parents[2],
        env=uncounted(),
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("True\n" * whole + f"{loads} []\n", "")


def test_a_run_begins_to_load_before_its_first_call(server: LLMServer) -> None:
    settings = ProviderSettings(base_url=server.base_url)
    seen: list[bytes] = []

    class Watched(ProviderManager):
        def preload(self, source: bytes) -> None:
            seen.append(source)

    with Watched({"local": settings}, environ={}) as providers:
        runtime = ScriptRuntime.with_lua(providers=providers)
        assert runtime.execute("return Agent.create{model = 'local/m'}:execute('hi').text").value == "hello"
        assert runtime.execute("return 1").value == 1
    assert len(seen) == 1
