"""What is kept of a worker's words: the script's output, and the tail of what the worker says on its own
stderr.

The rule kept here: whatever a worker sends, what the host holds in memory is bounded.
"""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIB = 1024 * 1024
HELD = 4 * MIB
"""Bytes of each stream that are held in memory (`architecture.md`, Limits); the rest is in an unlinked
file.
"""
TAIL = 64 * 1024
"""Bytes of the worker's own stderr that are kept (`wire.md`)."""


class HeldOutput:
    """The begin of the output of one run, in memory. `keep` has the shape of `emit`; what is beyond it is counted."""

    __slots__ = ("_beyond", "_held", "_streams")

    def __init__(self, held: int = HELD) -> None:
        self._held = held
        self._streams = {"stdout": bytearray(), "stderr": bytearray()}
        self._beyond = {"stdout": 0, "stderr": 0}

    def keep(self, stream: str, data: bytes) -> None:
        """Keeps bytes of `stdout` or `stderr`, in memory while there is room."""
        kept = self._streams[stream]
        room = self._held - len(kept)
        if room > 0:
            kept += data[:room]
        if len(data) > room:
            self._beyond[stream] += len(data) - max(room, 0)
            self._put_aside(stream, data[max(room, 0) :])

    def _put_aside(self, stream: str, data: bytes) -> None:
        """What there is no room for is dropped here: nobody would ask for it."""

    def beside(self, emit: Callable[[str, bytes], None] | None) -> Callable[[str, bytes], None]:
        """What keeps output and hands it on."""
        if emit is None:
            return self.keep

        def keep_and_emit(stream: str, data: bytes) -> None:
            self.keep(stream, data)
            emit(stream, data)

        return keep_and_emit

    @property
    def stdout(self) -> bytes:
        """The bytes of stdout that are held in memory."""
        return bytes(self._streams["stdout"])

    @property
    def stderr(self) -> bytes:
        """The bytes of stderr that are held in memory."""
        return bytes(self._streams["stderr"])

    @property
    def truncated(self) -> tuple[int, int]:
        """How many bytes of stdout and of stderr are not in memory."""
        return self._beyond["stdout"], self._beyond["stderr"]


class KeptOutput(HeldOutput):
    """All of the output of one run, what is beyond memory in a file without a name; a context manager, closing it
    drops that file.
    """

    __slots__ = ("_files",)

    def __init__(self, held: int = HELD) -> None:
        super().__init__(held)
        self._files: dict[str, IO[bytes]] = {}

    def __enter__(self) -> KeptOutput:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _put_aside(self, stream: str, data: bytes) -> None:
        file = self._files.get(stream)
        if file is None:
            import tempfile  # 10 ms, and most scripts print little

            file = self._files[stream] = tempfile.TemporaryFile(prefix="llmspell-")  # noqa: SIM115 - `close` does
        file.write(data)

    def whole(self, stream: str) -> Iterator[bytes]:
        """All bytes of a stream in pieces of at most 1 MiB, those in the file too."""
        kept = self._streams[stream]
        for start in range(0, len(kept), MIB):
            yield bytes(kept[start : start + MIB])
        file = self._files.get(stream)
        if file is None:
            return
        file.seek(0)
        while piece := file.read(MIB):
            yield piece
        file.seek(0, os.SEEK_END)  # where the next `keep` goes on

    def close(self) -> None:
        """Drops what was put aside; what is held in memory stays readable."""
        for file in self._files.values():
            file.close()
        self._files.clear()


class Tail:
    """The last 64 KiB of a stream of bytes that nobody parses."""

    __slots__ = ("_bytes",)

    def __init__(self) -> None:
        self._bytes = bytearray()

    def add(self, data: bytes) -> None:
        """Takes bytes, and drops the oldest."""
        self._bytes += data
        if len(self._bytes) > TAIL:
            del self._bytes[:-TAIL]

    def escaped(self) -> str:
        """The text for people: what is no UTF-8 and every control character is shown as an escape."""
        return escaped(self._bytes.decode("utf-8", "backslashreplace"))


def escaped(text: str) -> str:
    r"""`text` with every character that could steer a terminal shown as an escape; line ends and tabs stay.

    >>> escaped("red\x1b[31m\n")
    'red\\x1b[31m\n'
    """
    return "".join(one if one.isprintable() or one in "\n\t" else ascii(one)[1:-1] for one in text)
