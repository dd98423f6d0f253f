"""A model of what many scripts take, on one machine and on a cluster: every script is followed through its queues.

Pure; the costs come from `scale.py`, which measures them. Whatever computes needs a core of its machine, and a process
computes one thing at a time (the GIL), but for its workers, which are processes of their own. First come, first served.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from typing import NamedTuple

AHEAD = 2
"""Scripts for each job that are on their way at once, as in `llmspell.validate`."""


class Costs(NamedTuple):
    """Processor seconds for each script: of its `worker` (samples), of the `host` that drives that one, and what a
    cluster adds in its `client`, its `scheduler` and each `node`.
    """

    host: float
    worker: tuple[float, ...]
    client: float = 0.0
    scheduler: float = 0.0
    node: float = 0.0


class Shape(NamedTuple):
    """`machines` with so many `cores` each, on each of which one process drives `jobs` scripts at once. A `cluster` has
    a client and a scheduler besides, on machines of their own, unless all is on one (`together`).
    """

    machines: int
    cores: int
    jobs: int
    cluster: bool = False
    together: bool = False


class Simulated(NamedTuple):
    """Seconds that all took, and which queue was the busiest, with the share of the time that it was."""

    seconds: float
    busiest: str
    share: float


class _Servers:
    """They take whoever comes first. What needs two kinds of them has one of each at the same time."""

    def __init__(self, number: int) -> None:
        self.free = [0.0] * number
        self.busy = 0.0

    def share(self, seconds: float) -> float:
        """How much of the time they worked."""
        return self.busy / len(self.free) / seconds


def _serve(now: float, seconds: float, *needed: _Servers) -> float:
    """When somebody who comes now is done."""
    end = max(now, *(servers.free[0] for servers in needed)) + seconds
    for servers in needed:
        heapq.heapreplace(servers.free, end)
        servers.busy += seconds
    return end


_TAKE, _FREE, _WORKER = "take", "free", "worker"
"""A job, which belongs to a machine: a script waits for one, and gives it back. In between its worker works."""
_ON_A_MACHINE = (_TAKE, "host", _WORKER, "host", _FREE)
_ON_A_CLUSTER = ("client", "scheduler", *_ON_A_MACHINE, "scheduler", "client")


def simulate(scripts: int, shape: Shape, costs: Costs, *, seed: int = 1) -> Simulated:
    """Sends so many scripts on their way, step by step."""
    chance = random.Random(seed)
    way = _ON_A_CLUSTER if shape.cluster else _ON_A_MACHINE
    added = costs.node if shape.cluster else 0.0
    halves = {"client": costs.client / 2, "scheduler": costs.scheduler / 2, "host": (costs.host + added) / 2}
    cores = [_Servers(shape.cores) for _ in range(1 if shape.together else shape.machines)]
    hosts = [_Servers(1) for _ in range(shape.machines)]
    alone = {"client": _Servers(1), "scheduler": _Servers(1)}
    free = deque(machine for _ in range(shape.jobs) for machine in range(shape.machines))
    ahead = AHEAD * len(free)
    waiting: deque[tuple[int, int]] = deque()
    events: list[tuple[float, int, int, int]] = []  # when, which script, its next step, the machine of its job
    sent = done = 0
    now = 0.0
    while done < scripts:
        while sent < scripts and sent - done < ahead:
            sent += 1
            heapq.heappush(events, (now, sent, 0, 0))
        now, script, step, machine = heapq.heappop(events)
        if step == len(way):
            done += 1
            continue
        then, kind = now, way[step]
        its_cores = cores[0 if shape.together else machine]
        if kind == _TAKE:
            if not free:
                waiting.append((script, step))
                continue
            machine = free.popleft()
        elif kind == _FREE:
            if waiting:
                other, its_step = waiting.popleft()
                heapq.heappush(events, (now, other, its_step + 1, machine))
            else:
                free.append(machine)
        elif kind == _WORKER:
            then = _serve(now, chance.choice(costs.worker), its_cores)
        elif kind == "host":
            then = _serve(now, halves[kind], hosts[machine], its_cores)
        elif shape.together:
            then = _serve(now, halves[kind], alone[kind], its_cores)
        else:
            then = _serve(now, halves[kind], alone[kind])
        heapq.heappush(events, (then, script, step + 1, machine))
    shares = {name: servers.share(now) for name, servers in alone.items()}
    shares |= {"host": max(one.share(now) for one in hosts), "cores": max(one.share(now) for one in cores)}
    busiest = max(shares, key=lambda name: shares[name])
    return Simulated(now, busiest, shares[busiest])
