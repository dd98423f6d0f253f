"""Checks on the machines of a Dask cluster: who takes part, and what is asked of whom before a spell is sent.

What this does not guard against: Dask itself exchanges pickles, so whoever holds its scheduler or one of its nodes can
have anything executed by the others, and here. Nodes are trusted as this process is; scripts are not, and are confined
on the nodes as they are here.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Self

from llmspell.errors import SetupError, UsageError
from llmspell.sandbox.wake import Cancellation
from llmspell.validate.cache import Cache
from llmspell.validate.check import check_settings
from llmspell.validate.cluster_run import GOODBYE, ClusterRun, Patience
from llmspell.validate.node_answer import asked, check_versions
from llmspell.validate.result import Result
from llmspell.validate.settings import Settings
from llmspell.validate.spell import Spell
from llmspell.validate.versions import versions
from llmspell_workers.wire import pack

if TYPE_CHECKING:
    from distributed import Client

SCHEMES = ("tcp://", "tls://", "ucx://", "ws://", "wss://")
_LARGE = "1 TiB"
"""Dask warns of what is large, and a cassette may be."""
_OWN = 0.9
"""Of the time to connect: what Dask is given, so that its own words come first."""
_LEAVING = 0.5
"""Seconds for a client to be closed that has reached nobody."""


class ClusterExecutor:
    """Checks spells on the cluster of the scheduler at `address`.

    Entering it connects, and asks all nodes who they are. It raises UsageError for what is no address and for settings
    that nobody can check by, and SetupError where the cluster cannot be used: Dask is not installed, nobody answers,
    there are no nodes, or one has other versions. `results` raises SetupError when the cluster is lost, or a node with
    other versions has joined it.
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
        self._settings, self._address = settings, address
        self._cancellation, self._cache = cancellation or Cancellation(), cache
        self._patience = patience or Patience()
        self._held = ExitStack()
        self._client: Client | None = None

    def __enter__(self) -> Self:
        check_settings(self._settings)
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
        if self._cache is not None:
            self._cache.close()

    def results(self, spells: Iterable[Spell | Result]) -> Iterator[Result]:
        """One for each; see `Executor`."""
        assert self._client is not None, "a ClusterExecutor is entered before it is used"
        settings = pack(self._settings.to_dict())
        with ClusterRun(self._client, settings, self._cancellation, self._cache, self._patience) as run:
            yield from run.results(spells)

    def _connect(self) -> Client:
        if not self._address.startswith(SCHEMES):
            raise UsageError(f"{self._address!a} is no address of a Dask scheduler: tcp://HOST:PORT or tls://HOST:PORT")
        try:
            import dask
            import distributed  # noqa: F401 - that it is there
        except ImportError:
            raise SetupError("a cluster needs Dask, which is not installed: pip install 'llmspell[dask]'") from None
        self._held.enter_context(dask.config.set({"distributed.admin.large-graph-warning-threshold": _LARGE}))
        self._held.enter_context(_quiet("distributed.client"))
        seconds = self._patience.connect
        what = f"the Dask scheduler at {self._address} cannot be reached"
        client: Client = asked(lambda: _connected(self._address, seconds), what)
        self._held.callback(client.close, GOODBYE)
        return client

    def _check_nodes(self, client: Client) -> None:
        try:
            client.wait_for_workers(1, timeout=self._patience.first_node)
        except TimeoutError:
            raise SetupError(
                f"the cluster at {self._address} has no nodes; start some: dask worker {self._address}"
            ) from None
        found: dict[str, object] = asked(lambda: client.run(versions, on_error="return"))
        names = asked(lambda: client.scheduler_info(n_workers=-1))["workers"]
        for address in sorted(found):
            name = names[address]["name"] if address in names else address
            check_versions(f"{name} ({address})", found[address])


def _connected(address: str, seconds: float) -> Client:
    """A client of the scheduler there. Raises whatever Dask does, and TimeoutError.

    Dask waits without end for whom a server greets that is no scheduler, and then for the client to be closed. So this
    is done on a thread of its own, and a client that has failed is left to itself.
    """
    from distributed import Client

    client: Client = Client.__new__(Client)  # what is not made to the end is to be closed, too
    made: SimpleQueue[Exception | None] = SimpleQueue()

    def make() -> None:
        try:
            Client.__init__(client, address, timeout=_OWN * seconds, set_as_default=False, name="llmspell")
            made.put(None)
        except Exception as error:  # noqa: BLE001 - a thread's boundary: raised by the one that waits
            made.put(error)

    threading.Thread(target=make, name="llmspell-connect", daemon=True).start()
    try:
        error = made.get(timeout=seconds)
        if isinstance(error, (OSError, ImportError, RuntimeError, ValueError)):
            raise error
        if error is not None:
            raise ValueError(f"what answers there is no Dask scheduler ({type(error).__name__})")
    except BaseException as error:
        _leave(client)
        if isinstance(error, Empty):
            raise TimeoutError(f"what is there has not answered as a Dask scheduler does in {seconds:g} s") from None
        raise
    return client


def _leave(client: Client) -> None:
    """Closes a client that was not made to the end, and waits for next to nothing."""
    try:
        client.close(_LEAVING)
    except Exception:  # noqa: BLE001 - it was not whole, and nobody needs it
        pass
    client.status = "closed"  # or being forgotten it would wait again


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


__all__ = ["ClusterExecutor", "Patience"]
