"""Which provider answers for a specifier."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from llmspell.errors import CallError, ConfigError, ErrorKind
from llmspell.providers.echo import EchoProvider
from llmspell.providers.litellm_provider import LiteLLMProvider
from llmspell.providers.manager import ProviderManager
from llmspell.providers.provider import ModelRequest
from llmspell.providers.settings import Price, ProviderSettings
from llmspell.testing import LLMServer
from tests.providers.conftest import ask
from tests.uncounted import uncounted

CONFIGURED = {
    "local": ProviderSettings(base_url="http://127.0.0.1:9/v1", default_model="small"),
    "fake": ProviderSettings("echo", answers={"a": "b"}, default_model="canned"),
    "openai": ProviderSettings(api_key_env="MY_OPENAI"),
}


def manager(
    environ: Mapping[str, str] | None = None, model: str | None = None, provider: str | None = None
) -> ProviderManager:
    return ProviderManager(CONFIGURED, environ=environ or {}, default_model=model, default_provider=provider)


@pytest.mark.parametrize(
    ("specifier", "provider", "expected"),
    [
        (None, None, "echo/echo"),
        ("echo/x", None, "echo/x"),
        ("echo", None, "echo/echo"),
        ("fake", None, "fake/canned"),
        ("fake/", None, "fake/canned"),
        (None, "fake", "fake/canned"),
        ("local/org/model", None, "local/org/model"),
        ("org/model", "local", "local/org/model"),
        ("local/model", "local", "local/model"),
        ("openai/gpt-4o", None, "openai/gpt-4o"),
        ("anthropic/claude-x", None, "anthropic/claude-x"),
        ("openrouter/openai/gpt-4o", None, "openrouter/openai/gpt-4o"),
        ("gpt-4o", "openai", "openai/gpt-4o"),
    ],
)
def test_specifiers(specifier: str | None, provider: str | None, expected: str) -> None:
    found, model = manager().resolve(specifier, provider)
    assert f"{found.name}/{model}" == expected


@pytest.mark.parametrize(
    ("model", "provider", "specifier", "expected"),
    [
        ("local/large", None, None, "local/large"),
        ("large", "local", None, "local/large"),
        (None, "local", None, "local/small"),
        (None, "local", "large", "local/large"),
        (None, "local", "fake", "fake/canned"),
        (None, "local", "echo/x", "echo/x"),
    ],
)
def test_defaults(model: str | None, provider: str | None, specifier: str | None, expected: str) -> None:
    found, chosen = manager({}, model, provider).resolve(specifier)
    assert f"{found.name}/{chosen}" == expected


@pytest.mark.parametrize(
    ("specifier", "provider", "kind", "message"),
    [
        ("opanai/gpt", None, ErrorKind.NOT_FOUND, "there is no provider 'opanai'; did you mean 'openai'"),
        ("x", "lokal", ErrorKind.NOT_FOUND, "did you mean 'local', or configure"),
        ("qqqqq/x", None, ErrorKind.NOT_FOUND, "known are local, fake, openai, echo"),
        ("gpt-4o", None, ErrorKind.VALIDATION, "model 'gpt-4o' names no provider: write provider/model"),
        ("fak", None, ErrorKind.VALIDATION, "did you mean the provider 'fake', or write provider/model"),
        ("", None, ErrorKind.VALIDATION, "model '' names no provider"),
        ("openai", None, ErrorKind.VALIDATION, "provider 'openai' has no default model; write openai/MODEL"),
    ],
)
def test_what_cannot_be_meant(specifier: str, provider: str | None, kind: ErrorKind, message: str) -> None:
    with pytest.raises(CallError) as caught:
        manager().resolve(specifier, provider)
    assert caught.value.kind is kind
    assert message in caught.value.message


def test_a_provider_is_made_once() -> None:
    with manager() as providers:
        assert providers.get("local") is providers.get("local")
        assert isinstance(providers.get("gemini"), LiteLLMProvider)


def test_the_configuration_reaches_echo() -> None:
    slept: list[float] = []
    settings = ProviderSettings("echo", answers={"a": "b"}, delay_seconds=3.0, models=("m", "n"))
    providers = ProviderManager({"echo": settings}, environ={}, sleep=slept.append)
    echo, model = providers.resolve(None)
    assert echo.complete(ModelRequest(model, ({"role": "user", "content": "a"},))).text == "b"
    assert slept == [3.0]
    assert providers.capabilities("echo").available_models == ("m", "n")
    failing = ProviderManager({"echo": ProviderSettings("echo", fail="down")}, environ={}).get("echo")
    with pytest.raises(CallError, match="down"):
        failing.complete(ModelRequest("m", ()))


def test_names_are_the_configured_ones_and_echo() -> None:
    assert manager().names() == ["local", "fake", "openai", "echo"]
    assert ProviderManager(environ={}).names() == ["echo"]


def test_availability_is_a_key_in_the_environment() -> None:
    without, with_key = manager(), manager({"MY_OPENAI": "k", "GOOGLE_API_KEY": "k"})
    assert [without.is_available(name) for name in ("echo", "fake", "local", "ollama")] == [True] * 4
    assert [without.is_available(name) for name in ("openai", "gemini", "nobody")] == [False] * 3
    assert [with_key.is_available(name) for name in ("openai", "gemini", "anthropic")] == [True, True, False]


def test_availability_of_a_name_that_says_no_service() -> None:
    named = {
        "work": ProviderSettings(default_model="openai/gpt-4o"),
        "vague": ProviderSettings(),
        "keyed": ProviderSettings(api_key_env="K"),
    }
    providers = ProviderManager(named, environ={"OPENAI_API_KEY": "k", "K": "k"})
    assert [providers.is_available(name) for name in named] == [True, False, True]


def test_capabilities_of_an_unknown_provider() -> None:
    with pytest.raises(CallError) as caught:
        manager().capabilities("nobody")
    assert caught.value.kind is ErrorKind.NOT_FOUND


def test_an_unknown_type_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="provider 'x' has the type 'magic'; write echo or litellm"):
        ProviderManager({"x": ProviderSettings("magic")}, environ={})


class Other(NamedTuple):
    """Somebody else's type with the same attributes."""

    name: str
    type: str
    base_url: str | None = None
    api_key_env: str | None = None
    default_model: str | None = None
    models: tuple[str, ...] = ()
    timeout_seconds: float | None = None
    answers: tuple[()] = ()
    fail: str | None = None
    delay_seconds: float = 0.0
    max_retries: int = 0
    requests_per_minute: int | None = None
    prices: Mapping[str, Price] = {}
    options: Mapping[str, Any] = {}


def test_settings_may_be_of_any_type_with_these_attributes(server: LLMServer) -> None:
    configured = {"mine": Other("mine", "litellm", server.base_url, default_model="m")}
    with ProviderManager(configured, environ={}) as providers:
        found, model = providers.resolve("mine")
        assert found.complete(ask(model=model)).text == "hello"


def test_finding_and_asking_echo_imports_nothing_heavy() -> None:
    script = """
import sys
from llmspell.providers.manager import ProviderManager
from llmspell.providers.provider import ModelRequest
providers = ProviderManager(environ={})
echo, model = providers.resolve(None)
echo.complete(ModelRequest(model, ({"role": "user", "content": "hi"},)))
list(echo.stream(ModelRequest(model, ())))
assert not providers.is_available("openai")
print(sorted({"litellm", "asyncio", "httpx", "dataclasses", "socket", "logging"} & set(sys.modules)))
providers.resolve("openai/gpt-4o")
print(sorted({"litellm", "asyncio", "httpx"} & set(sys.modules)))
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=root,
        env=uncounted(),
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("[]\n[]\n", "")


def test_litellm_is_imported_offline_and_reads_no_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OPENAI_API_KEY=sk-from-a-cloned-repository\n")
    script = f"""
import os, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from llmspell.providers.echo import EchoProvider
from llmspell.providers.litellm_provider import LiteLLMProvider
from llmspell.providers.settings import Price, ProviderSettings
from llmspell.providers.provider import ModelRequest
from llmspell.errors import CallError
provider = LiteLLMProvider("local", ProviderSettings(base_url="http://127.0.0.1:1/v1"), environ={{}})
try:
    provider.complete(ModelRequest("m", ({{"role": "user", "content": "hi"}},)))
except CallError as error:
    print(error.kind)
assert "litellm" in sys.modules
assert "OPENAI_API_KEY" not in os.environ
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
        env={},
    )
    assert (done.stdout, done.stderr) == ("provider\n", "")


class Named(EchoProvider):
    """A provider that a program has made itself."""

    closed = False

    def close(self) -> None:
        self.closed = True


def test_a_provider_of_the_program_is_found_by_its_name_and_closed_by_nobody_else() -> None:
    made = Named("house", answers={"a": "b"})
    with ProviderManager(own=[made], environ={}, default_model="house/x") as providers:
        assert providers.resolve(None) == (made, "x")
        assert providers.get("house").complete(ask("a")).text == "b"
        assert providers.is_available("house")
    assert not made.closed


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ([Named("fake")], "a provider cannot be called 'fake'"),
        ([Named("house"), Named("house")], "a provider cannot be called 'house'"),
        ([Named("a/b")], "a provider cannot be called 'a/b'"),
        ([object()], "is no provider: it has no name"),
    ],
    ids=["configured", "twice", "with a slash", "no provider"],
)
def test_a_provider_of_the_program_needs_a_name_of_its_own(own: list[Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        ProviderManager(CONFIGURED, own=own, environ={})
