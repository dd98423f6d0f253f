"""Deadlines and usage of one run, seen from outside: which limit is crossed, and when to look again.

Pure: readings come in, and no clock is asked here. The rule kept here: no fixed tick. A worker of at most two
threads cannot use processor time faster than twice the wall, so nothing can be crossed before half of what is
left.
"""

from typing import NamedTuple

from llmspell.limits import Limits
from llmspell.outcome import LimitHit

SHORTEST_LOOK = 0.005
"""Seconds between two looks at least: what a fraction of a second is enforced to."""
LONGEST_DOZE = 0.1
"""Seconds at most between the looks at a worker that lies still close to its limit; at most twice this is
overshot.
"""
STUCK_CPU = 0.001
"""Seconds of processor time that do not count as computing."""
_THREADS = 2


class Patience(NamedTuple):
    """How many seconds a worker is given (`architecture.md`, Life of a worker; `wire.md`, Caps).

    `hello`: to be ready. `stuck`: to neither compute nor have a call open. `unread`: to leave what it is sent
    unread. `closed`: to live on after it closed its stdin or stdout, for most are about to end, and their end
    says more. `shutdown`: to end when it is asked to. `line`: to say where its script is once a limit was crossed.
    """

    hello: float = 10.0
    stuck: float = 5.0
    unread: float = 10.0
    closed: float = 2.0
    shutdown: float = 0.25
    line: float = 0.25


class Watch:
    """The watch over one run, from `now` and `cpu` on (seconds on the monotonic and on the process's own
    clock).

    `next_look` is when to come back; `heard_at` is set by whoever hears from the worker or speaks to it.
    """

    __slots__ = (
        "_cpu_before", "_limits", "_mark", "_mark_cpu", "_seen_cpu", "_step", "_stuck", "_waited",
        "heard_at", "next_look", "started",
    )  # fmt: skip

    def __init__(self, limits: Limits, patience: Patience, *, now: float, cpu: float) -> None:
        self._limits, self._stuck = limits, patience.stuck
        self.started = self.heard_at = self._mark = now
        self._cpu_before = self._mark_cpu = self._seen_cpu = cpu
        self._step = SHORTEST_LOOK
        self._waited = False
        self.next_look = min(now + SHORTEST_LOOK, now + limits.wall)

    def cpu_used(self, cpu: float) -> float:
        """Processor seconds of this run."""
        return max(cpu - self._cpu_before, 0.0)

    def look(self, now: float, cpu: float) -> LimitHit | None:
        """The limit that is crossed, if one is; and plans the next look."""
        limits = self._limits
        used = self.cpu_used(cpu)
        if used > limits.cpu:
            return LimitHit("cpu", limits.cpu, used, "seconds")
        wall = now - self.started
        if wall > limits.wall:
            return LimitHit("wall", limits.wall, wall, "seconds")
        self.next_look = now + min(self._until_cpu(limits.cpu - used, wall, cpu), limits.wall - wall + 1e-4)
        return None

    def _until_cpu(self, left: float, wall: float, cpu: float) -> float:
        # Growing with the age of the run: the early looks are for the peaks of memory, which a death takes
        # away.
        step = max(SHORTEST_LOOK, min(left / _THREADS, wall))
        if cpu == self._seen_cpu:
            step = max(step, min(2 * self._step, LONGEST_DOZE))
        self._seen_cpu, self._step = cpu, step
        return step

    def is_stuck(self, now: float, cpu: float, *, waiting: bool) -> bool:
        """Whether the worker has done nothing for too long. `waiting`: it has a call open, and so may lie
        still.
        """
        waited, self._waited = self._waited, waiting  # what it waited for may have come any time since the last look
        if waiting or waited or self.heard_at > self._mark or cpu - self._mark_cpu >= STUCK_CPU:
            self._mark, self._mark_cpu = now, cpu
            return False
        return now - self._mark >= self._stuck

    def wake_at(self, *, waiting: bool) -> float:
        """When to look at the latest if nothing is heard before."""
        if waiting:
            return self.next_look
        quiet = self.heard_at if self.heard_at > self._mark else self._mark + self._stuck
        # A first look soon after the last word makes the mark from which silence counts.
        return min(self.next_look, quiet + LONGEST_DOZE)
