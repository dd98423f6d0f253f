"""A worker by somebody else, from docs/protocol.md and msgpack alone: it answers with its source in capitals."""

import resource
import sys
from typing import Any

import msgpack  # type: ignore[import-untyped]


def receive() -> list[Any]:
    length = int.from_bytes(sys.stdin.buffer.read(4), "big")
    return msgpack.unpackb(sys.stdin.buffer.read(length)) if length else [10]


def send(*frame: object) -> None:
    body = msgpack.packb(frame)
    sys.stdout.buffer.write(len(body).to_bytes(4, "big") + body)
    sys.stdout.buffer.flush()


def main() -> None:
    engine, memory = sys.argv[-2], int(sys.argv[-1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    send(1, 1, engine, "shout 1", {"streaming": True, "parallel": "yes"})
    receive()
    while (frame := receive())[0] == 3:
        _, run, source, _name, arguments, _mode = frame
        send(4, "stdout", source.upper())
        send(7, run, arguments["positionals"], None, {})


main()
