"""The parts of a configuration that only a configured run has: its providers and its engines."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from llmspell.providers.settings import MAX_RETRIES, Price


class Answer(NamedTuple):
    """A canned answer of an `echo` provider. From a table `exact` is true: `match` is the whole input."""

    match: str
    answer: str
    exact: bool


class ProviderConfig(NamedTuple):
    """One `[providers.NAME]`. What means nothing for its `type` is kept and unused.

    `api_key_env` is the *name* of the variable that holds the key; the key itself is never in a
    configuration. `answers` are in the order of the file; `fail` is the message with which every call
    fails.
    """

    name: str
    type: str
    base_url: str | None = None
    api_key_env: str | None = None
    default_model: str | None = None
    models: tuple[str, ...] = ()
    timeout_seconds: float | None = None
    max_retries: int = MAX_RETRIES
    requests_per_minute: int | None = None
    prices: Mapping[str, Price] = {}
    options: Mapping[str, Any] = {}
    answers: tuple[Answer, ...] = ()
    fail: str | None = None
    delay_seconds: float = 0.0


class EngineConfig(NamedTuple):
    """One `[engines.NAME]`. Without a command it adds to an engine known elsewhere.

    `needs` are the paths that the command reads; None where it confines itself.
    """

    name: str
    command: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    settings: Mapping[str, Any] = {}
    needs: tuple[str, ...] | None = None
