"""The plainest client of the server: the standard library's, which shows every byte and every break."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from llmspell.testing import LLMServer

DEADLINE = 60.0
CHAT = "/v1/chat/completions"
HI: tuple[dict[str, Any], ...] = ({"role": "user", "content": "hi"},)


class Got(NamedTuple):
    """An answer, as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The text of a whole answer."""
        return str(self.document["choices"][0]["message"]["content"])

    @property
    def events(self) -> list[Any]:
        """The documents of a stream, and `[DONE]` as it is."""
        texts = [part.removeprefix("data: ") for part in self.body.decode().split("\n\n") if part]
        return [text if text == "[DONE]" else json.loads(text) for text in texts]

    @property
    def deltas(self) -> list[str]:
        """The texts of a stream's chunks that have one."""
        choices = [choice for event in self.events if event != "[DONE]" for choice in event["choices"]]
        return [choice["delta"]["content"] for choice in choices if choice["delta"].get("content")]


def connect(server: LLMServer | str) -> http.client.HTTPConnection:
    """A connection to the server, or to the one at an address."""
    address = server if isinstance(server, str) else server.url
    return http.client.HTTPConnection(urlsplit(address).netloc, timeout=DEADLINE)


def ask(
    server: LLMServer,
    path: str,
    body: bytes | None = None,
    *,
    method: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Got:
    """Asks on a connection of its own."""
    connection = connect(server)
    try:
        connection.request(method or ("GET" if body is None else "POST"), path, body, dict(headers or {}))
        response = connection.getresponse()
        return Got(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
    finally:
        connection.close()


def post(server: LLMServer, path: str, document: object, **headers: str) -> Got:
    """Asks with a document."""
    return ask(server, path, json.dumps(document).encode(), headers={"content-type": "application/json", **headers})


def chat(server: LLMServer, **fields: object) -> Got:
    """Asks for a chat completion; `fields` join those of a small one."""
    return post(server, CHAT, {"model": "m", "messages": HI, **fields})


def say(server: LLMServer, text: str, **fields: object) -> Got:
    """Asks for a chat completion with one message of the user."""
    return chat(server, messages=[{"role": "user", "content": text}], **fields)
