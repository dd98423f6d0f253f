"""How long a provider asks to be left alone, from the headers of its refusal."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

LONGEST = 7 * 24 * 3600.0
"""Seconds; a provider that asks for more is not understood."""


def seconds_until_retry(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds from `now` (since 1970) until a retry is welcome; None when the provider does not say.

    Source: RFC 9110, 10.2.3; `retry-after-ms` is OpenAI's own, and finer.
    """
    seconds = _number(headers.get("retry-after-ms"))
    if seconds is not None:
        return _bounded(seconds / 1000)
    after = headers.get("retry-after")
    seconds = _number(after)
    if seconds is not None or after is None:
        return None if seconds is None else _bounded(seconds)
    try:
        return _bounded(max(parsedate_to_datetime(after).timestamp() - now, 0.0))
    except (ValueError, OverflowError):
        return None


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _bounded(seconds: float) -> float | None:
    return seconds if 0 <= seconds <= LONGEST else None
