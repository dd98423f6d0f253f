"""Images, sounds, forms with files: the smallest of each that a client takes for real."""

from __future__ import annotations

import base64
import struct
import zlib
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from llmspell.testing.answers import Failure, Plain
from llmspell.testing.documents import CREATED
from llmspell.testing.request import Request

_SILENCE = bytes(480)
_SOUNDS = {
    "mp3": ("audio/mpeg", b"\xff\xfb\x90\xc4" + bytes(413)),  # one frame of MPEG 1 layer 3, 128 kbit/s, 44.1 kHz
    "wav": (
        "audio/wav",
        b"RIFF"
        + struct.pack("<I", 36 + len(_SILENCE))
        + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, 1, 1, 24000, 48000, 2, 16)
        + b"data"
        + struct.pack("<I", len(_SILENCE))
        + _SILENCE,
    ),
    "pcm": ("audio/pcm", _SILENCE),
}


def images(fields: dict[str, Any]) -> Plain | Failure:
    """The answer to a request for images: `n` times one transparent point."""
    count = fields.get("n") or 1
    if not isinstance(count, int) or not 1 <= count <= 10:
        return Failure(400, "'n' must be between 1 and 10.")
    encoded = base64.b64encode(pixel()).decode()
    linked = fields.get("response_format") == "url"
    image = {"url": f"data:image/png;base64,{encoded}"} if linked else {"b64_json": encoded}
    return Plain({"created": CREATED, "data": [image] * count})


def speech(fields: dict[str, Any]) -> Plain | Failure:
    """The answer to a request for speech: a short silence."""
    kind = fields.get("response_format", "mp3")
    if kind not in _SOUNDS:
        return Failure(400, f"'response_format' must be one of {', '.join(_SOUNDS)} here.")
    media_type, sound = _SOUNDS[kind]
    return Plain(sound, headers={"content-type": media_type})


def pixel() -> bytes:
    """A PNG image of one transparent point."""
    head = struct.pack(">IIBBBBB", 1, 1, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(bytes(5))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_part(name, body) for name, body in parts)


def form(request: Request) -> dict[str, str | bytes]:
    """The fields of a form: text, or bytes for those that have a file name. Empty when the body is no form."""
    head = f"content-type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    fields: dict[str, str | bytes] = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields[name] = content if part.get_filename() else content.decode("utf-8", "replace")
    return fields


def _png_part(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
