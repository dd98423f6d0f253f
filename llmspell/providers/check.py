"""Whether a provider works: one tiny call, and what it shows.

This file keeps the rule that nothing is guessed: what the call did not come to is None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.provider import ModelRequest, Provider

QUESTION = "Say ok."
MAX_TOKENS = 8
"""What the check may cost: a reasoning model may need more to say anything, and has then answered all the same."""


class ProviderCheck(NamedTuple):
    """What a check found: True, False, or None where it was not found out. Times are seconds."""

    provider: str
    model: str | None
    reachable: bool | None = None
    key_accepted: bool | None = None
    model_known: bool | None = None
    streaming: bool | None = None
    seconds_to_first: float | None = None
    seconds: float | None = None
    error: CallError | None = None

    @property
    def ok(self) -> bool:
        """Whether the provider answered."""
        return self.error is None


def check_provider(provider: Provider, model: str, clock: Callable[[], float]) -> ProviderCheck:
    """Asks `model` to say something short, as a stream. Raises nothing for what the provider does."""
    found = ProviderCheck(provider.name, model)
    request = ModelRequest(model, ({"role": "user", "content": QUESTION},), max_tokens=MAX_TOKENS)
    begun = clock()
    pieces, first = 0, None
    stream = provider.stream(request)
    try:
        for chunk in stream:
            first = clock() - begun if first is None else first
            pieces += bool(chunk.text)
    except CallError as error:
        return _failed(found, error)._replace(seconds=clock() - begun, seconds_to_first=first)
    finally:
        close = getattr(stream, "close", None)
        if close is not None:
            close()
    return found._replace(
        reachable=True,
        key_accepted=True,
        model_known=True,
        streaming=True,
        seconds_to_first=first,
        seconds=clock() - begun,
    )


def _failed(found: ProviderCheck, error: CallError) -> ProviderCheck:
    found = found._replace(error=error)
    status = error.details.get("status")
    if status is None:  # no answer of the provider's
        return found._replace(reachable=False if error.details.get("retryable") else None)
    found = found._replace(reachable=True)
    match status:
        case 401:
            return found._replace(key_accepted=False)
        case 403:
            return found._replace(key_accepted=None)
        case 404:
            return found._replace(key_accepted=True, model_known=False if error.kind is ErrorKind.NOT_FOUND else None)
        case 429:
            return found._replace(key_accepted=True)
        case _:
            return found
