"""Checks on the machines of a Dask cluster: each spell exactly one result, whatever becomes of the nodes.

Theory of operation. A spell is a task of its own, and travels as bytes; so does its result, which is read as what a
stranger says (`travel.py`). That a task is run again when its node is lost is the scheduler's doing; so is giving up
on one under which too many nodes were lost. Each task has a number here, and what comes for a number that nobody waits
for any more is no result. Only so many spells are out at once as the cluster has threads for, and a few more.

What this does not guard against: Dask itself exchanges pickles, so whoever holds its scheduler or one of its nodes can
have anything executed by the others, and here. Nodes are trusted as this process is; scripts are not, and are confined
on the nodes as they are here.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from llmspell.errors import SetupError, UsageError
from llmspell.limits import MIB
from llmspell.sandbox.wake import Cancellation
from llmspell.validate import node
from llmspell.validate.cache import Cache
from llmspell.validate.executor import unchecked, weight
from llmspell.validate.result import Result, Status
from llmspell.validate.settings import Settings
from llmspell.validate.spell import Spell
from llmspell.validate.travel import read_result, spell_bytes
from llmspell.validate.versions import difference, versions
from llmspell_workers.wire import Unsendable, Violation, pack, unpack

if TYPE_CHECKING:
    from distributed import Client, Future

AHEAD = 2
"""Spells for each thread of the cluster that are out at once at most."""
AHEAD_BYTES = 64 * MIB
"""What the spells that are out may hold (in the scheduler, too), for one to be sent before a thread is free for it."""
SCHEMES = ("tcp://", "tls://", "ucx://", "ws://", "wss://")
_TICK = 1.0
"""Seconds after which the number of nodes is looked at again."""
_GOODBYE = 5.0
"""Seconds that nodes are given to hear that a run is over: one that hangs keeps nobody from leaving."""
_LARGE = "1 TiB"


class Patience(NamedTuple):
    """Seconds: to reach the scheduler, to have a first node, and to have one again after all were lost."""

    connect: float = 10.0
    first_node: float = 10.0
    next_node: float = 60.0


class ClusterExecutor:
    """Checks spells on the cluster of the scheduler at `address`.

    Entering it connects, and asks all nodes who they are. It raises UsageError for what is no address, and SetupError
    where the cluster cannot be used: Dask is not installed, nobody answers, there are no nodes, or one has other
    versions. `results` raises SetupError when the cluster is lost, or a node with other versions has joined it.
    """

    def __init__(
        self,
        settings: Settings,
        address: str,
        *,
        cancellation: Cancellation | None = None,
        cache: Cache | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._settings, self._address = pack(settings.to_dict()), address
        self._cancellation, self._cache = cancellation or Cancellation(), cache
        self._patience = patience or Patience()
        self._held = ExitStack()
        self._client: Client | None = None

    def __enter__(self) -> Self:
        try:
            self._client = self._connect()
            self._check_nodes(self._client)
        except BaseException:
            self._held.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._client = None
        self._held.close()

    def results(self, spells: Iterable[Spell | Result]) -> Iterator[Result]:
        """One for each; see `Executor`."""
        assert self._client is not None, "a ClusterExecutor is entered before it is used"
        with _Run(self._client, self._settings, self._cancellation, self._cache, self._patience) as run:
            yield from run.results(spells)

    def _connect(self) -> Client:
        if not self._address.startswith(SCHEMES):
            raise UsageError(f"{self._address!a} is no address of a Dask scheduler: tcp://HOST:PORT or tls://HOST:PORT")
        try:
            import dask
            from distributed import Client
        except ImportError:
            raise SetupError("a cluster needs Dask, which is not installed: pip install 'llmspell[dask]'") from None
        self._held.enter_context(dask.config.set({"distributed.admin.large-graph-warning-threshold": _LARGE}))
        self._held.enter_context(_quiet("distributed.client"))
        seconds = self._patience.connect
        what = f"the Dask scheduler at {self._address} cannot be reached"
        client: Client = _asked(
            lambda: Client(self._address, timeout=seconds, set_as_default=False, name="llmspell"), what
        )
        self._held.callback(client.close, _GOODBYE)
        return client

    def _check_nodes(self, client: Client) -> None:
        try:
            client.wait_for_workers(1, timeout=self._patience.first_node)
        except TimeoutError:
            raise SetupError(
                f"the cluster at {self._address} has no nodes; start some: dask worker {self._address}"
            ) from None
        found: dict[str, object] = _asked(lambda: client.run(versions, on_error="return"))
        names = _asked(lambda: client.scheduler_info(n_workers=-1))["workers"]
        for address in sorted(found):
            name = names[address]["name"] if address in names else address
            _check_versions(f"{name} ({address})", found[address])


class _Run:
    """One list of spells on its way through the cluster."""

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
        self._out: dict[int, tuple[Future, Spell]] = {}
        self._sent = self._held = 0
        self._done: SimpleQueue[tuple[int, object] | None] = SimpleQueue()
        self._wake = lambda: self._done.put(None)
        self._threads = _threads(client)
        self._lost: SetupError | None = None
        self._had_threads = time.monotonic()
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
            self._client.cancel([future for future, _ in out.values()], force=True)
        self._leaving.set()
        self._liaison.join(_GOODBYE)

    def _talk(self) -> None:
        """On a thread of its own, because a scheduler may let whoever asks it wait: counts the cluster's threads now
        and then, and at the end has the nodes end what they still do for this run.
        """
        try:
            while not self._leaving.wait(_TICK):
                self._threads = _threads(self._client)
            if self._lost is None:
                _asked(lambda: self._client.run(node.end, self._name, on_error="ignore"))
        except SetupError as error:
            self._lost = error
            self._done.put(None)

    def results(self, spells: Iterable[Spell | Result]) -> Iterator[Result]:
        source = iter(spells)
        more = True
        while not self._cancellation.cancelled:
            self._look()
            if more and self._has_room():
                spell = next(source, None)
                if spell is None:
                    more = False
                elif isinstance(spell, Result):
                    yield spell
                elif self._cache is not None and (known := self._cache.get(spell)) is not None:
                    yield known
                elif (unsent := self._send(spell)) is not None:
                    yield unsent
            elif not self._out:
                return
            else:
                yield from self._next(_TICK)
        while not self._done.empty():
            yield from self._next(0)

    def _has_room(self) -> bool:
        out, threads = len(self._out), max(self._threads, 1)
        return out < threads or (out < AHEAD * threads and self._held < AHEAD_BYTES and self._done.empty())

    def _look(self) -> None:
        """Raises SetupError when the cluster is lost, or has had no nodes for too long."""
        now = time.monotonic()
        if self._lost is not None:
            raise self._lost
        if self._threads:
            self._had_threads = now
        elif now > self._had_threads + self._patience.next_node:
            raise SetupError(f"the cluster has lost all its nodes, and {len(self._out)} scripts have no result")

    def _send(self, spell: Spell) -> Result | None:
        try:
            data = spell_bytes(spell)
        except Unsendable as error:
            return unchecked(spell, f"it cannot be sent to the cluster: {error}")
        number = self._sent = self._sent + 1
        future = self._client.submit(
            node.check, self._name, self._settings, data, versions(),
            key=f"llmspell-check-{self._name}-{number}", pure=False,
        )  # fmt: skip
        self._out[number] = (future, spell)
        self._held += weight(spell)
        self._client.loop.add_callback(self._fetch, number, future)
        return None

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
            return
        if done is None or done[0] not in self._out:
            return
        number, answer = done
        future, spell = self._out[number]
        result = self._read(future, spell, answer)
        del self._out[number]  # not before it was read: what is lost is counted
        self._held -= weight(spell)
        if self._cache is not None:
            self._cache.put(spell, result)
        yield result

    def _read(self, future: Future, spell: Spell, answer: object) -> Result:
        import asyncio
        from concurrent.futures import CancelledError

        from distributed import KilledWorker

        if isinstance(answer, KilledWorker):
            nodes = answer.allowed_failures + 1
            return unchecked(spell, f"{nodes} nodes of the cluster were lost while they checked it; no more are tried")
        if isinstance(answer, (CancelledError, asyncio.CancelledError)) or future.cancelled():
            self._lost = SetupError(f"the cluster was lost, and {len(self._out)} scripts have no result")
            raise self._lost
        if isinstance(answer, BaseException):
            return unchecked(spell, f"a node of the cluster failed: {type(answer).__name__}: {answer}")
        try:
            return _answered(spell, answer)
        except Violation as error:
            return unchecked(spell, f"a node of the cluster gave an answer that cannot be read: {error}")


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """A logger says nothing meanwhile: what it has to say comes as an error."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


def _answered(spell: Spell, answer: object) -> Result:
    """The result that an answer holds. Raises Violation, and SetupError for a node of other versions."""
    made = unpack(answer) if type(answer) is bytes else None
    if type(made) is not dict or set(made) != {"versions", "result", "fault", "node"}:
        raise Violation("it is no answer")
    told, result, where, why = made["versions"], made["result"], made["node"], made["fault"]
    if type(told) is not dict or type(where) is not str:
        raise Violation("it does not say whose it is")
    _check_versions(where[:100], told)
    if type(why) is str:
        return unchecked(spell, f"node {where:.100} of the cluster failed: {why}")
    if type(result) is not bytes:
        raise Violation("it holds no result")
    read = read_result(result, spell)
    if read.status is not Status.UNCHECKED:
        return read
    found = (finding._replace(message=f"{finding.message} (on node {where:.100})") for finding in read.findings)
    return read._replace(findings=tuple(found))


def _check_versions(node: str, found: object) -> None:
    """Raises SetupError, which names the node, unless its versions are ours."""
    if isinstance(found, BaseException):
        raise SetupError(f"node {node} of the cluster is refused: {type(found).__name__}: {found!s:.300}")
    differs = difference(found) if isinstance(found, dict) else "no versions"
    if differs is not None:
        raise SetupError(f"node {node} of the cluster is refused: it has {differs:.500}")


def _threads(client: Client) -> int:
    """The threads of all nodes."""
    return sum(_asked(client.nthreads).values())


def _asked(ask: Callable[[], Any], failed: str = "the Dask scheduler does not answer any more") -> Any:
    """What the cluster answers; raises SetupError where it does not."""
    try:
        return ask()
    except (OSError, TimeoutError, RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0][:300] or type(error).__name__
        raise SetupError(f"{failed}: {reason}") from None
