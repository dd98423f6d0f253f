"""Turns what a call of litellm raises into what a script can catch.

This file keeps two rules: the kind of a failure comes from types, the HTTP status and the provider's codes, never
from reading text; and nothing of a key is in the message or the details.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx

from llmspell.errors import CallError, ErrorKind, nearest
from llmspell.providers.events import EventFailedError, EventRefusedError
from llmspell.providers.exchange import AnswerLateError, AnswerRefusedError, Seen
from llmspell.providers.masking import mask, one_line
from llmspell.providers.words import Words

REASON_CHARACTERS = 500
"""How much of a provider's own words an error quotes."""

_LATE = (AnswerLateError, httpx.TimeoutException)
_RETRYABLE = frozenset({408, 409, 425, 429})
_NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_TOO_LONG = frozenset({"context_length_exceeded", "request_too_large"})
_UNSAFE = frozenset({"content_policy_violation", "content_filter"})


class Marks(NamedTuple):
    """Types of exceptions of the library's that mean something of themselves."""

    late: type[BaseException]
    too_long: type[BaseException]


class Asked(NamedTuple):
    """Who was asked for what, for messages. `secrets` are masked wherever they appear; `models` are known ones."""

    provider: str
    model: str
    key_names: tuple[str, ...]
    secrets: tuple[str, ...]
    timeout: float
    models: tuple[str, ...] = ()

    def error(
        self,
        kind: ErrorKind,
        happened: str,
        *,
        status: int | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
    ) -> CallError:
        """A CallError that begins with the provider and the model; `happened` is masked."""
        who = f"provider {self.provider!r}, model {one_line(self.model, 200)!r}: "
        details: dict[str, Any] = {
            "provider": self.provider,
            "model": mask(one_line(self.model, 200), self.secrets),
            "status": status,
            "retryable": retryable,
        }
        if retry_after is not None:
            details["retry_after"] = retry_after
        return CallError(kind, mask(who + happened, self.secrets), details)


def call_error(error: BaseException, asked: Asked, *, seen: Seen, marks: Marks) -> CallError:
    """The failed call as a CallError. `seen` is what was seen of the HTTP answer."""
    causes = tuple(_chain(error))
    seen = _completed(seen, causes)
    for cause in causes:
        if isinstance(cause, (AnswerRefusedError, EventRefusedError)):
            if seen.failed_status is not None:  # it is what failed, and its words are lost
                return _refused(seen, seen.failed_status, str(cause), asked, is_too_long=False)
            return asked.error(ErrorKind.PROVIDER, f"{cause}, so it was dropped")
        if isinstance(cause, EventFailedError):
            return _failed_midway(cause.words, asked)
    late = _LATE if seen.failed_status else (*_LATE, marks.late)  # litellm takes a 408 for one as well
    if any(isinstance(cause, late) for cause in causes):
        happened = f"no answer within {asked.timeout:g} s; try again, or raise its timeout_seconds"
        return asked.error(ErrorKind.TIMEOUT, happened, status=seen.failed_status, retryable=True)
    if seen.failed_status is not None:
        is_too_long = any(isinstance(cause, marks.too_long) for cause in causes)
        return _refused(seen, seen.failed_status, _reason(error, seen, asked), asked, is_too_long=is_too_long)
    unsent = _unsent_or_broken(causes, asked)
    if unsent is not None:
        return unsent
    if seen.status is None:
        happened = f"the call failed: {_reason(error, seen, asked)}; check the model's name and its parameters"
        return asked.error(ErrorKind.PROVIDER, happened)
    if seen.words is not None:
        return _failed_midway(seen.words, asked)
    unread = next((cause for cause in causes if isinstance(cause, ValueError) and type(cause) is not ValueError), None)
    reason = _reason(error, seen, asked) if unread is None else _words(unread, asked)
    return asked.error(ErrorKind.PROVIDER, f"its answer cannot be understood ({reason}); check the provider's base_url")


def ended_early(seen: Seen, asked: Asked) -> CallError:
    """The failure of a stream that ended without saying why."""
    if seen.words is not None:
        return _failed_midway(seen.words, asked)
    if seen.is_document:
        happened = "its answer is one document, though a stream was asked for; check the provider's base_url"
        return asked.error(ErrorKind.PROVIDER, happened)
    return asked.error(ErrorKind.PROVIDER, "broke off its answer without saying why; try again", retryable=True)


def _unsent_or_broken(causes: tuple[BaseException, ...], asked: Asked) -> CallError | None:
    """The failure of the connection, if it was that."""
    for cause in causes:
        if isinstance(cause, httpx.ConnectError):
            refused = next((each for each in causes if isinstance(each, ssl.SSLError)), None)
            if refused is not None:
                return asked.error(ErrorKind.PROVIDER, _tls(refused, asked))
            happened = f"cannot be reached ({_words(cause, asked)}); check its base_url and the network"
            return asked.error(ErrorKind.PROVIDER, happened, retryable=True)
        if isinstance(cause, httpx.TransportError):
            happened = f"broke off its answer ({_words(cause, asked)}); try again"
            return asked.error(ErrorKind.PROVIDER, happened, retryable=True)
    return None


def _tls(error: ssl.SSLError, asked: Asked) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = one_line(mask(error.verify_message, asked.secrets), REASON_CHARACTERS)
        return (
            f"its certificate is not trusted ({reason}); check its base_url, or name the file with the certificate "
            "of its authority in SSL_CERT_FILE"
        )
    return f"no TLS connection to it can be made ({_words(error, asked)}); check its base_url: https or http"


def _failed_midway(words: Words, asked: Asked) -> CallError:
    """An answer that began well, by its status, and then tells of a failure."""
    reason = _quoted(words.message, asked)
    status = words.status
    retryable = not words.codes & (_NO_CREDIT | _TOO_LONG | _UNSAFE) and (status is None or _is_passing(status))
    step = "try again" if retryable else "check the request"
    return asked.error(ErrorKind.PROVIDER, f"broke off its answer: {reason}; {step}", retryable=retryable)


def _refused(seen: Seen, status: int, reason: str, asked: Asked, *, is_too_long: bool) -> CallError:
    kind = ErrorKind.NOT_FOUND if status == 404 else ErrorKind.PROVIDER
    codes = (seen.words.codes if seen.words else frozenset()) | ({"context_length_exceeded"} if is_too_long else set())
    retryable = _is_passing(status) and not codes & _NO_CREDIT
    after = seen.retry_after if retryable else None
    happened = f"answered {status}: {reason}; {_next_step(status, codes, after, asked)}"
    return asked.error(kind, happened, status=status, retryable=retryable, retry_after=after)


def _is_passing(status: int) -> bool:
    return status in _RETRYABLE or status >= 500


def _next_step(status: int, codes: frozenset[str], after: float | None, asked: Asked) -> str:
    keys = " or ".join(asked.key_names) or "the variable that api_key_env names"
    if codes & _NO_CREDIT:
        return f"the account of the key in {keys} has no credit left"
    if codes & _TOO_LONG or status == 413:
        return "send less: a shorter conversation, or smaller media"
    if codes & _UNSAFE:
        return "the provider's safety system refused it: ask for something else"
    match status:
        case 401:
            return f"check the key in {keys}"
        case 403:
            return f"check the key in {keys}, and whether it may use this model"
        case 404:
            return f"{_nearest_model(asked)}check the model's name and the provider's base_url"
        case 429:
            return f"wait {'before' if after is None else f'{after:g} s before'} the next call, or ask for less"
        case _ if status < 400:
            return "a redirect is not followed: write the address it leads to as base_url"
        case _ if _is_passing(status):
            return "try again later" if after is None else f"try again in {after:g} s"
        case _:
            return "check the model's name and the request's parameters"


def _nearest_model(asked: Asked) -> str:
    meant = nearest(asked.model, [name for name in asked.models if name != asked.model])
    return f"did you mean {one_line(meant, 200)!r}, or " if meant else ""


def _completed(seen: Seen, causes: tuple[BaseException, ...]) -> Seen:
    """What was seen; of an answer that came through a connection which is not watched, what its exception knows."""
    if seen.status is not None:
        return seen
    for cause in causes:
        if isinstance(cause, httpx.HTTPStatusError):
            return seen._replace(status=cause.response.status_code)
    return seen


def _reason(error: BaseException, seen: Seen, asked: Asked) -> str:
    """The provider's own words; else the library's, without the names of classes that litellm puts before them."""
    if seen.words is not None:
        return _quoted(seen.words.message, asked)
    text = str(getattr(error, "message", "") or error).partition("Traceback (most recent")[0]
    while True:
        head, colon, rest = text.partition(": ")
        if not colon or not head.removeprefix("litellm.").isidentifier() or not head.endswith(("Error", "Timeout")):
            break
        text = rest
    head, dash, rest = text.partition(" - ")
    if dash and head.endswith("Exception") and head.isidentifier():
        text = rest
    return _quoted(text, asked)


def _quoted(text: str, asked: Asked) -> str:
    return one_line(mask(text, asked.secrets), REASON_CHARACTERS).rstrip(".") or "no reason given"


def _words(error: BaseException, asked: Asked) -> str:
    return one_line(mask(str(error) or type(error).__name__, asked.secrets), REASON_CHARACTERS)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it came from; libraries raise anew, and some do it in a circle."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
