"""What is configured about one provider, as values.

This file keeps the rule that a key is never in a configuration: `api_key_env` is the *name* of a variable.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol


class CannedAnswer(Protocol):
    """One answer of an `echo` provider: to the input `match`, or, unless `exact`, to each that holds it."""

    @property
    def match(self) -> str: ...
    @property
    def answer(self) -> str: ...
    @property
    def exact(self) -> bool: ...


Answers = Mapping[str, str] | Iterable[CannedAnswer]
"""A table from the whole input to its answer, or answers of which the first that fits is given."""


class Price(NamedTuple):
    """What a model costs, in US dollars per million tokens."""

    prompt: float
    completion: float


ANY_MODEL = "*"
"""The name in `prices` of every model that is not named."""

MAX_RETRIES = 2
"""How often a call that failed in a passing way is sent again, where nothing is configured."""


class ProviderSettings(NamedTuple):
    """One configured provider. `type` is `echo`, `litellm` or a plugin's; what means nothing for the type is unused.

    `timeout_seconds` bounds the silence of a provider, and a whole answer that is not streamed, its retries included.
    `requests_per_minute` bounds what is sent, retries too. `options` are for the provider of a plugin.
    `answers`, `fail` (the message of every call's error) and `delay_seconds` are for `echo`.
    """

    type: str = "litellm"
    base_url: str | None = None
    api_key_env: str | None = None
    default_model: str | None = None
    models: tuple[str, ...] = ()
    timeout_seconds: float | None = None
    answers: Answers = ()
    fail: str | None = None
    delay_seconds: float = 0.0
    max_retries: int = MAX_RETRIES
    requests_per_minute: int | None = None
    prices: Mapping[str, Price] = {}
    options: Mapping[str, Any] = {}


class ConfiguredProvider(Protocol):
    """Anything with the attributes of `ProviderSettings`, like the configuration's own type."""

    @property
    def type(self) -> str: ...
    @property
    def base_url(self) -> str | None: ...
    @property
    def api_key_env(self) -> str | None: ...
    @property
    def default_model(self) -> str | None: ...
    @property
    def models(self) -> tuple[str, ...]: ...
    @property
    def timeout_seconds(self) -> float | None: ...
    @property
    def answers(self) -> Answers: ...
    @property
    def fail(self) -> str | None: ...
    @property
    def delay_seconds(self) -> float: ...
    @property
    def max_retries(self) -> int: ...
    @property
    def requests_per_minute(self) -> int | None: ...
    @property
    def prices(self) -> Mapping[str, Price]: ...
    @property
    def options(self) -> Mapping[str, Any]: ...
