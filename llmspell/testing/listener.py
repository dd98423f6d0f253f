"""The socket that listens: each connection gets a thread, and all of them can be ended at once."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from http.server import ThreadingHTTPServer
from typing import Any

from llmspell.testing.connection import Answering, Connection


class Listener(ThreadingHTTPServer):
    """Accepts connections, each on a thread that is waited for; knows which are open."""

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, port: int, answering: Answering, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        self._errors = answering.errors
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        connection = type("_Connection", (Connection,), {"answering": answering})
        super().__init__(("127.0.0.1", port), connection)

    def server_bind(self) -> None:
        """Without the look-up of our own name."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next connection. Its handshake is left to its thread, lest a slow one holds up the others."""
        connection, address = super().get_request()
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Closes a connection."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        """Wakes every thread that reads from its client or writes to it."""
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # closed already

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  the standard library's
        """Keeps what a thread ended with, like a document that is no JSON; that a client went away is no error."""
        error = sys.exception()
        if isinstance(error, Exception) and not isinstance(error, OSError):
            self._errors.append(error)
