"""Connections that belong to the active exchange from the first byte that they are waited for, before there is a
response.

A provider may never end the head of its answer: one byte of a header now and then, or interim answers (1xx) for ever.
A client's timeout is for the silence between two reads, and until there is a response nobody knows the connection. So
each read of a head is told to the exchange. It imports httpcore, so it is imported on first use only.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from typing import Any

import httpcore
import httpx

BeforeRead = Callable[[httpcore.NetworkStream], None]
"""Told before each read, on the thread that reads; what it raises ends the exchange."""


class _Stream(httpcore.NetworkStream):
    """A connection."""

    def __init__(self, stream: httpcore.NetworkStream, before_read: BeforeRead) -> None:
        self._stream, self._before_read = stream, before_read

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._before_read(self._stream)
        return self._stream.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._before_read)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    """What makes connections."""

    def __init__(self, before_read: BeforeRead) -> None:
        self._before_read = before_read

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        made = super().connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(made, self._before_read)


def watch_heads(client: httpx.Client, before_read: BeforeRead) -> None:
    """Has `before_read` told of each read of all connections of a new client, those through proxies too.

    httpx has no option for it; a version that keeps its pools elsewhere fails here, or in the tests of heads.
    """
    for transport in (client._transport, *client._mounts.values()):
        if transport is not None:
            assert isinstance(transport, httpx.HTTPTransport)
            transport._pool._network_backend = _Backend(before_read)
