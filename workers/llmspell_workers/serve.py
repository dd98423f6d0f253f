"""The worker's loop: arm, say hello, be configured, serve runs until told to stop.

Theory of operation. The engine's module and all that it needs are loaded first, then the process is confined, and only
then is anything read. One mebibyte is held in reserve and freed for the last frame, so that a script which ate all
memory still gets its verdict. The one broad `except` stands here: a fault of ours ends as `Fatal`, not as a hang.
"""

from __future__ import annotations

import os
import sys

from llmspell_workers.bridge import Bridge
from llmspell_workers.channel import Channel
from llmspell_workers.confine import ARMED, MISSING, confine
from llmspell_workers.wire import (
    PROTOCOL_VERSION,
    Configure,
    Done,
    Failed,
    Fatal,
    Hello,
    Run,
    Shutdown,
    Unsendable,
)

TYPE_CHECKING = False  # not from typing: its import costs half a worker's start (E16)
if TYPE_CHECKING:
    from types import ModuleType

ENGINES = {"lua": "llmspell_workers.lua.engine"}
"""Where each built-in engine's adapter lives."""
RESERVE = 1024 * 1024


def main(protocol: tuple[int, int], engine_name: str, memory_text: str) -> None:
    """Runs the worker to its end and exits the process."""
    memory = int(memory_text)
    try:
        module = load_engine(engine_name)
        confine(memory)
    except (ImportError, OSError, ValueError, KeyError, MemoryError) as error:
        os.write(2, f"{engine_name}: {type(error).__name__}: {error}\n".encode())
        os._exit(3)
    channel = Channel(*protocol, memory=memory, raw_replies=module.RAW_REPLIES)
    try:
        serve(channel, module, engine_name)
    except Exception as error:  # noqa: BLE001 - the worker's boundary
        message = "memory" if isinstance(error, MemoryError) else f"{type(error).__name__}: {error}"[:2000]
        del error
        channel.send(Fatal(message))
        os._exit(1)
    os._exit(0)  # no finalizers: a script's `__gc` must not run once the session is over


def load_engine(name: str) -> ModuleType:
    """The module of a built-in engine; KeyError for any other name."""
    path = ENGINES[name]
    __import__(path)
    return sys.modules[path]


def serve(channel: Channel, module: ModuleType, engine_name: str) -> None:
    """Says hello, is configured, and serves runs until `Shutdown`."""
    reserve: bytearray | None = bytearray(RESERVE)
    features = {**module.FEATURES, "confinement": {"armed": list(ARMED), "missing": list(MISSING)}}
    channel.send(Hello(PROTOCOL_VERSION, engine_name, module.VERSION, features))
    configure = channel.receive()
    if not isinstance(configure, Configure):
        return
    if configure.protocol != PROTOCOL_VERSION:
        raise ValueError(f"protocol version {configure.protocol}: this worker speaks {PROTOCOL_VERSION}")
    engine = module.Engine(configure, Bridge(channel), lambda done: finish(channel, done))
    while True:
        frame = channel.receive()
        if isinstance(frame, Shutdown):
            return
        assert isinstance(frame, Run)  # the table of states admits nothing else
        if reserve is None:
            reserve = bytearray(RESERVE)
        last = engine.run(frame)
        reserve = None
        send_last(channel, last)


def finish(channel: Channel, last: Done) -> None:
    """Sends a run's last frame from inside the run, and never returns to the script: `os.exit`."""
    send_last(channel, last)
    while not isinstance(frame := channel.receive(), Shutdown):
        assert isinstance(frame, Run)  # the table of states admits nothing else
        ended: dict[str, object] = {
            "kind": "runtime",
            "message": "an earlier run of this session ended it",
            "line": None,
        }
        channel.send(Failed(frame.run, ended, {}))
    os._exit(0)


def send_last(channel: Channel, last: Done | Failed) -> None:
    """Sends a run's last frame; a value that cannot travel fails the run."""
    try:
        channel.send(last)
    except Unsendable as error:
        failure: dict[str, object] = {"kind": "validation", "message": str(error), "line": None}
        channel.send(Failed(last.run, failure, last.usage))
