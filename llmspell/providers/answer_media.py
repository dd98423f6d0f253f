"""Images and sounds in answers, from the forms in which services send them to media of ours.

This file keeps the rule that nothing is fetched: an image that is only linked is an error and no second request.
"""

from __future__ import annotations

import base64
import binascii
import struct
from typing import Any

from llmspell.errors import UsageError
from llmspell.providers.asked_tools import part
from llmspell.types.formats import AudioFormat, ImageFormat
from llmspell.types.media import AudioContent, BinaryContent, ImageContent, MediaContent

SAMPLE_RATE = 24_000
"""Of the bare samples that a stream of speech consists of: 16 bits each, one channel. Source: OpenAI's API."""


class UnreadMediaError(ValueError):
    """Media of an answer are of no form that is known here."""


def image_of(item: Any) -> MediaContent:
    """An image of an answer: `{image_url: {url}}`, `{b64_json}` or `{url}`. Raises UnreadMediaError."""
    link = part(item, "image_url")
    url = link if isinstance(link, str) else part(link, "url") or part(item, "url")
    encoded = part(item, "b64_json")
    if isinstance(encoded, str):
        data = _decoded(encoded)
        return ImageContent(data, _format_of(data))
    if not isinstance(url, str) or not url.startswith("data:"):
        raise UnreadMediaError("an image of its answer is only linked, and links are not followed")
    head, comma, encoded = url[len("data:") :].partition(",")
    mime_type, _, coding = head.partition(";")
    if not comma or not coding.endswith("base64"):
        raise UnreadMediaError("an image of its answer is not in base64")
    data = _decoded(encoded)
    try:
        return ImageContent(data, ImageFormat.from_mime_type(mime_type))
    except UsageError:
        return BinaryContent(data, mime_type[:100] or "application/octet-stream")


def sound_of(encoded: str, form: str) -> AudioContent:
    """A whole sound; bare samples (`pcm16`) become a WAV file. Raises UnreadMediaError."""
    data = _decoded(encoded)
    return wave_of(data) if form == "pcm16" else AudioContent(data, AudioFormat.from_extension(form))


def samples_of(encoded: str) -> bytes:
    """A piece of a sound. Raises UnreadMediaError."""
    return _decoded(encoded)


def wave_of(samples: bytes) -> AudioContent:
    """Bare samples as a WAV file."""
    shape = struct.pack("<IHHIIHH", 16, 1, 1, SAMPLE_RATE, 2 * SAMPLE_RATE, 2, 16)
    head = b"RIFF" + struct.pack("<I", 36 + len(samples)) + b"WAVEfmt " + shape + b"data"
    return AudioContent(head + struct.pack("<I", len(samples)) + samples, AudioFormat.WAV)


def _format_of(data: bytes) -> ImageFormat:
    for head, form in ((b"\xff\xd8", ImageFormat.JPEG), (b"RIFF", ImageFormat.WEBP), (b"GIF8", ImageFormat.GIF)):
        if data.startswith(head):
            return form
    return ImageFormat.PNG


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise UnreadMediaError("media of its answer are not in base64") from None
