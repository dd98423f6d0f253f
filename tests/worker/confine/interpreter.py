"""A machine for classic BPF, as far as seccomp uses it: what the kernel does, in a screen (kernel/bpf/, net/core/)."""

from __future__ import annotations

import struct

LOAD, JUMP, EQUAL, GREATER, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x05, 0x15, 0x25, 0x35, 0x45, 0x06
DATA = struct.Struct("<iIQ6Q")
"""`struct seccomp_data`: number, architecture, instruction pointer, six arguments."""


def run(program: bytes, number: int, architecture: int, *arguments: int) -> int:
    """The action that a filter answers with; fails on what the kernel's checker would refuse."""
    code = list(struct.iter_unpack("<HBBI", program))
    six = [argument & (2**64 - 1) for argument in (*arguments, 0, 0, 0, 0, 0, 0)[:6]]
    signed = number - 2**32 if number >= 2**31 else number
    seen = DATA.pack(signed, architecture, 0, *six)
    at = register = 0
    while True:
        operation, then, otherwise, value = code[at]
        at += 1
        if operation == LOAD:
            assert value % 4 == 0
            assert value < DATA.size
            (register,) = struct.unpack_from("<I", seen, value)
        elif operation == RETURN:
            return int(value)
        elif operation == JUMP:
            at += value
        else:
            holds = {
                EQUAL: register == value,
                GREATER: register > value,
                AT_LEAST: register >= value,
                ANY_BIT: bool(register & value),
            }[operation]
            at += then if holds else otherwise
        assert at < len(code)
