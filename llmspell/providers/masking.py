"""Takes keys out of text that goes to a script, a terminal or a transcript.

This file keeps the rule that an error never holds a key: masking comes before cutting, so no half is left.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "***"

_SHAPES = (
    re.compile(r"\bsk-[A-Za-z0-9_*.\-]{3,}"),
    re.compile(r"\bAIza[A-Za-z0-9_\-]{10,}"),
    re.compile(r"(?i)(?<=bearer )[^\s'\"]+"),
    re.compile(r"(?<=://)[^\s/@'\"]{1,200}@"),
)
_SIGNED = re.compile(
    r"(?i)([?&;][a-z0-9_.%-]{0,40}(?:key|token|sig|signature|secret|credential|password|passwd)[a-z0-9_.%-]{0,20}=)"
    r"[^&;#\s'\"<>)]+"
)
"""A parameter of a URL that gives whoever has it access: `X-Amz-Signature`, `sig`, `api_key`, `access_token`."""

_CUT = r"[^\s'\"*]{0,64}?(?:\*{2,}|\.{3,}|\u2026)[^\s'\"*,;:)]{0,64}"
"""What follows the first characters of a key that a service quotes with its middle left out."""

_BLANKS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")


def mask(text: str, secrets: Iterable[str]) -> str:
    """`text` without `secrets`, as they are and as a URL or JSON writes them, nor what looks like a key.

    A key that is quoted with its middle left out goes whole, and so do the values that sign a URL.
    A secret of fewer than 4 characters is no key, and stays.
    """
    for secret in secrets:
        if len(secret) >= 4:
            text = re.sub(re.escape(secret[:3]) + _CUT, MASK, text)
            for form in {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}:
                text = text.replace(form, MASK)
    for shape in _SHAPES:
        text = shape.sub(MASK, text)
    return _SIGNED.sub(rf"\g<1>{MASK}", text)


def one_line(text: str, length: int) -> str:
    """`text` on one line without control characters, cut to `length` characters."""
    line = _BLANKS.sub(" ", text).strip()
    return line if len(line) <= length else line[: length - 3] + "..."


def sendable(text: str) -> str:
    """`text` with lone halves of surrogate pairs replaced, so that it can travel as UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
