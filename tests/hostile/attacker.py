"""A third-party worker that obeys the handshake and then attacks: its "scripts" are Python, run with what stands below.

Started as `attacker.py PRELUDE ENGINE MEMORY`. The prelude runs first and usually is `arm(); hello()`. It is written
from docs/protocol.md alone: nothing here checks what it sends, so that everything can be sent.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

import msgpack  # type: ignore[import-untyped]

HELLO, OUTPUT, CALL, DONE, FAILED, FATAL = 1, 4, 5, 7, 8, 9
RUN, REPLY, SHUTDOWN = 3, 6, 10
PRELUDE, ENGINE, MEMORY = sys.argv[1], sys.argv[2], int(sys.argv[3])
run_id = 0
pack: Callable[..., bytes] = msgpack.packb


def raw(data: bytes) -> None:
    """Writes bytes to the host, all of them."""
    while data:
        data = data[os.write(1, data) :]


def framed(body: bytes) -> bytes:
    """A body with its length before it."""
    return len(body).to_bytes(4, "big") + body


def send(*frame: Any) -> None:
    """Sends a frame, whatever is in it."""
    raw(framed(pack(list(frame))))


def receive() -> list[Any]:
    """The next frame from the host; ends the process at the end of stdin."""
    length = int.from_bytes(_read(4), "big")
    return list(msgpack.unpackb(_read(length), strict_map_key=False))


def _read(size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = os.read(0, size - len(data))
        if not piece:
            os._exit(0)
        data += piece
    return data


def arm(memory: int = MEMORY, file_size: int = 0) -> None:
    """Sets the limits that the host verifies."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def hello(protocol: object = 1, engine: object = ENGINE, version: object = "1", features: object = None) -> None:
    """Says Hello."""
    send(HELLO, protocol, engine, version, features or {})


def output(data: object, stream: object = "stdout") -> None:
    """Prints."""
    send(OUTPUT, stream, data)


def call(number: object, capability: object, **arguments: Any) -> None:
    """Opens a call."""
    send(CALL, number, capability, arguments)


def done(value: object = None, status: object = None, usage: object = None) -> None:
    """Ends the run well."""
    send(DONE, run_id, value, status, usage or {})


def failed(kind: object, message: object = "it failed", **error: Any) -> None:
    """Ends the run badly."""
    send(FAILED, run_id, {"kind": kind, "message": message, **error}, {})


def say(text: bytes) -> None:
    """Writes to the worker's own stderr."""
    os.write(2, text)


def hang() -> NoReturn:
    """Lies still."""
    while True:
        signal.pause()


def burn() -> NoReturn:
    """Computes without end."""
    while True:
        time.process_time()


def serve() -> NoReturn:
    """Runs scripts until Shutdown."""
    global run_id
    while True:
        frame = receive()
        if frame[0] == RUN:
            run_id = frame[1]
            exec(compile(frame[2], "attack", "exec"), globals())
        elif frame[0] == SHUTDOWN:
            os._exit(0)


if __name__ == "__main__":
    exec(compile(PRELUDE, "prelude", "exec"), globals())
    serve()
