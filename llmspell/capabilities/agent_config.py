"""What a script may set when it makes an agent: an allow list, checked field by field.

The rule kept here: where questions are sent, with which key and which headers, is decided by the configuration and the
policy. A field that would decide it is refused by name, with what to do instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from llmspell.agents.config import AgentConfig
from llmspell.capabilities.arguments import invalid, kind_of, mapping, number, only, short_name, text, whole
from llmspell.errors import CallError, ErrorKind, nearest
from llmspell.policy import Policy
from llmspell.providers.manager import ProviderManager
from llmspell.providers.provider import Provider
from llmspell.tools.tool import canonical

KNOWN = [
    "name", "description", "model", "model_name", "models", "provider", "system_prompt", "temperature", "max_tokens",
    "max_conversation_length", "tools", "max_tool_rounds", "answer_schema", "response_format", "base_url",
    "max_calls", "max_tokens_total", "max_cost_usd",
]  # fmt: skip
MAX_TOKENS = 10_000_000
MAX_MODELS = 8
MAX_ROUNDS = 100
OF = "Agent.create"

_TEXTS: Mapping[str, Callable[..., str]] = {"name": short_name, "description": text, "system_prompt": text}
_FIGURES: Mapping[str, tuple[Callable[..., float | None], float, float]] = {
    "temperature": (number, 0, 2),
    "max_tokens": (whole, 1, MAX_TOKENS),
    "max_conversation_length": (whole, 1, 1_000_000),
    "max_tool_rounds": (whole, 0, MAX_ROUNDS),
    "max_calls": (whole, 0, 10**9),
    "max_tokens_total": (whole, 0, 10**12),
    "max_cost_usd": (number, 0, 1e9),
}
"""What reads a field, and its bounds."""
PLAIN = (*_TEXTS, *_FIGURES)
"""Fields that are right or wrong by themselves."""

_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\[\]:_-]+(?:/[A-Za-z0-9._~%:/-]*)?")
"""What every reader of addresses reads alike: the host that was granted is the host that is asked."""

_KEYS = "keys come from the environment: the configuration names the variable, providers.NAME.api_key_env"
_HEADERS = "headers are the provider's own"
_HOSTS = (
    "hosts come from the configuration: set providers.NAME.base_url there and name its model here,"
    " or grant the host with grants.hosts"
)
_CALLBACKS = "nothing calls back into a script: read the answer with agent:stream"
_REFUSED = {
    word: why
    for words, why in {
        "api_key apikey key token auth authorization api_key_env credentials": _KEYS,
        "headers extra_headers default_headers organization extra_body extra_query": _HEADERS,
        "api_base host hosts url endpoint proxy api_version custom_llm_provider": _HOSTS,
        "callback callbacks on_chunk on_token success_callback failure_callback": _CALLBACKS,
    }.items()
    for word in words.split()
}
"""Fields by what they are called elsewhere, and what to do instead."""


class Candidate(NamedTuple):
    """A model that may answer. `specifier` is `provider/model`, which the policy grants."""

    provider: Provider
    model: str
    specifier: str


class Wanted(NamedTuple):
    """An agent as a script wants it. The first candidate is asked first; the last three bound the agent's spending."""

    config: AgentConfig
    candidates: tuple[Candidate, ...]
    max_calls: int | None
    max_tokens_total: int | None
    max_cost_usd: float | None


def read_config(
    given: Mapping[str, Any],
    *,
    name: str,
    providers: ProviderManager,
    own: dict[str, ProviderManager],
    policy: Policy,
    tools: Mapping[str, Any],
) -> Wanted:
    """What the agent is to be. Raises CallError: validation, denied, not_found or provider.

    `own` are the providers of this run alone, by the `base_url` that a script named; what is made is added.
    """
    refuse(given, of=OF)
    only(given, KNOWN, of=OF)
    candidates = _candidates(given, providers, own, policy)
    first = candidates[0]
    schema = read_schema(given, of=OF)
    plain = {key: read_plain(given, key) for key in PLAIN}
    config = AgentConfig(
        name=name if plain["name"] is None else plain["name"],
        provider=first.provider.name,
        model=first.model,
        description=plain["description"],
        system_prompt=plain["system_prompt"],
        temperature=plain["temperature"],
        max_tokens=plain["max_tokens"],
        max_conversation_length=plain["max_conversation_length"],
        tools=_tools(given.get("tools"), tools),
        answer_schema=schema,
    )
    rounds = plain["max_tool_rounds"]
    return Wanted(
        config if rounds is None else config._replace(max_tool_rounds=rounds),
        candidates,
        plain["max_calls"],
        plain["max_tokens_total"],
        plain["max_cost_usd"],
    )


def read_plain(given: Mapping[str, Any], key: str) -> Any:
    """One of the `PLAIN` fields, or None where it is not given. Raises CallError (validation)."""
    if key in _FIGURES:
        read, least, most = _FIGURES[key]
        return read(given, key, of=OF, least=least, most=most)
    return None if given.get(key) is None else _TEXTS[key](given, key, of=OF)


def refuse(given: Mapping[str, Any], *, of: str) -> None:
    """Raises CallError (`denied`) for a field that no script may set."""
    for key in given:
        why = _REFUSED.get(key.lower().replace("-", "_"))
        if why is not None:
            raise CallError(ErrorKind.DENIED, f"{of}: {key[:60]} is refused to scripts: {why}", {"field": key[:60]})


def read_schema(given: Mapping[str, Any], *, of: str) -> dict[str, Any] | None:
    """The JSON schema of an answer: `answer_schema`, or `response_format` as OpenAI's clients spell it."""
    schema = given.get("answer_schema")
    if schema is not None:
        if given.get("response_format") is not None:
            raise invalid(f"{of}: answer_schema and response_format say the same; give one of them")
        if type(schema) is not dict:
            raise invalid(f"{of}: answer_schema must be a JSON schema as a table, not {kind_of(schema)}")
        return schema
    form = mapping(given, "response_format", of=of)
    if not form or form.get("type") == "text":
        return None
    if form.get("type") == "json_object":
        return {"type": "object"}
    inner = form.get("json_schema")
    if form.get("type") == "json_schema" and type(inner) is dict and type(inner.get("schema")) is dict:
        return inner["schema"]  # type: ignore[no-any-return]
    raise invalid(
        f"{of}: response_format must be {{type = 'json_schema', json_schema = {{schema = ...}}}},"
        " {type = 'json_object'} or {type = 'text'}; answer_schema takes the schema itself"
    )


def _candidates(
    given: Mapping[str, Any], providers: ProviderManager, own: dict[str, ProviderManager], policy: Policy
) -> tuple[Candidate, ...]:
    several = given.get("models")
    if several is None:
        specifier, provider_name = _model(given)
        if given.get("base_url") is not None:
            return (_elsewhere(given, specifier, provider_name, own, policy),)
        return _granted(providers, specifier, provider_name, policy)
    if any(given.get(key) is not None for key in ("model", "model_name", "provider", "base_url")):
        raise invalid(f"{OF}: models are the models to ask, one after the other; leave out model, provider, base_url")
    if type(several) is not list or not 0 < len(several) <= MAX_MODELS or not all(type(one) is str for one in several):
        raise invalid(f"{OF}: models must be a list of 1 to {MAX_MODELS} texts like provider/model")
    return tuple(each for one in several for each in _granted(providers, _short(one, "models"), None, policy))


def _granted(
    providers: ProviderManager, specifier: str | None, provider_name: str | None, policy: Policy
) -> tuple[Candidate, ...]:
    """What is meant: one model, or several where an alias says so; each must be granted."""
    made = []
    for provider, model in providers.candidates(specifier, provider_name):
        shown = f"{provider.name}/{model}"
        if not policy.grants_model(shown):
            raise CallError(
                ErrorKind.DENIED, f"model {shown} is not granted; allow it with --allow-model {shown}", {"model": shown}
            )
        made.append(Candidate(provider, model, shown))
    return tuple(made)


def _elsewhere(
    given: Mapping[str, Any],
    model: str | None,
    provider_name: str | None,
    own: dict[str, ProviderManager],
    policy: Policy,
) -> Candidate:
    """A model of a server that the script names and the policy grants. No key is sent there."""
    from urllib.parse import urlsplit

    from llmspell.providers.settings import ProviderSettings

    url = _short(text(given, "base_url", of=OF), "base_url")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or _ADDRESS.fullmatch(url) is None:
        raise invalid(f"{OF}: base_url must be an address like https://host:8000/v1, without user, password or query")
    named = f"{host}:{port}" if port is not None else host
    if not {host, named} & set(policy.hosts):
        raise CallError(
            ErrorKind.DENIED,
            f"{OF}: base_url is refused: host {named} is not granted to scripts; {_HOSTS}",
            {"field": "base_url", "host": named},
        )
    if model is None or provider_name is not None:
        raise invalid(f"{OF}: with base_url, model is the server's own name of the model, and provider is left out")
    if url not in own:
        own[url] = ProviderManager({named: ProviderSettings(base_url=url)}, environ={})
    return Candidate(own[url].get(named), model, f"{named}/{model}")


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
    return _short(model, "model"), _short(provider, "provider")


def _short(value: Any, name: str) -> Any:
    if value is not None and (type(value) is not str or not 0 < len(value.encode()) <= 200):
        raise invalid(f"{OF}: {name} must be text of 1 to 200 bytes, like provider/model, not {kind_of(value)}")
    return value


def _tools(given: Any, known: Mapping[str, Any]) -> tuple[str, ...]:
    if given is None or given == {}:
        return ()
    if type(given) is not list or len(given) > 100 or not all(type(name) is str for name in given):
        raise invalid(f"{OF}: tools must be a list of at most 100 names, not {kind_of(given)}")
    names = tuple(dict.fromkeys(map(canonical, given)))
    for name in names:
        if name not in known:
            close = nearest(name, list(known))
            raise CallError(
                ErrorKind.NOT_FOUND,
                f"{OF}: there is no tool {name[:100]!r}" + (f"; did you mean {close}?" if close else ""),
            )
    return names
