"""The connections of one provider, in the forms in which litellm takes them.

This file keeps the rule that nothing of the environment which is meant for a public service goes to another address.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from llmspell.errors import CallError, ErrorKind
from llmspell.providers.litellm_load import http_handler
from llmspell.providers.prefixes import WATCHED, Route

if TYPE_CHECKING:
    import httpx

_NEEDED = frozenset(
    {"accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host"}
)
"""Headers, in lower case, without which there is no request."""


class Connections:
    """What is kept for the next call. Safe from several threads; `close` drops it, and calls may follow.

    A process that was forked off makes its own: on one connection both would read pieces of each other's answers.
    """

    __slots__ = ("_base_url", "_client", "_lock", "_made", "_process")

    def __init__(self, base_url: str | None) -> None:
        self._base_url = base_url
        self._client: httpx.Client | None = None
        self._made: dict[tuple[bool, str | None], Any] = {}
        self._process, self._lock = os.getpid(), threading.Lock()

    def client(self, to: Route, key: str | None) -> Any:
        """Our HTTP client in the form in which litellm takes it for this prefix, None where it takes none.

        Raises CallError for a proxy of the environment that cannot be used."""
        by_openai = to.prefix == "openai"
        if not by_openai and to.prefix not in WATCHED:
            return None
        with self._turn():
            if (by_openai, key) not in self._made:
                self._made = {(by_openai, key): self._openai(key) if by_openai else http_handler(self._own())}
            return self._made[by_openai, key]

    def close(self) -> None:
        """Closes the connections that are kept."""
        with self._turn():
            client, self._client = self._client, None
            self._made = {}
        if client is not None:
            client.close()

    def _turn(self) -> threading.Lock:
        """Held while something is looked up or made. What a fork has brought along is dropped, its lock too."""
        if self._process != os.getpid():
            self._process, self._lock = os.getpid(), threading.Lock()
            self._client, self._made = None, {}
        return self._lock

    def _own(self) -> httpx.Client:
        import httpx

        from llmspell.providers.exchange import watched_client

        if self._client is None:
            unsent = [name for name in self._foreign_headers() if name not in _NEEDED]
            try:
                self._client = watched_client(unsent=unsent)
            except ImportError:
                raise _unusable("for one by SOCKS the package httpx[socks] has to be installed") from None
            except (ValueError, httpx.InvalidURL):  # their words show the password of an address that is none
                raise _unusable("write http://HOST:PORT, and what is special in a password as %XX") from None
        return self._client

    def _openai(self, key: str | None) -> Any:
        from openai import OpenAI

        foreign = self._foreign_headers()
        own = {spelling: f"Bearer {key}" for name, spelling in foreign.items() if name == "authorization"}
        return OpenAI(api_key=key, base_url=self._base_url, http_client=self._own(), max_retries=0, default_headers=own)

    def _foreign_headers(self) -> dict[str, str]:
        """What the OpenAI library and litellm take from the environment for the public service, which is for nobody
        else: the names of headers in lower case, each as it is spelled there."""
        if self._base_url is None:
            return {}
        lines = os.environ.get("OPENAI_CUSTOM_HEADERS", "").split("\n")
        custom = [line.partition(":")[0].strip() for line in lines if ":" in line]
        return {name.lower(): name for name in (*custom, "OpenAI-Organization", "OpenAI-Project")}


def _unusable(advice: str) -> CallError:
    message = f"the proxy in HTTP_PROXY, HTTPS_PROXY or ALL_PROXY cannot be used: {advice}"
    return CallError(ErrorKind.PROVIDER, message)
