"""The one thread that spawns workers for all threads but the main one.

The rule kept here: a worker's death signal follows the thread that spawned it (E27), so that thread lives as
long as the process. It is started at the first use, and again in a process that was forked off.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from queue import SimpleQueue
from typing import NamedTuple

from llmspell.errors import SetupError
from llmspell.sandbox.process import WorkerProcess, spawn_here
from llmspell.sandbox.threads import TOO_MANY

THREAD_NAME = "llmspell-spawner"


class _Order(NamedTuple):
    command: Sequence[str]
    engine: str
    memory: int
    delivery: SimpleQueue[WorkerProcess | BaseException]


class _Spawner:
    """The thread and what it is asked for. It is a daemon: it may never keep the process from ending."""

    def __init__(self) -> None:
        self.orders: SimpleQueue[_Order] = SimpleQueue()
        self._lock = threading.Lock()
        self._started = False

    def start(self) -> None:
        """Starts the thread unless it runs. Raises SetupError."""
        with self._lock:
            if not self._started:
                try:
                    threading.Thread(target=self._serve, name=THREAD_NAME, daemon=True).start()
                except RuntimeError as error:
                    raise SetupError(f"no worker can be started: {error}; {TOO_MANY}") from None
                self._started = True

    def _serve(self) -> None:
        while True:
            self._fill(self.orders.get())

    def _fill(self, order: _Order) -> None:  # a function of its own: no reference to a worker outlives it
        try:
            order.delivery.put(spawn_here(order.command, order.engine, order.memory))
        except BaseException as error:  # noqa: BLE001 - a thread's boundary: raised again in the caller's thread
            order.delivery.put(error)


_spawner = _Spawner()


def _forget() -> None:
    global _spawner
    _spawner = _Spawner()


os.register_at_fork(after_in_child=_forget)  # a fork takes no thread along, and a lock as it stood


def spawn_on_lasting_thread(command: Sequence[str], engine: str, memory: int) -> WorkerProcess:
    """`spawn_here`, on the lasting thread. Raises SetupError."""
    _spawner.start()
    delivery: SimpleQueue[WorkerProcess | BaseException] = SimpleQueue()
    _spawner.orders.put(_Order(command, engine, memory, delivery))
    delivered = delivery.get()
    if isinstance(delivered, BaseException):
        raise delivered
    return delivered
