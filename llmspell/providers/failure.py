"""Turns what a call of litellm raises into what a script can catch.

This file keeps two rules: the kind of a failure comes from types and the HTTP status, never from reading
text; and nothing of a key is in the message or the details.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import httpx

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.exchange import AnswerLateError, AnswerRefusedError
from llmspell.providers.masking import mask, one_line

REASON_CHARACTERS = 500
"""How much of a provider's own words an error quotes."""

_RETRYABLE = frozenset({408, 409, 425, 429})


class Asked(NamedTuple):
    """Who was asked for what, for messages. `secrets` are masked wherever they appear."""

    provider: str
    model: str
    key_names: tuple[str, ...]
    secrets: tuple[str, ...]
    timeout: float

    def error(self, kind: ErrorKind, happened: str, *, status: int | None = None, retryable: bool = False) -> CallError:
        """A CallError that begins with the provider and the model; `happened` is masked."""
        who = f"provider {self.provider!r}, model {one_line(self.model, 200)!r}: "
        details = {
            "provider": self.provider,
            "model": mask(one_line(self.model, 200), self.secrets),
            "status": status,
            "retryable": retryable,
        }
        return CallError(kind, mask(who + happened, self.secrets), details)


def call_error(
    error: BaseException, asked: Asked, *, status: int | None, late: tuple[type[BaseException], ...]
) -> CallError:
    """The failed call as a CallError. `status` is that of the HTTP answer, if there was one; `late` are
    further types of exceptions that say a time-out."""
    causes = tuple(_chain(error))
    for cause in causes:
        if isinstance(cause, AnswerRefusedError):
            return asked.error(ErrorKind.PROVIDER, f"{cause}, so it was dropped", status=_failed(status))
    if any(isinstance(cause, (AnswerLateError, httpx.TimeoutException, *late)) for cause in causes):
        happened = f"no answer within {asked.timeout:g} s; try again, or raise its timeout_seconds"
        return asked.error(ErrorKind.TIMEOUT, happened, status=_failed(status), retryable=True)
    reason = _reason(error, asked)
    if status is not None and status >= 300:
        return _refused(status, reason, asked)
    for cause in causes:
        if isinstance(cause, httpx.ConnectError):
            happened = f"cannot be reached ({_words(cause, asked)}); check its base_url and the network"
            return asked.error(ErrorKind.PROVIDER, happened, retryable=True)
        if isinstance(cause, httpx.TransportError):
            happened = f"broke off its answer ({_words(cause, asked)}); try again"
            return asked.error(ErrorKind.PROVIDER, happened, retryable=True)
    if status is not None:
        happened = f"its answer cannot be understood ({reason}); check the provider's base_url"
        return asked.error(ErrorKind.PROVIDER, happened)
    return asked.error(ErrorKind.PROVIDER, f"the call failed: {reason}; check the model's name and its parameters")


def _refused(status: int, reason: str, asked: Asked) -> CallError:
    kind = ErrorKind.NOT_FOUND if status == 404 else ErrorKind.PROVIDER
    retryable = status in _RETRYABLE or status >= 500
    happened = f"answered {status}: {reason}; {_next_step(status, asked)}"
    return asked.error(kind, happened, status=status, retryable=retryable)


def _next_step(status: int, asked: Asked) -> str:
    match status:
        case 401 | 403:
            return f"check the key in {' or '.join(asked.key_names) or 'the variable that api_key_env names'}"
        case 404:
            return "check the model's name and the provider's base_url"
        case 429:
            return "wait before the next call, or ask for less"
        case _ if status < 400:
            return "a redirect is not followed: write the address it leads to as base_url"
        case _ if status >= 500:
            return "try again later"
        case _:
            return "check the model's name and the request's parameters"


def _reason(error: BaseException, asked: Asked) -> str:
    """The provider's own words, without the names of classes that litellm puts before them."""
    text = str(getattr(error, "message", "") or error).partition("Traceback (most recent")[0]
    while True:
        head, colon, rest = text.partition(": ")
        if not colon or not head.removeprefix("litellm.").isidentifier() or not head.endswith(("Error", "Timeout")):
            break
        text = rest
    head, dash, rest = text.partition(" - ")
    if dash and head.endswith("Exception") and head.isidentifier():
        text = rest
    return one_line(mask(text, asked.secrets), REASON_CHARACTERS).rstrip(".") or "no reason given"


def _words(error: BaseException, asked: Asked) -> str:
    return one_line(mask(str(error) or type(error).__name__, asked.secrets), REASON_CHARACTERS)


def _failed(status: int | None) -> int | None:
    return status if status is not None and status >= 300 else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came from; libraries raise anew, and some do it in a circle."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
