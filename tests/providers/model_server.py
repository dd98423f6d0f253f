"""A real HTTP server on loopback that speaks enough of the OpenAI protocol, and breaks it on demand."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

DEADLINE = 10.0
"""Seconds that any wait in these tests may take."""


class Received(NamedTuple):
    """One request as the server got it."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


class Reply:
    """What a test's reply function is given: the ways to answer one request."""

    def __init__(self, handler: BaseHTTPRequestHandler, request: Received) -> None:
        self._handler = handler
        self.request = request

    def json(self, document: object, status: int = 200, **headers: str) -> None:
        """Answers with one document."""
        body = json.dumps(document).encode()
        self.head(status, {"content-type": "application/json", "content-length": str(len(body)), **headers})
        self.raw(body)

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        """Sends the status line and the headers."""
        self._handler.send_response(status)
        for name, value in headers.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.end_headers()
        self._handler.wfile.flush()

    def raw(self, body: bytes) -> None:
        """Sends bytes as they are."""
        self._handler.wfile.write(body)
        self._handler.wfile.flush()

    def begin_events(self) -> None:
        """Begins a stream of events."""
        self.head(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})

    def event(self, document: object) -> None:
        """Sends one event."""
        text = document if isinstance(document, str) else json.dumps(document)
        body = f"data: {text}\n\n".encode()
        self.raw(b"%x\r\n%s\r\n" % (len(body), body))

    def end_events(self) -> None:
        """Ends the stream as the protocol says."""
        self.event("[DONE]")
        self.raw(b"0\r\n\r\n")

    def words(self, words: Sequence[str], usage: Mapping[str, int] | None = None) -> None:
        """Answers with a whole stream of words."""
        self.begin_events()
        for word in words:
            self.event(chunk(word))
        self.event(chunk(None, finish_reason="stop"))
        if usage is not None:
            self.event({**chunk(None), "choices": [], "usage": usage})
        self.end_events()

    def reset(self) -> None:
        """Breaks the connection, with a reset."""
        connection = self._handler.connection
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._handler.close_connection = True
        connection.close()

    def is_closed_by_client(self) -> bool:
        """Waits until the client has closed its end; False when it has not within the deadline."""
        self._handler.close_connection = True
        self._handler.connection.settimeout(DEADLINE)
        try:
            return not self._handler.connection.recv(1)
        except ConnectionError:
            return True
        except TimeoutError:
            return False


class ModelServer:
    """The server; `reply` answers each request, `requests` are those that came."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.reply: Callable[[Reply], None] = lambda reply: reply.json(completion("hello"))
        self._connections: list[socket.socket] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else each answer waits 40 ms for the acknowledgement of its head

            def setup(self) -> None:
                super().setup()
                outer._connections.append(self.connection)

            def handle(self) -> None:
                try:
                    super().handle()
                except ConnectionError:  # the client went away, as a test wants it
                    self.close_connection = True

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                headers = {name.lower(): value for name, value in self.headers.items()}
                received = Received(self.path, headers, body)
                outer.requests.append(received)
                outer.reply(Reply(self, received))

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def base_url(self) -> str:
        """Where the OpenAI protocol is spoken."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def stop(self) -> None:
        """Ends the server with every connection, and waits for its threads."""
        self._server.shutdown()
        for connection in self._connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # closed already
        self._server.server_close()
        self._thread.join(DEADLINE)


def completion(text: object, **fields: object) -> dict[str, Any]:
    """A whole answer; `fields` replace those of the document."""
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "service_tier": "default",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
        **fields,
    }


def chunk(text: str | None, finish_reason: str | None = None) -> dict[str, Any]:
    """One chunk of a streamed answer."""
    return {
        "id": "1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}],
    }


def failure(message: str) -> dict[str, Any]:
    """The body of an error answer."""
    return {"error": {"message": message, "type": "some_error", "param": None, "code": "some_code"}}
