"""The seed corpus: small inputs that are right, made from the examples of frames and values of the wire's tests.

`python -m fuzz seeds` writes them to `fuzz/seeds/TARGET/`; a test fails while the folder and this disagree. An input
that broke something once is kept beside them as `found-*`, which nothing here writes or deletes.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

SEEDS = Path(__file__).with_name("seeds")
MSGPACK_WORDS = (
    b"\x81\xa1k", b"\x91", b"\x93\x06", b"\x94\x05", b"\x95\x08", b"\xc0", b"\xc1", b"\xc2", b"\xc3",
    b"\xc4\x01a", b"\xc7\x04\xff\x00\x00\x00\x01", b"\xca\x7f\xc0\x00\x00", b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00",
    b"\xcc\xff", b"\xcd\x01\x00", b"\xce\x00\x00\x00\x08", b"\xcf\x80\x00\x00\x00\x00\x00\x00\x00", b"\xd3\x80",
    b"\xd4\x01a", b"\xd6\xff\x00\x00\x00\x01", b"\xd9\x01a", b"\xda\x00\x01a", b"\xdc\x00\x01", b"\xdd\xff\xff\xff\xff",
    b"\xde\x00\x01\xa1k", b"\xdf\xff\xff\xff\xff", b"\xa2\xed\xa0", b"\xa4kind\xa6memory", b"\xa7message\xa0",
    b"\xa6stdout", b"\xa6stderr", b"\xa9traceback\x90", b"\xa4line\x01", b"\xa6column\xc0",
)  # fmt: skip
"""What a fuzzer is told of msgpack and of the fields of frames."""
_VALUES: dict[str, Any] = {
    "nothing": None,
    "truth": [True, False],
    "edges": [0, -1, 127, 128, 255, 256, -32, -33, -128, -129, 65535, 65536, 2**31, 2**32, 2**63 - 1, -(2**63)],
    "floats": [0.5, -0.0, float("inf"), float("nan")],
    "texts": ["", "a", "\u00e9\u20ac", "x" * 40, "\u0434" * 140],
    "bytes": [b"", b"\xff", b"\x80" * 40],
    "map": {"a": 1, "b": {"a": [1], "": None}, "key": "value"},
    "lists": [[], [[], {}], [1, [2, [3]]]],
    "sixteen": {f"k{number}": number for number in range(16)},
    "long": list(range(20)),
}


def value_bodies() -> dict[str, bytes]:
    """Values of each sort, packed; also in the wide forms that a packer does not choose."""
    from msgpack import packb  # type: ignore[import-untyped]  # late: a fuzzer loads what it watches

    deep = b"\x91" * 47 + b"\x81\xa1k\x01"
    wide = {
        "wide-map": b"\xdf\x00\x00\x00\x02\xdb\x00\x00\x00\x01a\xd3"
        + struct.pack(">q", -7)
        + b"\xda\x00\x01b\xdd"
        + bytes(4),
        "wide-list": b"\xdc\x00\x03\xcc\x01\xd0\x01\xca\x40\x48\xf5\xc3",
        "as-deep-as-it-goes": deep,
    }
    return {**{name: bytes(packb(value)) for name, value in _VALUES.items()}, **wide}


def frame_bodies() -> dict[str, bytes]:
    """One frame of each kind, from the examples of the wire's tests."""
    from llmspell_workers.wire import Done, Failed, frame_body
    from tests.wire.examples import EXAMPLES

    rich = Failed(
        1,
        {"kind": "memory", "message": "not enough memory", "line": 12, "column": None, "traceback": ["a.lua:12", ""]},
        {"memory_refusals": 3},
    )
    bodies = {f"frame-{kind.__name__.lower()}": frame_body(frame) for kind, frame in EXAMPLES.items()}
    done = Done(1, {"answer": 42}, 255, {"memory_refusals": 0})
    return {
        **bodies,
        "frame-failed-rich": frame_body(rich),
        "frame-done-rich": frame_body(done).replace(b"\xcc\xff", b"\xcd\x00\xff"),
    }


def framed(body: bytes) -> bytes:
    """A frame of a body."""
    return len(body).to_bytes(4, "big") + body


def read(target: str) -> dict[str, bytes]:
    """The seeds of a target as they are on disk."""
    return {path.name: path.read_bytes() for path in sorted((SEEDS / target).iterdir())}


def write(target: str, seeds: dict[str, bytes]) -> None:
    """Puts the seeds of a target on disk, and deletes those that are made no more."""
    folder = SEEDS / target
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.name not in seeds and not path.name.startswith("found-"):
            path.unlink()
    for name, seed in seeds.items():
        (folder / name).write_bytes(seed)
