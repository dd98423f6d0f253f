"""One request as the server got it: what tests look at afterwards."""

from __future__ import annotations

import base64
import binascii
import json
import threading
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes


class Image(NamedTuple):
    """An image in a message. `data` is None for an image that is only linked, whose address is `url`."""

    media_type: str
    data: bytes | None
    url: str


class Sound(NamedTuple):
    """A sound in a message: its format, and its bytes if they were base64."""

    format: str
    data: bytes | None


class File(NamedTuple):
    """A file in a message."""

    name: str | None
    media_type: str
    data: bytes | None


class Request:
    """One request. `headers` have lower-case names.

    `ended` is set when the answer is over, one way or the other; then `sent` is how many bytes of the body went
    out, and `hung_up` whether the client closed the connection before that.
    """

    def __init__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> None:
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.ended = threading.Event()
        self.sent = 0
        self.hung_up = False

    def __repr__(self) -> str:
        return f"Request({self.method} {self.path}, {len(self.body)} bytes, model={self.model!r})"

    @cached_property
    def json(self) -> Any:
        """The body as JSON; None when it is not."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def key(self) -> str | None:
        """The key that was sent as `Authorization: Bearer`, or None."""
        scheme, _, key = self.headers.get("authorization", "").partition(" ")
        return key.strip() if scheme.lower() == "bearer" else None

    @property
    def model(self) -> str | None:
        """The model that is asked for."""
        model = self.json.get("model") if isinstance(self.json, dict) else None
        return model if isinstance(model, str) else None

    @property
    def streams(self) -> bool:
        """Whether the answer is wanted as a stream."""
        return isinstance(self.json, dict) and self.json.get("stream") is True

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages of the conversation."""
        messages = self.json.get("messages") if isinstance(self.json, dict) else None
        return [each for each in messages if isinstance(each, dict)] if isinstance(messages, list) else []

    @property
    def last_input(self) -> str:
        """The text of the last message of the user; of the request's `input` or `prompt` where there are none."""
        for message in reversed(self.messages):
            if message.get("role") == "user":
                return text_of(message)
        document = self.json if isinstance(self.json, dict) else {}
        for name in ("input", "prompt"):
            if isinstance(document.get(name), str):
                return str(document[name])
        return text_of(self.messages[-1]) if self.messages else ""

    @property
    def sounds(self) -> list[Sound]:
        """The sounds of all messages."""
        return sounds_of(self.messages)

    @property
    def files(self) -> list[File]:
        """The files of all messages."""
        return files_of(self.messages)

    @property
    def images(self) -> list[Image]:
        """The images of all messages, those in data URLs decoded."""
        found = []
        for message in self.messages:
            for part in _parts(message):
                link = part.get("image_url")
                url = link.get("url") if isinstance(link, dict) else link
                if part.get("type") == "image_url" and isinstance(url, str):
                    found.append(_image(url))
        return found


def sounds_of(messages: Iterable[Mapping[str, Any]]) -> list[Sound]:
    """The sounds of messages."""
    found = []
    for message in messages:
        for part in _parts(message):
            sound = part.get("input_audio")
            if part.get("type") == "input_audio" and isinstance(sound, dict):
                found.append(Sound(str(sound.get("format")), _from_base64(str(sound.get("data")))))
    return found


def files_of(messages: Iterable[Mapping[str, Any]]) -> list[File]:
    """The files of messages."""
    found = []
    for message in messages:
        for part in _parts(message):
            file = part.get("file")
            if part.get("type") == "file" and isinstance(file, dict):
                image = _image(str(file.get("file_data")))
                found.append(File(file.get("filename"), image.media_type, image.data))
    return found


def text_of(message: Mapping[str, Any]) -> str:
    """The text of a message, that of its parts joined by line ends."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    texts = [part.get("text") for part in _parts(message) if part.get("type") == "text"]
    return "\n".join(text for text in texts if isinstance(text, str))


def _parts(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    content = message.get("content")
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []


def _image(url: str) -> Image:
    if not url.startswith("data:"):
        return Image("", None, url)
    head, _, encoded = url[len("data:") :].partition(",")
    media_type, _, form = head.partition(";")
    if not form.endswith("base64"):
        return Image(media_type, unquote_to_bytes(encoded), url)
    return Image(media_type, _from_base64(encoded), url)


def _from_base64(encoded: str) -> bytes | None:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
