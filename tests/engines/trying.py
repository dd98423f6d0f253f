"""A worker by somebody else that tries things: its source is a Python expression, its value or its errno the answer."""

import ctypes
import errno
import os
import socket
import subprocess
import sys
from typing import Any

import msgpack  # type: ignore[import-untyped]

LIBC = ctypes.CDLL(None, use_errno=True)


def receive() -> list[Any]:
    length = int.from_bytes(sys.stdin.buffer.read(4), "big")
    return msgpack.unpackb(sys.stdin.buffer.read(length)) if length else [10]


def send(*frame: object) -> None:
    body = msgpack.packb(frame)
    sys.stdout.buffer.write(len(body).to_bytes(4, "big") + body)
    sys.stdout.buffer.flush()


def system_call(*arguments: int) -> int:
    result = LIBC.syscall(*map(ctypes.c_long, arguments))
    if result == -1:
        raise OSError(ctypes.get_errno(), "")
    return int(result)


def tried(source: bytes) -> object:
    names = {"os": os, "socket": socket, "subprocess": subprocess, "syscall": system_call}
    try:
        return eval(source, names)
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    except RuntimeError as error:
        return str(error)


def main() -> None:
    send(1, 1, sys.argv[-2], "trying 1", {})
    receive()
    while (frame := receive())[0] == 3:
        send(7, frame[1], tried(frame[2]), None, {})


main()
