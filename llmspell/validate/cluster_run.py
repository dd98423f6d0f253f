"""One list of spells on its way through a Dask cluster: each has exactly one result, whatever becomes of the nodes.

Theory of operation. A spell is a task of its own, and travels as bytes; so does its result, which is read as what a
stranger says (`travel.py`). Only so many are out at once as the cluster has threads for, and a few more. That a task is
run again when its node is lost is the scheduler's doing; each task has a number here, and what comes for a number that
nobody waits for any more is no result. The scheduler gives up a task under which too many nodes were lost, and cannot
tell the one that has ended them from those that were there as well. So whatever it gives up is tried once more, alone
and on one node: what has lost that, too, is not tried again.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NamedTuple, Self

from llmspell.errors import SetupError
from llmspell.limits import MIB
from llmspell.sandbox.wake import Cancellation
from llmspell.validate import node
from llmspell.validate.cache import Cache
from llmspell.validate.executor import unchecked, weight
from llmspell.validate.node_answer import answered, asked
from llmspell.validate.result import Result
from llmspell.validate.spell import Spell
from llmspell.validate.travel import spell_bytes
from llmspell.validate.versions import versions
from llmspell_workers.wire import Unsendable, Violation

if TYPE_CHECKING:
    from distributed import Client, Future

AHEAD = 2
"""Spells for each thread of the cluster that are out at once at most."""
AHEAD_BYTES = 64 * MIB
"""What the spells that are out may hold (in the scheduler, too), for one to be sent before a thread is free for it."""
GOODBYE = 5.0
"""Seconds that nodes are given to hear that a run is over: one that hangs keeps nobody from leaving."""
_TICK = 0.5
"""Seconds after which the nodes are looked at again."""


class Patience(NamedTuple):
    """Seconds: to reach the scheduler, to have a first node, and to have one again after all were lost."""

    connect: float = 10.0
    first_node: float = 10.0
    next_node: float = 60.0


class _Out(NamedTuple):
    """A spell that was sent; `alone` is the only node that it may run on."""

    spell: Spell
    future: Future
    alone: str | None


class _Suspect(NamedTuple):
    """A spell that the scheduler has given up, after so many nodes were lost."""

    spell: Spell
    nodes: int


class ClusterRun:
    """One list of spells; a context manager, and leaving it ends what it has sent. `results` as in `Executor`.

    Raises SetupError when the cluster is lost.
    """

    def __init__(
        self,
        client: Client,
        settings: bytes,
        cancellation: Cancellation,
        cache: Cache | None,
        patience: Patience,
    ) -> None:
        self._client, self._settings, self._cancellation, self._cache = client, settings, cancellation, cache
        self._patience = patience
        self._name = uuid.uuid4().hex
        self._out: dict[int, _Out] = {}
        self._suspects: deque[_Suspect] = deque()
        self._nodes_lost = 0
        self._sent = self._held = 0
        self._done: SimpleQueue[tuple[int, object] | None] = SimpleQueue()
        self._wake = lambda: self._done.put(None)
        self._nodes: dict[str, int] = asked(client.nthreads)
        self._looks = self._look_needed = 0
        self._lost: SetupError | None = None
        self._had_nodes = time.monotonic()
        self._leaving = threading.Event()
        self._liaison = threading.Thread(target=self._talk, name="llmspell-cluster", daemon=True)

    def __enter__(self) -> Self:
        self._cancellation.attach(self._wake)
        self._liaison.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._cancellation.detach(self._wake)
        out, self._out = self._out, {}
        if out and self._lost is None:
            self._client.cancel([one.future for one in out.values()], force=True)
        self._leaving.set()
        self._liaison.join(GOODBYE)

    def _talk(self) -> None:
        """On a thread of its own, because a scheduler may let whoever asks it wait: looks who is there now and then,
        and at the end has the nodes end what they still do for this run.
        """
        try:
            while not self._leaving.wait(_TICK):
                self._nodes = asked(self._client.nthreads)
                self._looks += 1
            if self._lost is None:
                asked(lambda: self._client.run(node.end, self._name, on_error="ignore"))
        except SetupError as error:
            self._lost = error
            self._done.put(None)

    def results(self, spells: Iterable[Spell | Result]) -> Iterator[Result]:
        """One for each; see `Executor`."""
        source = iter(spells)
        more = True
        while not self._cancellation.cancelled:
            self._look()
            if more and self._has_room():
                spell = next(source, None)
                if spell is None:
                    more = False
                else:
                    yield from self._take(spell)
            elif not self._out and not self._suspects:
                return
            elif not self._out and self._nodes and self._looks >= self._look_needed:
                self._try_alone()
            else:
                yield from self._next(_TICK)
        while not self._done.empty():
            yield from self._next(0)

    def _has_room(self) -> bool:
        out, threads = len(self._out), max(sum(self._nodes.values()), 1)
        if len(self._suspects) >= threads or any(one.alone for one in self._out.values()):
            return False
        return out < threads or (out < AHEAD * threads and self._held < AHEAD_BYTES and self._done.empty())

    def _look(self) -> None:
        """Raises SetupError when the cluster is lost, or has had no nodes for too long."""
        now = time.monotonic()
        if self._lost is not None:
            raise self._lost
        if self._nodes:
            self._had_nodes = now
        elif now > self._had_nodes + self._patience.next_node:
            raise SetupError(f"the cluster has lost all its nodes, and {self._missing()}")

    def _missing(self) -> str:
        number = len(self._out) + len(self._suspects)
        return f"{number} of the scripts that were sent to it have no result"

    def _take(self, spell: Spell | Result) -> Iterator[Result]:
        if isinstance(spell, Result):
            yield spell
            return
        known = None if self._cache is None else self._cache.get(spell)
        if known is not None:
            yield known
            return
        try:
            self._send(spell, spell_bytes(spell))
        except Unsendable as error:
            yield unchecked(spell, f"it cannot be sent to the cluster: {error}")

    def _try_alone(self) -> None:
        """Sends a suspect to the one node that is looked at for it, and nothing beside it."""
        suspect = self._suspects.popleft()
        self._nodes_lost = suspect.nodes
        self._send(suspect.spell, spell_bytes(suspect.spell), alone=min(self._nodes))

    def _send(self, spell: Spell, data: bytes, *, alone: str | None = None) -> None:
        number = self._sent = self._sent + 1
        future = self._client.submit(
            node.check, self._name, self._settings, data, versions(),
            key=f"llmspell-check-{self._name}-{number}", pure=False, workers=alone and [alone],
        )  # fmt: skip
        self._out[number] = _Out(spell, future, alone)
        self._held += weight(spell)
        self._client.loop.add_callback(self._fetch, number, future)

    async def _fetch(self, number: int, future: Future) -> None:
        """On the client's own loop: waits for an answer, and for as long as it takes to have it again if it is lost."""
        try:
            answer = await self._client.gather(future, asynchronous=True)
        except BaseException as error:  # noqa: BLE001 - a thread's boundary: looked at by the one that takes results
            answer = error
        self._done.put((number, answer))

    def _next(self, seconds: float) -> Iterator[Result]:
        try:
            done = self._done.get(timeout=seconds) if seconds else self._done.get_nowait()
        except Empty:
            yield from self._lost_alone()
            return
        if done is None or done[0] not in self._out:
            return
        number, answer = done
        result = self._read(self._out[number], answer)
        spell = self._forget(number)  # not before it was read: what is lost is counted
        if result is None:
            return
        if self._cache is not None:
            self._cache.put(spell, result)
        yield result

    def _forget(self, number: int) -> Spell:
        spell = self._out.pop(number).spell
        self._held -= weight(spell)
        return spell

    def _lost_alone(self) -> Iterator[Result]:
        """What was alone on a node that is gone has ended it, as far as anyone can tell."""
        for number, one in tuple(self._out.items()):
            if one.alone is not None and self._nodes and one.alone not in self._nodes:
                self._client.cancel([one.future], force=True)
                self._look_needed = self._looks + 2
                yield self._given_up(self._forget(number))

    def _given_up(self, spell: Spell) -> Result:
        lost = self._nodes_lost + 1
        return unchecked(spell, f"{lost} nodes of the cluster were lost while they checked it; no more are tried")

    def _read(self, out: _Out, answer: object) -> Result | None:
        """The result, or None for what is to be tried alone."""
        import asyncio
        from concurrent.futures import CancelledError

        from distributed import KilledWorker

        spell = out.spell
        if isinstance(answer, KilledWorker):
            if out.alone is not None:
                self._look_needed = self._looks + 2
                return self._given_up(spell)
            self._suspects.append(_Suspect(spell, answer.allowed_failures + 1))
            self._look_needed = self._looks + 2  # one that began after this node was lost
            return None
        if isinstance(answer, (CancelledError, asyncio.CancelledError)) or out.future.cancelled():
            self._lost = SetupError(f"the cluster was lost, and {self._missing()}")
            raise self._lost
        if isinstance(answer, BaseException):
            return unchecked(spell, f"a node of the cluster failed: {type(answer).__name__}: {answer}")
        try:
            return answered(spell, answer)
        except Violation as error:
            return unchecked(spell, f"a node of the cluster gave an answer that cannot be read: {error}")
