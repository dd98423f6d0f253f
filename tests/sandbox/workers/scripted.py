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


def prctl(*numbers: int) -> None:
    """Calls prctl(2)."""
    import ctypes

    assert ctypes.CDLL(None).prctl(*(ctypes.c_ulong(number) for number in (*numbers, 0, 0, 0, 0)[:5])) == 0, numbers


def keep_privileges() -> None:
    """Sets no new privileges."""
    prctl(38, 1)


def drop_capabilities(*, bounding: bool = True) -> None:
    """Gives up all capabilities, as far as there are any."""
    import ctypes

    for capability in range(41) if bounding and os.geteuid() == 0 else ():
        prctl(24, capability)
    head, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert ctypes.CDLL(None).capset(head, none) == 0


def add_filter() -> None:
    """Adds a seccomp filter that allows everything."""
    import ctypes

    allow = (0x06).to_bytes(2, sys.byteorder) + bytes(2) + (0x7FFF0000).to_bytes(4, sys.byteorder)
    code = ctypes.create_string_buffer(allow, 8)
    program = (1).to_bytes(2, sys.byteorder) + bytes(6) + ctypes.addressof(code).to_bytes(8, sys.byteorder)
    held = ctypes.create_string_buffer(program, 16)
    prctl(22, 2, ctypes.addressof(held))


def open_none() -> None:
    """Lets nothing be opened any more."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


def confine() -> None:
    """Arms all that the host can see."""
    arm()
    keep_privileges()
    drop_capabilities()
    add_filter()
    open_none()


def hello(engine: str = ENGINE, protocol: int = wire.PROTOCOL_VERSION, confinement: Any = None) -> None:
    """Says Hello, and what it says of its confinement."""
    said = {} if confinement is None else {"confinement": confinement}
    send(wire.Hello(protocol, engine, "1.0", {"scripted": True, **said}))


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
