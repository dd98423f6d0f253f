"""A worker without an engine: its "scripts" are Python, run with the functions below as their globals.

Started as `scripted.py PRELUDE ENGINE MEMORY`. PRELUDE runs first and usually is `arm(); hello()`. A script
that misbehaves writes with `raw`, closes descriptors or stops answering. It ends at the end of its stdin.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "workers"))

from llmspell_workers import wire

PRELUDE, ENGINE, MEMORY = sys.argv[1:4]
conversation = wire.Conversation("worker")
current = 0
replies: dict[int, wire.Reply] = {}


def raw(data: bytes) -> None:
    """Writes bytes to the host, all of them."""
    while data:
        data = data[os.write(1, data) :]


def framed(body: bytes) -> bytes:
    """A body with its length before it."""
    return len(body).to_bytes(4, "big") + body


def send(frame: wire.Frame) -> None:
    """Sends a frame that the protocol allows."""
    raw(conversation.send(frame))


def unchecked(frame: wire.Frame) -> None:
    """Sends a frame whatever the state is."""
    raw(framed(wire.frame_body(frame)))


def receive() -> wire.Frame:
    """The next frame from the host; ends the process at the end of stdin."""
    while True:
        frame = conversation.next_frame()
        if frame is not None:
            return frame
        data = os.read(0, 65536)
        if not data:
            os._exit(0)
        conversation.receive(data)


def arm(memory: int = int(MEMORY), file_size: int = 0) -> None:
    """Sets the limits that the host verifies."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def hello(engine: str = ENGINE, protocol: int = wire.PROTOCOL_VERSION) -> None:
    """Says Hello."""
    send(wire.Hello(protocol, engine, "1.0", {"scripted": True}))


def ask(number: int, capability: str, **arguments: Any) -> None:
    """Opens a call."""
    send(wire.Call(number, capability, arguments))


def answer(number: int) -> wire.Reply:
    """The reply to an open call, whatever order they come in."""
    while number not in replies:
        frame = receive()
        assert isinstance(frame, wire.Reply)
        replies[frame.call] = frame
    return replies.pop(number)


def call(number: int, capability: str, **arguments: Any) -> Any:
    """Opens a call and waits for its value."""
    ask(number, capability, **arguments)
    return answer(number).value


def output(data: bytes, stream: str = "stdout") -> None:
    """Prints."""
    send(wire.Output(stream, data))


def done(value: Any = None, status: int | None = None, **usage: Any) -> None:
    """Ends the run well."""
    send(wire.Done(current, value, status, usage))


def failed(kind: str, message: str = "it failed", line: int | None = None, **usage: Any) -> None:
    """Ends the run badly."""
    send(wire.Failed(current, {"kind": kind, "message": message, "line": line}, usage))


def compute(seconds: float) -> None:
    """Uses processor time."""
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def say(text: str) -> None:
    """Writes to the worker's own stderr."""
    os.write(2, text.encode())


def serve() -> NoReturn:
    """Runs scripts until Shutdown."""
    global current
    while True:
        match receive():
            case wire.Run(run, source):
                current = run
                exec(compile(source, "script", "exec"), globals())
            case wire.Shutdown():
                os._exit(0)


assert signal.getsignal(signal.SIGPIPE) is not None
exec(compile(PRELUDE, "prelude", "exec"), globals())
serve()
