"""Threads for handlers that may wait: daemon threads, kept a while and used again.

The rule kept here: what a thread made is only ever taken by the run that asked for it, and a thread whose job never
ends holds its own slot and nothing else.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Any

from llmspell.errors import CallError, ErrorKind

IDLE_SECONDS = 10.0
"""How long a thread without work is kept."""
TOO_MANY = "the machine, its container or the user has too many"

Job = tuple[object, int, Callable[[], Any], Callable[[], None]]


class Threads:
    """Runs jobs for any number of owners; threads start on demand. Those of `process`: a fork takes none along."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._idle = 0
        self._done: dict[int, list[tuple[int, Callable[[], Any]]]] = {}

    def start(self, owner: object, number: int, job: Callable[[], Any], wake: Callable[[], None]) -> None:
        """Runs `job` on a thread, with the context variables of this one; when it has ended, `take(owner)` gives it
        and `wake` is called. A job for which the machine gives no thread has ended with a CallError (`internal`).
        """
        with self._lock:
            done = self._done.setdefault(id(owner), [])
            lacking = self._thread_lacks()
            if lacking is not None:
                done.append((number, lacking))
        if lacking is None:
            self._jobs.put((owner, number, partial(copy_context().run, job), wake))
        else:
            wake()

    def _thread_lacks(self) -> Callable[[], Any] | None:
        """Takes an idle thread, or starts one: None, or what raises why there is none."""
        if self._idle:
            self._idle -= 1
            return None
        try:
            threading.Thread(target=self._work, name="llmspell-call", daemon=True).start()
        except RuntimeError as error:
            reason = f"the host has no thread for the call: {error}; {TOO_MANY}"

            def fail() -> Any:
                raise CallError(ErrorKind.INTERNAL, reason)

            return fail
        return None

    def take(self, owner: object) -> list[tuple[int, Callable[[], Any]]]:
        """What has ended for `owner` since the last time, each as a function that gives or raises what came of it."""
        with self._lock:
            done = self._done.get(id(owner))
            if not done:
                return []
            self._done[id(owner)] = []
            return done

    def forget(self, owner: object) -> None:
        """Drops what has ended, and will end, for `owner`."""
        with self._lock:
            self._done.pop(id(owner), None)

    def finish(self, job: Callable[[], Any], seconds: float, name: str) -> Any:
        """Runs `job` on a thread and waits for it: what it gives or raises, or CallError (`timeout`) after so long."""
        owner, ended = object(), threading.Event()
        self.start(owner, 0, job, ended.set)
        ended.wait(seconds)
        done = self.take(owner)
        self.forget(owner)
        if not done:
            raise CallError(ErrorKind.TIMEOUT, f"{name} gave no answer within {seconds:g} seconds; it is left behind")
        return done[0][1]()

    def _work(self) -> None:
        while True:
            try:
                owner, number, job, wake = self._jobs.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                with self._lock:
                    if self._idle and self._jobs.empty():
                        self._idle -= 1
                        return
                continue
            ended = _run(job)
            with self._lock:
                done = self._done.get(id(owner))
                if done is not None:
                    done.append((number, ended))
                self._idle += 1
            wake()
            del owner, job, ended, wake  # a waiting thread keeps nothing of a run alive


def _run(job: Callable[[], Any]) -> Callable[[], Any]:
    try:
        value = job()
    except BaseException as error:  # noqa: BLE001 - carried to the run's own thread and raised there
        failure = error

        def fail() -> Any:
            raise failure

        return fail
    return lambda: value
