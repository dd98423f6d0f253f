"""Vectors for texts: equal ones for equal texts, else without a meaning."""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import Any

from llmspell.testing.answers import Failure, Plain

DIMENSIONS = 8
"""How long a vector is when nothing else is asked for."""

_MOST = 4096


def embeddings(fields: dict[str, Any]) -> Plain | Failure:
    """The answer to a request for embeddings."""
    given = fields.get("input")
    texts = [given] if isinstance(given, str) else given
    size = fields.get("dimensions") or DIMENSIONS
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        return Failure(400, "'input' must be a text or a list of texts here.")
    if not isinstance(size, int) or not 1 <= size <= _MOST:
        return Failure(400, f"'dimensions' must be between 1 and {_MOST}.")
    packed = fields.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": at, "embedding": _packed(vector) if packed else vector}
        for at, vector in enumerate(_vector(text, size) for text in texts)
    ]
    tokens = sum(len(text.split()) for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return Plain({"object": "list", "model": fields.get("model"), "data": data, "usage": usage})


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _vector(text: str, size: int) -> list[float]:
    """A vector of length 1 that the text decides."""
    numbers = [byte - 127.5 for byte in hashlib.shake_256(text.encode("utf-8", "replace")).digest(size)]
    length = sum(number * number for number in numbers) ** 0.5
    return [number / length for number in numbers]
