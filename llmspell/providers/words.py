"""What a provider says about a failure, read from its own document and never from prose.

Every service has its own form; this file knows those that the OpenAI-compatible ones, Anthropic and Google use.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

_STATUS = re.compile("[45][0-9][0-9]")


class Words(NamedTuple):
    """The message for people, and the codes for programs: `code`, `type` and `status` as the document has them."""

    message: str
    codes: frozenset[str]

    @property
    def status(self) -> int | None:
        """The code that is a status of HTTP, if there is one: some services answer 200 and put it here."""
        return next((int(code) for code in self.codes if _STATUS.fullmatch(code)), None)


def words_in(body: bytes) -> Words | None:
    """What the body of an answer says; None when it is no document, or one of success."""
    try:
        return words_of(json.loads(body))
    except (ValueError, RecursionError):
        return None


def words_of(document: object) -> Words | None:
    """What a document says; None when it tells of no failure.

    >>> words_of({"error": {"message": "slow down", "type": "requests", "code": 429}}).message
    'slow down'
    """
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    if not isinstance(document, dict) or "choices" in document:
        return None
    failure = document.get("error")
    if isinstance(failure, str):
        return Words(failure, frozenset())
    fields = failure if isinstance(failure, dict) else document
    message = fields.get("message") or fields.get("detail")
    if not isinstance(message, str):
        return None
    codes = (fields.get(name) for name in ("code", "type", "status"))
    return Words(message, frozenset(str(code) for code in codes if isinstance(code, (str, int))))
