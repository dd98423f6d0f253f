"""The worker's loop: arm, say hello, be configured, serve runs until told to stop.

Theory of operation. The engine's module and all that it needs are loaded first, then the process is confined, and only
then is anything read. Memory is held in reserve for the last frame of a run. The one broad `except` stands here: a
fault of ours ends as `Fatal`, not as a hang.
"""

from __future__ import annotations

import gc
import os
import sys

from llmspell_workers.channel import Channel
from llmspell_workers.confine import confine_worker
from llmspell_workers.seeded import bridge_for
from llmspell_workers.wire import (
    PROTOCOL_VERSION,
    Configure,
    Done,
    Failed,
    Fatal,
    Frame,
    Hello,
    Run,
    Shutdown,
    Unsendable,
    frame_body,
)

TYPE_CHECKING = False  # not from typing: its import costs half a worker's start (E16)
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType
    from typing import NoReturn

ENGINES = {
    "lua": "llmspell_workers.lua.engine",
    "javascript": "llmspell_workers.javascript.engine",
    "python": "llmspell_workers.python.engine",
}
"""Where each built-in engine's adapter lives."""
RESERVE = (1024 * 1024, 512 * 1024)
"""Bytes, freed for the last frame: an arena for Python's small objects, and the buffer that msgpack packs into."""
NO_MEMORY = "not enough memory"
_ANY_LINE = 0xFFFFFFFE
"""A line that msgpack packs in four bytes, which are written over."""


def main(protocol: tuple[int, int], engine_name: str, memory_text: str, options: Sequence[str] = ()) -> None:
    """Runs the worker to its end and exits the process. `options` are `--namespaces` and `--map=NAME=FILE`."""
    memory = int(memory_text)
    mapped = [option.removeprefix("--map=") for option in options if option.startswith("--map=")]
    fatal = framed(Fatal("memory"))  # made while there is room for it
    try:
        module = load_engine(engine_name)
        if mapped:
            module.map_packages(mapped, memory)  # before all else: what it is too large for is told at once
        module.prepare()
        channel = Channel(*protocol, memory=memory, raw_replies=module.RAW_REPLIES)
        confined = confine_worker(memory, namespaces="--namespaces" in options).feature()
    except (ImportError, OSError, ValueError, KeyError, MemoryError) as error:
        os.write(2, f"{engine_name}: {type(error).__name__}: {error}\n".encode())
        os._exit(3)
    gc.freeze()  # what is loaded stays, and is not looked through again
    gc.enable()
    try:
        serve(channel, module, engine_name, confined)
    except MemoryError:
        channel.write(fatal)
        channel.be_seen()
        os._exit(1)
    except Exception as error:  # noqa: BLE001 - the worker's boundary
        channel.send(Fatal(f"{type(error).__name__}: {error}"[:2000]))
        os._exit(1)
    os._exit(0)  # no finalizers: a script's `__gc` must not run once the session is over


CHECKS = "check:"
"""What the name of a worker begins with that only checks scripts of the engine behind it."""


def load_engine(name: str) -> ModuleType:
    """The module of a built-in engine, `NAME` or `NAME@DIALECT`, or what checks for it; KeyError for any other name."""
    if name.startswith(CHECKS):
        from llmspell_workers.facts.engine import Checking

        engine = name.removeprefix(CHECKS)
        return Checking(load_engine(engine), engine)  # type: ignore[return-value]
    engine, _, dialect = name.partition("@")
    path = ENGINES[engine]
    if dialect:
        beside = path.rpartition(".")[0] + ".dialects"
        __import__(beside)
        sys.modules[beside].choose(dialect)
    __import__(path)
    return sys.modules[path]


def framed(frame: Frame) -> bytes:
    """The bytes of a frame that is sent whatever the state of the conversation is: the process ends with it."""
    body = frame_body(frame)
    return len(body).to_bytes(4, "big") + body


class LastWord:
    """A run's last frame, and the memory for it: a script which ate all there was still gets its verdict."""

    __slots__ = ("_channel", "_line_at", "_memory", "_reserve", "_stopped")

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._reserve: tuple[bytes, ...] = ()
        self._memory = b""
        self._stopped = bytearray()
        self._line_at = 0

    def prepare(self, run: int) -> None:
        """Before a run: holds the reserve, and the frames for which there is no time, or no memory, to make them."""
        self._reserve = tuple(map(bytes, RESERVE))
        error: dict[str, object] = {"kind": "memory", "message": NO_MEMORY, "line": None}
        self._memory = framed(Failed(run, error, {"memory_refusals": 1}))
        stopped: dict[str, object] = {"kind": "stopped", "message": "stopped by the host", "line": _ANY_LINE}
        self._stopped = bytearray(framed(Failed(run, stopped, {})))
        self._line_at = self._stopped.index(_ANY_LINE.to_bytes(4, "big"))

    def send(self, last: Done | Failed, collect: Callable[[], None]) -> None:
        """Sends it. `collect` frees memory of the engine, and is called only when that must be."""
        self._reserve = ()
        try:
            self._send(last)
        except MemoryError:
            collect()
            try:
                self._send(last)
            except MemoryError:
                self._channel.write(self._memory)
                self._channel.be_seen()
                os._exit(1)

    def tell_line(self, line: int) -> NoReturn:
        """Sends where the script is, and ends the process. Made for a signal handler: it asks for no memory."""
        place = self._line_at
        self._stopped[place : place + 4] = min(line, _ANY_LINE).to_bytes(4, "big")
        self._channel.write(self._stopped)
        os._exit(0)

    def _send(self, last: Done | Failed) -> None:
        try:
            self._channel.send(last)
        except Unsendable as error:  # a value that cannot travel fails the run
            failure: dict[str, object] = {"kind": "validation", "message": str(error), "line": None, "traceback": []}
            self._channel.send(Failed(last.run, failure, last.usage))


def serve(channel: Channel, module: ModuleType, engine_name: str, confined: dict[str, object]) -> None:
    """Says hello, is configured, and serves runs until `Shutdown`. `confined` is what came of confining it."""
    features = {**module.FEATURES, "confinement": confined}
    channel.send(Hello(PROTOCOL_VERSION, engine_name, module.VERSION, features))
    configure = channel.receive()
    if not isinstance(configure, Configure):
        return
    if configure.protocol != PROTOCOL_VERSION:
        raise ValueError(f"protocol version {configure.protocol}: this worker speaks {PROTOCOL_VERSION}")
    last_word = LastWord(channel)
    bridge = bridge_for(channel, configure.replay)
    engine = module.Engine(configure, bridge, lambda done: finish(channel, last_word, done), last_word.tell_line)
    while True:
        frame = channel.receive()
        if isinstance(frame, Shutdown):
            return
        assert isinstance(frame, Run)  # the table of states admits nothing else
        last_word.prepare(frame.run)
        last_word.send(engine.run(frame), engine.collect)


def finish(channel: Channel, last_word: LastWord, last: Done | Failed) -> None:
    """Sends a run's last frame from inside the run, and never returns to the script: `os.exit`, or out of memory."""
    last_word.send(last, lambda: None)  # no engine is asked to collect while it waits for this to end
    while not isinstance(frame := channel.receive(), Shutdown):
        assert isinstance(frame, Run)  # the table of states admits nothing else
        ended: dict[str, object] = {
            "kind": "runtime",
            "message": "an earlier run of this session ended it",
            "line": None,
        }
        channel.send(Failed(frame.run, ended, {}))
    os._exit(0)
