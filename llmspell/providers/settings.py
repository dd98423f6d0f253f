"""What is configured about one provider, as values.

This file keeps the rule that a key is never in a configuration: `api_key_env` is the *name* of a variable.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol


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


class ProviderSettings(NamedTuple):
    """One configured provider. `type` is `echo` or `litellm`; what means nothing for the type is unused.

    `timeout_seconds` bounds the silence of a provider, and a whole answer that is not streamed.
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
