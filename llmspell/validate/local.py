"""Checks on this machine: several at once, each in a confined worker process.

Theory of operation. Threads of this process drive the workers. Nearly all of a check is the worker's own time: the host
needs about a twentieth of it, mostly in calls of the system that let other threads run, so that a second Python process
gains nothing before there are many more cores than a machine of a CI has. Whoever takes the results also feeds the
threads, so nothing runs far ahead of a slow reader and the list of spells is walked by one thread. Each spell that was
handed to a thread comes back once, as its result; what is under way when the run is cancelled does not.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from queue import SimpleQueue
from typing import Protocol, Self

from llmspell.errors import SetupError
from llmspell.limits import MIB
from llmspell.sandbox.wake import Cancellation
from llmspell.validate.cache import Cache
from llmspell.validate.executor import fault, unchecked, weight
from llmspell.validate.result import Result
from llmspell.validate.room import check_jobs, default_jobs
from llmspell.validate.settings import Settings
from llmspell.validate.spell import Spell

AHEAD = 2
"""Spells for each job that are taken at once at most."""
AHEAD_BYTES = 32 * MIB
"""What the spells that wait may hold, for one to be taken before a job is free for it."""
THREAD_NAME = "llmspell-check"
HEEDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals for the main thread alone: one that another takes, as in a process that was stopped, does not wake it."""


class Checks(Protocol):
    """What checks spells, from several threads at once, as `Checker` does."""

    def check(self, spell: Spell) -> Result: ...
    def close(self) -> None: ...


NewChecks = Callable[[Settings, Cancellation], Checks]
"""Makes what checks by these settings, and ends a check when it is cancelled."""


class LocalExecutor:
    """Checks `jobs` spells at once (default: as many as there are cores and memory for).

    Results are looked for in the `cache` first, and kept there. `new_checks` makes what checks, once for all jobs.
    Raises UsageError for a number of jobs that cannot be.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        jobs: int | None = None,
        cancellation: Cancellation | None = None,
        cache: Cache | None = None,
        new_checks: NewChecks | None = None,
    ) -> None:
        self.jobs = default_jobs(_largest(settings)) if jobs is None else check_jobs(jobs)
        self._settings, self._new_checks = settings, new_checks or _checker
        self._cancellation, self._cache = cancellation or Cancellation(), cache
        self._runs: set[_Run] = set()

    def results(self, spells: Iterable[Spell | Result]) -> Iterator[Result]:
        """One for each; see `Executor`."""
        new_checks = partial(self._new_checks, self._settings)
        with _Run(self.jobs, new_checks, self._cancellation, self._cache) as run:
            self._runs.add(run)
            try:
                yield from run.results(spells)
            finally:
                self._runs.discard(run)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for run in tuple(self._runs):
            run.close()
        if self._cache is not None:
            self._cache.close()


class _Run:
    """One list of spells on its way through the threads."""

    def __init__(
        self, jobs: int, new_checks: Callable[[Cancellation], Checks], cancellation: Cancellation, cache: Cache | None
    ) -> None:
        self._jobs, self._cancellation, self._cache = jobs, cancellation, cache
        self._orders: SimpleQueue[Spell | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[Spell, Result] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._ending = Cancellation()
        self._checks = new_checks(self._ending)
        self._wake = lambda: self._done.put(None)  # may be called by a signal handler, and in the midst of a `get`
        self._taken = self._held = 0

    def __enter__(self) -> Self:
        self._cancellation.attach(self._wake)
        return self

    def __exit__(self, *_: object) -> None:
        self._cancellation.detach(self._wake)
        self.close()

    def close(self) -> None:
        """Ends what runs, and waits for it."""
        self._ending.cancel()
        for _ in self._threads:
            self._orders.put(None)
        for thread in self._threads:
            thread.join()
        self._checks.close()
        self._done.put(None)

    def results(self, spells: Iterable[Spell | Result]) -> Iterator[Result]:
        source = iter(spells)
        more = True
        while not self._over:
            if more and self._has_room():
                spell = next(source, None)
                if spell is None:
                    more = False
                elif isinstance(spell, Result):
                    yield spell
                else:
                    self._order(spell)
            elif not self._taken:
                return
            else:
                yield from self._next()
        self.close()
        while self._taken and not self._done.empty():
            yield from self._next()

    @property
    def _over(self) -> bool:
        return self._cancellation.cancelled or self._ending.cancelled

    def _has_room(self) -> bool:
        """A free job is fed first; a spell ahead is taken only when no result waits for its reader."""
        if self._taken >= AHEAD * self._jobs:
            return False
        free = self._taken - self._done.qsize() < self._jobs
        return free or (self._held < AHEAD_BYTES and self._done.empty())

    def _order(self, spell: Spell) -> None:
        self._taken += 1
        self._held += weight(spell)
        if len(self._threads) < min(self._jobs, self._taken):
            self._start_thread()
        self._orders.put(spell)

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._work, name=THREAD_NAME, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            if not self._threads:
                raise SetupError(f"nothing can be checked: {error}") from None
            self._jobs = len(self._threads)  # with those that there are
        else:
            self._threads.append(thread)

    def _next(self) -> Iterator[Result]:
        done = self._done.get()
        if done is None:  # it was cancelled
            return
        spell, result = done
        self._taken -= 1
        self._held -= weight(spell)
        yield result

    def _work(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, HEEDED)
        while not self._ending.cancelled and self._do():
            pass

    def _do(self) -> bool:  # a function of its own: a thread that waits holds no spell
        spell = self._orders.get()
        if spell is None or self._ending.cancelled:
            return False
        try:
            result = self._known(spell) or self._checks.check(spell)
        except Exception as error:  # noqa: BLE001 - a thread's boundary: a fault of ours costs one spell its result
            result = unchecked(spell, fault(error))
        if self._ending.cancelled:  # it may not have come to its end
            return False
        if self._cache is not None:
            self._cache.put(spell, result)
        self._done.put((spell, result))
        return True

    def _known(self, spell: Spell) -> Result | None:
        return None if self._cache is None else self._cache.get(spell)


def _largest(settings: Settings) -> int:
    """Bytes that the largest worker of a check may take: the one that reads a script, or the one that runs it."""
    from llmspell.validate.check import CHECK_LIMITS

    return max(settings.limits.memory, CHECK_LIMITS.memory)


def _checker(settings: Settings, cancellation: Cancellation) -> Checks:
    from llmspell.validate.check import Checker

    return Checker(settings, cancellation=cancellation)
