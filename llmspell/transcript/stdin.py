"""stdin of a run that is recorded: what is read of it parts no key, as far as the size that is asked for allows."""

from __future__ import annotations

import _thread
from collections.abc import Callable, Mapping
from typing import Any

from llmspell.sandbox.broker import Handler, Later

READ = "stdin.read"
_USUAL = 65536

Parted = Callable[[bytes], tuple[bytes, bytes]]


class WholeKeys:
    """Answers `stdin.read` with what `handler` reads. An end that may be the begin of a key comes with what follows."""

    __slots__ = ("_handler", "_held", "_parted", "_turn")

    def __init__(self, handler: Handler, parted: Parted) -> None:
        self._handler, self._parted = handler, parted
        self._held = b""
        self._turn = _thread.allocate_lock()

    def handler(self) -> Handler:
        """It, in the place of the other one."""
        return self._handler._replace(run=self._later)

    def _later(self, arguments: Mapping[str, Any]) -> Later:
        reading: Later = self._handler.run(arguments)
        job = reading.job
        assert job is not None
        return reading._replace(job=lambda: self._read(job, int(arguments.get("size") or _USUAL)))

    def _read(self, job: Callable[[], bytes], size: int) -> bytes:
        with self._turn:
            found, rest = self._parted(self._held)
            while not found and len(rest) < size:
                piece = job()
                found, rest = self._parted(rest + piece) if piece else (rest, b"")
                if not piece:
                    break
            whole = found + rest
            given = found or whole
            if len(given) > size:
                given = self._parted(given[:size])[0] or given[:size]
            self._held = whole[len(given) :]
            return given
