"""What a script may set when it makes an agent: an allow list, checked field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmspell.agents.conversation import AgentConfig
from llmspell.capabilities.arguments import invalid, kind_of, number, only, short_name, text, whole
from llmspell.errors import CallError, ErrorKind, nearest
from llmspell.policy import Policy
from llmspell.providers.manager import ProviderManager
from llmspell.providers.provider import Provider
from llmspell.tools.tool import canonical

KNOWN = [
    "name", "description", "model", "model_name", "provider", "system_prompt", "temperature", "max_tokens",
    "max_conversation_length", "tools",
]  # fmt: skip
MAX_TOKENS = 10_000_000
OF = "Agent.create"


def read_config(
    given: Mapping[str, Any], *, name: str, providers: ProviderManager, policy: Policy, tools: Mapping[str, Any]
) -> tuple[AgentConfig, Provider]:
    """An agent's configuration and its provider; raises CallError: validation, denied, not_found or provider."""
    if given.get("base_url") is not None:
        raise CallError(
            ErrorKind.DENIED, f"{OF}: base_url is refused: hosts come from the configuration, not from a script"
        )
    only({key: value for key, value in given.items() if key != "base_url"}, KNOWN, of=OF)
    specifier, provider_name = _model(given)
    provider, model = providers.resolve(specifier, provider_name)
    if not policy.grants_model(f"{provider.name}/{model}"):
        shown = f"{provider.name}/{model}"
        raise CallError(
            ErrorKind.DENIED, f"model {shown} is not granted; allow it with --allow-model {shown}", {"model": shown}
        )
    config = AgentConfig(
        name=short_name(given, "name", of=OF) if given.get("name") is not None else name,
        provider=provider.name,
        model=model,
        description=_optional_text(given, "description"),
        system_prompt=_optional_text(given, "system_prompt"),
        temperature=number(given, "temperature", of=OF, least=0, most=2),
        max_tokens=whole(given, "max_tokens", of=OF, least=1, most=MAX_TOKENS),
        max_conversation_length=whole(given, "max_conversation_length", of=OF, least=1, most=1_000_000),
        tools=_tools(given.get("tools"), tools),
    )
    return config, provider


def _model(given: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The model and the provider as they were given: `a/b`, two fields, or `{provider, model_id}`."""
    model = given.get("model")
    provider = given.get("provider")
    if model is None:
        model = given.get("model_name")
    if type(model) is dict:
        only(model, ["provider", "model_id", "model"], of=f"{OF}: model")
        provider = model.get("provider", provider)
        model = model.get("model_id", model.get("model"))
    elif type(model) is list and len(model) == 2:
        provider, model = model
    for name, value in (("model", model), ("provider", provider)):
        if value is not None and (type(value) is not str or not 0 < len(value.encode()) <= 200):
            raise invalid(f"{OF}: {name} must be text of 1 to 200 bytes, like provider/model, not {kind_of(value)}")
    return model, provider


def _optional_text(given: Mapping[str, Any], key: str) -> str | None:
    return None if given.get(key) is None else text(given, key, of=OF)


def _tools(given: Any, known: Mapping[str, Any]) -> tuple[str, ...]:
    if given is None or given == {}:
        return ()
    if type(given) is not list or len(given) > 100 or not all(type(name) is str for name in given):
        raise invalid(f"{OF}: tools must be a list of at most 100 names, not {kind_of(given)}")
    names = tuple(map(canonical, given))
    for name in names:
        if name not in known:
            close = nearest(name, list(known))
            raise CallError(
                ErrorKind.NOT_FOUND,
                f"{OF}: there is no tool {name[:100]!r}" + (f"; did you mean {close}?" if close else ""),
            )
    return names
