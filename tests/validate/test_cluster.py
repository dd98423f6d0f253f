"""A real cluster, its nodes killed midway: every spell has exactly one result."""

from __future__ import annotations

import gc
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from socketserver import BaseRequestHandler, StreamRequestHandler, ThreadingTCPServer
from typing import Any

import psutil
import pytest

import llmspell
import llmspell_workers
from llmspell.engines.factory import EngineSpec
from llmspell.errors import SetupError, UsageError
from llmspell.sandbox.wake import Cancellation
from llmspell.validate.cache import Cache
from llmspell.validate.cluster import ClusterExecutor, Patience
from llmspell.validate.cluster_run import AHEAD
from llmspell.validate.node_answer import asked
from llmspell.validate.result import Result, Status
from llmspell.validate.settings import Settings
from llmspell.validate.spell import Spell
from tests.patience import growing
from tests.validate.dask_cluster import DEADLINE, LOST_UNDER_ONE, DaskCluster

BROKEN = b"return ("
SETTINGS = Settings()
UNHURRIED = Patience(connect=DEADLINE, first_node=DEADLINE)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A cluster of one node, for tests that leave it as it is."""
    with DaskCluster(tmp_path_factory.mktemp("cluster"), 1) as made:
        yield made


def executing(
    cluster: DaskCluster, settings: Settings = SETTINGS, *, patience: Patience = UNHURRIED, **options: Any
) -> ClusterExecutor:
    return ClusterExecutor(settings, cluster.address, patience=patience, **options)


def spells(number: int, engine: str = "lua") -> list[Spell]:
    return [Spell(f"{index}.lua", engine, BROKEN if index % 5 == 0 else b"return 1") for index in range(number)]


def assert_right(results: list[Result], wanted: list[Spell]) -> None:
    assert Counter(result.path for result in results) == Counter(spell.path for spell in wanted)
    for result in results:
        broken = int(result.path.removesuffix(".lua")) % 5 == 0
        assert result.status is (Status.FAILED if broken else Status.PASSED), result


def test_every_spell_has_one_result_though_nodes_are_killed(tmp_path: Path) -> None:
    wanted, taken, results = spells(25), 0, []

    def one_by_one() -> Iterator[Spell]:
        nonlocal taken
        for spell in wanted:
            taken += 1
            yield spell

    with (
        DaskCluster(tmp_path, 3) as cluster,
        executing(cluster) as executor,
    ):
        for result in executor.results(one_by_one()):
            results.append(result)
            assert taken - len(results) <= AHEAD * 3
            if len(results) in (3, 9):
                cluster.kill(len(results) // 9)
    assert_right(results, wanted)


def test_a_spell_that_ends_nodes_is_given_up_and_costs_no_other(tmp_path: Path) -> None:
    program = tmp_path / "killer.py"
    program.write_text("import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n")
    killer = EngineSpec("killer", (".kill",), command=(sys.executable, str(program)))
    settings = Settings(engines=(killer,), require=("memory",))
    wanted = spells(6)
    with (
        DaskCluster(tmp_path, LOST_UNDER_ONE + 1) as cluster,
        executing(cluster, settings) as executor,
    ):
        results = list(executor.results([Spell("x.kill", "killer", b"x"), *wanted]))
    (given_up,) = (result for result in results if result.path == "x.kill")
    assert given_up.status is Status.UNCHECKED
    says = f"{LOST_UNDER_ONE} nodes of the cluster were lost while they checked it; no more are tried"
    assert given_up.findings[0].message == says
    assert_right([result for result in results if result is not given_up], wanted)


def test_cancelling_ends_what_runs_on_the_nodes_and_gives_what_is_done(cluster: DaskCluster, tmp_path: Path) -> None:
    cancellation, results = Cancellation(), []
    endless = [Spell(f"{n}.lua", "lua", b"while true do end", expectation=b"value = 1") for n in range(5)]
    cache = Cache(SETTINGS, folder=str(tmp_path / "cache"))
    with executing(cluster, cancellation=cancellation, cache=cache) as executor:
        for result in executor.results([Spell("a.lua", "lua", b"return 1"), *endless]):
            results.append(result)
            running = psutil.Process(cluster.nodes[0].pid).children(recursive=True)
            cancellation.cancel()
        assert psutil.wait_procs(running, timeout=DEADLINE)[1] == []
        assert [(result.path, result.status) for result in results] == [("a.lua", Status.PASSED)]
    assert cache.get(Spell("a.lua", "lua", b"return 1")) is not None


def test_a_node_of_other_versions_is_refused_by_name(cluster: DaskCluster, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for package in (llmspell, llmspell_workers):
        source = Path(str(package.__file__)).parent
        shutil.copytree(source, other / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    file = other / "llmspell/__init__.py"
    file.write_text(file.read_text().replace(f'__version__ = "{llmspell.__version__}"', '__version__ = "9.9"'))
    with (
        executing(cluster) as executor,
        cluster.another("odd-one", PYTHONPATH=str(other)),
    ):
        with pytest.raises(SetupError, match=r"node odd-one of the cluster is refused: it has llmspell 9\.9"):
            list(executor.results(spells(200)))
        with pytest.raises(SetupError, match=r"node odd-one \(tcp://.*\) of the cluster is refused: it has llmspell"):
            executing(cluster).__enter__()


def test_a_scheduler_that_is_lost_midway_is_a_clear_error(tmp_path: Path) -> None:
    with (
        DaskCluster(tmp_path, 1) as cluster,
        executing(cluster) as executor,
    ):
        results = executor.results(spells(100))
        next(results)
        cluster.scheduler.kill()
        with pytest.raises(SetupError, match=r"the cluster was lost|does not answer any more"):
            list(results)


def test_a_cluster_that_has_lost_all_its_nodes_is_a_clear_error(tmp_path: Path) -> None:
    with DaskCluster(tmp_path, 1) as cluster:
        with executing(cluster, patience=UNHURRIED._replace(next_node=2)) as executor:
            results = executor.results(spells(100))
            next(results)
            cluster.kill(0)
            with pytest.raises(SetupError, match=r"lost all its nodes, and [12] of the scripts that were sent"):
                list(results)
        with pytest.raises(SetupError, match="has no nodes; start some: dask worker tcp://"):
            executing(cluster, patience=UNHURRIED._replace(first_node=0.2)).__enter__()


def test_nobody_at_the_address_is_a_clear_error_in_time() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SetupError, match=f"the Dask scheduler at {address} cannot be reached"):
            ClusterExecutor(SETTINGS, address, patience=Patience(connect=0.5)).__enter__()


class _Garbage(StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"220 mail.example.com ESMTP ready\r\n" * 3)


class _Web(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.mark.parametrize(
    ("handler", "reason"),
    [(_Garbage, r"what answers there is no Dask scheduler \(MemoryError\)"), (_Web, "has not answered as a Dask")],
    ids=["garbage", "http"],
)
def test_a_server_that_is_no_scheduler_is_a_clear_error_in_time(
    handler: type[BaseRequestHandler], reason: str, cluster: DaskCluster
) -> None:
    with ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        address = f"tcp://127.0.0.1:{server.server_address[1]}"
        begun = time.monotonic()
        for connect in growing(2):  # on a busy machine it may not have answered yet
            with pytest.raises(SetupError, match=f"the Dask scheduler at {address} cannot be reached: ") as raised:
                ClusterExecutor(SETTINGS, address, patience=Patience(connect=connect)).__enter__()
            gc.collect()
            if re.search(reason, str(raised.value)):
                break
        assert re.search(reason, str(raised.value))
        took = time.monotonic() - begun
        server.shutdown()
        thread.join()
    assert took < 2 * DEADLINE
    with executing(cluster) as executor:  # what was left does not stand in the way of another
        assert_right(list(executor.results(spells(2))), spells(2))


def test_the_deadline_of_connecting_is_10_seconds() -> None:
    assert Patience().connect == 10


@pytest.mark.parametrize(
    ("error", "reason"), [(MemoryError(), "MemoryError"), (KeyError("workers"), "'workers'"), (OSError("x\ny"), "x")]
)
def test_whatever_dask_raises_is_a_clear_error(error: Exception, reason: str) -> None:
    def ask() -> None:
        raise error

    with pytest.raises(SetupError) as caught:
        asked(ask, "it cannot be reached")
    assert str(caught.value) == f"it cannot be reached: {reason}"


def test_dask_is_loaded_for_a_cluster_only() -> None:
    code = (
        "import sys, llmspell.validate.cluster, llmspell.validate.local, llmspell.cli.app; print('dask' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("address", ["", "localhost:1", "http://x:1", "inproc://x"])
def test_what_is_no_address_is_a_clear_error(address: str) -> None:
    with pytest.raises(UsageError, match="is no address of a Dask scheduler"):
        ClusterExecutor(SETTINGS, address).__enter__()
