"""One connection of a client: reads requests, does the steps of their answers.

Every connection has a thread of its own, which may wait as long as a script tells it to; the server wakes it by
cutting the connection and by breaking the gate at which it waits.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Protocol

from llmspell.testing.answers import Failure, Fault, Pause
from llmspell.testing.failures import document_of
from llmspell.testing.gate import Gate
from llmspell.testing.request import Request
from llmspell.testing.steps import Head, Step, document_steps

if TYPE_CHECKING:
    import threading

MAX_BODY = 64 * 1024 * 1024
"""The largest body of a request, in bytes."""

_BLOCK = 64 * 1024


class Answering(Protocol):
    """What a connection needs of its server."""

    errors: list[Exception]
    max_body: int
    stopping: threading.Event

    def steps_for(self, request: Request) -> Iterable[Step]:
        """Notes the request; gives the steps of its answer."""
        ...

    def wait_at(self, gate: Gate) -> None:
        """Waits until the gate is open. Raises ConnectionError when the server stops."""
        ...


class Connection(BaseHTTPRequestHandler):
    """The standard library's HTTP, with answers that may break."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for the acknowledgement of its head
    answering: Answering

    def handle(self) -> None:
        """Answers until either side has had enough."""
        try:
            super().handle()
        except OSError:  # the client went away, the server stops, or TLS came to nothing
            self.close_connection = True

    def do_GET(self) -> None:
        """Any request: the server decides what can be asked how."""
        request = self._read()
        if request is None:
            return
        try:
            self._do(self.answering.steps_for(request), request)
        except OSError:
            request.hung_up = not self.answering.stopping.is_set()
            raise
        finally:
            request.ended.set()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET  # noqa: N815  the names of the standard library

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library objects to, like a head without end."""
        self.close_connection = True
        failure = Failure(int(code), explain or message)
        unread = Request("", "", {}, b"")
        self._do(document_steps(document_of(failure), failure.status, {"connection": "close"}), unread)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what came is in the server's `requests`."""

    def _read(self) -> Request | None:
        """The request with its body; None when it was refused."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        length = headers.get("content-length", "0" if self.command != "POST" else "")
        if not length.isascii() or not length.isdigit():
            self.send_error(411)
            return None
        if int(length) > self.answering.max_body:
            unread = int(length)
            while unread > 0 and (got := len(self.rfile.read(min(_BLOCK, unread)))):
                unread -= got  # the client reads no answer before it has sent all
            self.send_error(413)
            return None
        return Request(self.command, self.path.partition("?")[0], headers, self.rfile.read(int(length)))

    def _do(self, steps: Iterable[Step], request: Request) -> None:
        head: Head | None = None
        for step in steps:
            match step:
                case Head():
                    head = step
                    self._send_head(head)
                case bytes():
                    self._send(step, request, chunked=head is not None and head.chunked)
                case Gate():
                    self.answering.wait_at(step)
                case Pause(seconds):
                    if self.answering.stopping.wait(seconds):
                        raise ConnectionAbortedError("the server stopped during a pause")
                case Fault.STOP:
                    break
                case Fault():
                    self._break(step, request, chunked=head is not None and head.chunked)
                    return
        if head is not None and head.chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _send_head(self, head: Head) -> None:
        self.send_response_only(head.status)
        for name, value in head.headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, body: bytes, request: Request, *, chunked: bool) -> None:
        if body:  # an empty chunk would be the last
            self.wfile.write(b"%x\r\n%s\r\n" % (len(body), body) if chunked else body)
            request.sent += len(body)

    def _break(self, fault: Fault, request: Request, *, chunked: bool) -> None:
        self.close_connection = True
        if fault is Fault.RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()  # in truth when `rfile` is closed as well, a moment later
        while fault is Fault.FLOOD:
            self._send(b" " * _BLOCK, request, chunked=chunked)
        if fault is Fault.SILENCE:
            while self.connection.recv(_BLOCK):
                pass
            request.hung_up = not self.answering.stopping.is_set()
