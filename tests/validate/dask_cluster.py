"""A real Dask cluster on this machine: a scheduler and nodes, each a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

DEADLINE = 60.0
_ALLOWED_FAILURES = 1
LOST_UNDER_ONE = _ALLOWED_FAILURES + 2
"""Nodes that may be lost under one spell: those that the scheduler allows, and one to be sure."""


class DaskCluster:
    """A context manager; `address` is the scheduler's."""

    def __init__(self, folder: Path, nodes: int) -> None:
        self._file = folder / "scheduler.json"
        self._folder = folder
        self.scheduler = self._start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.nodes = [self._start_node(f"node-{number}") for number in range(nodes)]

    @contextmanager
    def another(self, name: str, **environment: str) -> Iterator[None]:
        """One more node, for a while."""
        node = self._start_node(name, **environment)
        try:
            self.wait_for(len(self.nodes) + 1)
            yield
        finally:
            node.kill()
            node.wait()
            self.wait_for(len(self.nodes))

    def _start_node(self, name: str, **environment: str) -> subprocess.Popen[bytes]:
        options = ["--no-nanny", "--nthreads", "1", "--no-dashboard", "--name", name, "--memory-limit", "0"]
        return self._start("dask_worker", *options, "--local-directory", str(self._folder), **environment)

    def __enter__(self) -> Self:
        until = time.monotonic() + DEADLINE
        while not self.address:  # the scheduler has no other way to say where it is
            assert self.scheduler.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        self.wait_for(len(self.nodes))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in (*self.nodes, self.scheduler):
            process.kill()
            process.wait()

    @property
    def address(self) -> str:
        """Where the scheduler is; empty before it is known."""
        try:
            return str(json.loads(self._file.read_bytes())["address"])
        except (FileNotFoundError, ValueError):
            return ""

    def wait_for(self, nodes: int) -> None:
        """Waits until so many nodes are there, and no more."""
        from distributed import Client

        until = time.monotonic() + DEADLINE
        with Client(self.address, timeout=DEADLINE, set_as_default=False) as client:
            client.wait_for_workers(nodes, timeout=DEADLINE)
            while len(client.nthreads()) > nodes:
                assert time.monotonic() < until

    def kill(self, number: int) -> None:
        """Ends a node at once."""
        os.kill(self.nodes[number].pid, signal.SIGKILL)

    def _start(self, program: str, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{program}", "--scheduler-file", str(self._file), *options]
        allowed = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(_ALLOWED_FAILURES)}
        variables = {**os.environ, **allowed, **environment}
        with open(self._folder / f"{program}.log", "ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env=variables, cwd=self._folder)
