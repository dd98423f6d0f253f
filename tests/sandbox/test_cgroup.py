"""A worker's cgroup: its limits, its counts as evidence, its end; and what a host that was killed has left."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from llmspell import ScriptRuntime, SetupError, Verdict
from llmspell.sandbox.cgroup import CONTROLLERS, PREFIX, PROCESSES, Cgroup, Counts, Hierarchy, found
from llmspell.sandbox.driver import Worker
from llmspell.sandbox.ending import RunEnd
from tests.patience import PATIENTLY
from tests.sandbox.conftest import LIMITS, command, configuration, run_on

ROOT = Path(__file__).parents[2]
UNIFIED = next(
    (
        line.split(" ")[4]
        for line in Path("/proc/self/mountinfo").read_text().splitlines()
        if " - cgroup2 " in line and os.access(line.split(" ")[4], os.W_OK)
    ),
    None,
)
real = pytest.mark.skipif(UNIFIED is None, reason="no cgroup v2 file system can be written here")
FILES = {
    "cgroup.procs": "", "cgroup.kill": "", "memory.max": "max", "memory.swap.max": "max", "memory.oom.group": "0",
    "pids.max": "max", "memory.events": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n",
    "memory.peak": "0",
}  # fmt: skip


class StandIn(Hierarchy):
    """A folder in the place of the file system: its cgroups hold what a script of the test writes, and nobody."""

    lacks: tuple[str, ...] = ()

    def make(self, name: str) -> str:
        path = super().make(name)
        for file, text in FILES.items():
            if file not in self.lacks:
                Path(path, file).write_text(text)
        return path

    def remove(self, path: str) -> None:
        shutil.rmtree(path)


@pytest.fixture
def hierarchy(tmp_path: Path) -> StandIn:
    return StandIn(str(tmp_path))


def run_in(cgroup: Cgroup | None, script: str) -> RunEnd:
    worker = Worker(
        command(), engine="scripted", limits=LIMITS, configure=configuration(), layers=("cgroup",), cgroup=cgroup
    )
    with worker:
        assert worker.confinement.cgroup == (cgroup.path if cgroup else None)
        return run_on(worker, script)


def test_a_cgroup_is_limited_before_anybody_is_in_it_and_is_gone_with_its_worker(hierarchy: StandIn) -> None:
    cgroup = hierarchy.new(LIMITS.memory)
    limits = [Path(cgroup.path, f"{name}").read_text() for name in ("memory.max", "memory.swap.max", "pids.max")]
    assert (limits, cgroup.processes()) == ([str(LIMITS.memory), "0ax", "64x"], [])
    assert run_in(cgroup, "done(7)").value == 7
    assert os.listdir(hierarchy.parent) == []


def test_a_kill_for_want_of_memory_is_the_kernels_word(hierarchy: StandIn) -> None:
    killed = "os.kill(os.getpid(), 9)"
    assert run_in(hierarchy.new(LIMITS.memory), killed).verdict is Verdict.CRASH
    cgroup = hierarchy.new(LIMITS.memory)
    Path(cgroup.path, "memory.events").write_text("oom 1\noom_kill 1\n")
    end = run_in(cgroup, killed)
    assert end.limit is not None
    assert (end.verdict, end.limit.name, end.evidence) == (Verdict.LIMIT, "memory", "kernel")


def test_the_peak_is_that_of_the_cgroup_where_it_is_higher(hierarchy: StandIn) -> None:
    cgroup = hierarchy.new(LIMITS.memory)
    Path(cgroup.path, "memory.peak").write_text(f"{LIMITS.memory - 4096}\n")
    assert run_in(cgroup, "done()").peak_memory_bytes == LIMITS.memory - 4096
    assert (run_in(hierarchy.new(LIMITS.memory), "done()").peak_memory_bytes or 0) > 4096


def test_a_kernel_that_does_not_count_swap_is_no_obstacle_and_one_that_does_not_count_memory_is(
    hierarchy: StandIn,
) -> None:
    hierarchy.lacks = ("memory.swap.max", "memory.peak")
    cgroup = hierarchy.new(LIMITS.memory)
    assert cgroup.counts() == Counts(0, None)
    cgroup.end()
    hierarchy.lacks = ("memory.max",)
    with pytest.raises(FileNotFoundError):
        hierarchy.new(LIMITS.memory)
    assert os.listdir(hierarchy.parent) == []


def test_what_a_dead_host_has_left_is_swept_and_what_a_living_one_has_is_not(hierarchy: StandIn) -> None:
    ours = hierarchy.new(LIMITS.memory)
    prefix, pid, start, namespace, _ = Path(ours.path).name.split("-")
    with subprocess.Popen([sys.executable, "-c", "pass"]) as dead:
        dead.wait()
    left = [f"{prefix}-{dead.pid}-1-{namespace}-0", f"{prefix}-{pid}-{int(start) + 1}-{namespace}-0"]
    kept = [f"{prefix}-1-x-{namespace}-0", f"{prefix}-{dead.pid}-1-1-0", "user.slice", f"{prefix}-{'9' * 40}"]
    for name in left + kept:
        hierarchy.make(name)
    assert hierarchy.sweep() == len(left)
    assert sorted(os.listdir(hierarchy.parent)) == sorted([*kept, Path(ours.path).name])


def test_where_no_cgroup_can_be_made_nothing_runs_and_the_next_step_is_named() -> None:
    try:
        found()
    except OSError:
        with pytest.raises(SetupError, match=r"a cgroup is required and cannot be had: .*; start the program in"):
            ScriptRuntime.with_lua(require=("memory", "cgroup")).execute("return 1")
    else:
        outcome = ScriptRuntime.with_lua(require=("memory", "cgroup")).execute("return 1")
        assert outcome.ok
        assert PREFIX in str(outcome.confinement.cgroup)


@pytest.fixture
def controlled() -> Hierarchy:
    """Where the kernel counts. Its controllers are handed down in most systems, and seldom in containers."""
    try:
        return found()
    except OSError as error:
        pytest.skip(f"no cgroup with controllers: {error.strerror}")


FAMILY = """
import os, signal
for _ in range(8):
    if os.fork() == 0:
        held = bytearray(range(256)) * (12 << 12)
        signal.pause()
signal.pause()
"""
"""Each of them stays below its address space, and all together take twice what the cgroup has."""
PIPES = """
import fcntl, os
for _ in range(100):
    _, end = os.pipe()
    fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, 1 << 20)
    os.write(end, bytes(1 << 20))
"""
FORKS = """
import os, signal
made = 0
try:
    while os.fork():
        made += 1
    signal.pause()
except BlockingIOError:
    done(made)
"""


def test_those_who_take_too_much_together_are_killed_and_the_verdict_is_the_kernels_word(controlled: Hierarchy) -> None:
    end = run_in(controlled.new(LIMITS.memory), FAMILY)
    assert end.limit is not None
    assert (end.verdict, end.limit.name, end.evidence) == (Verdict.LIMIT, "memory", "kernel")
    assert 0.5 * LIMITS.memory < (end.peak_memory_bytes or 0) <= LIMITS.memory  # pages are counted in large steps
    assert _left(controlled) == []


def test_what_the_kernel_holds_for_a_worker_is_counted_as_its_own(controlled: Hierarchy) -> None:
    end = run_in(controlled.new(LIMITS.memory), PIPES)
    assert end.limit is not None
    assert (end.verdict, end.limit.name, end.evidence) == (Verdict.LIMIT, "memory", "kernel")


def test_no_more_processes_can_be_made_than_a_cgroup_has_room_for(controlled: Hierarchy) -> None:
    assert run_in(controlled.new(LIMITS.memory), FORKS).value == PROCESSES - 1
    assert _left(controlled) == []


def _left(hierarchy: Hierarchy) -> list[str]:
    return [name for name in os.listdir(hierarchy.parent) if name.startswith(f"{PREFIX}-{os.getpid()}-")]


KILLED_HOST = """
import os, sys, time
from llmspell.sandbox.cgroup import Cgroup, Hierarchy, _identity
hierarchy = Hierarchy(sys.argv[1])
cgroup = Cgroup(hierarchy, hierarchy.make(f"llmspell-{_identity(os.getpid())}-0"))
child = os.fork()
if child == 0:
    os.setsid()
    time.sleep(60)
cgroup.add(child)
print(cgroup.path, child, flush=True)
time.sleep(60)
"""
"""A host that puts a process into a cgroup without controllers, and is killed."""


@real
def test_on_a_real_file_system_all_that_a_killed_host_left_in_its_cgroup_is_killed_and_the_cgroup_swept() -> None:
    environment = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "workers")])}
    line = [sys.executable, "-c", KILLED_HOST, str(UNIFIED)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, env=environment) as host:
        assert host.stdout is not None
        path, child = host.stdout.readline().decode().split()
        held = os.pidfd_open(int(child))
        try:
            host.kill()
            host.wait()
            assert Path(path, "cgroup.procs").read_text() == f"{child}\n"
            assert Hierarchy(str(UNIFIED)).sweep() >= 1
            assert select.select([held], [], [], PATIENTLY)[0] == [held]
        finally:
            os.close(held)
    assert not Path(path).exists()


@real
def test_on_a_real_file_system_a_whole_tree_of_sessions_is_killed_at_once() -> None:
    hierarchy = Hierarchy(str(UNIFIED))
    cgroup = Cgroup(hierarchy, hierarchy.make(f"test-{os.getpid()}"))
    forks = "import os, time\nif os.fork() == 0:\n os.setsid(); os.fork()\ntime.sleep(60)"
    with subprocess.Popen(["sh", "-c", 'read go; exec "$0" -c "$1"', sys.executable, forks], stdin=-1) as process:
        cgroup.add(process.pid)
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
        while len(cgroup.processes()) < 3:
            assert process.poll() is None
        cgroup.end()
        assert process.wait(PATIENTLY) == -signal.SIGKILL
    assert not Path(cgroup.path).exists()


@real
def test_a_file_system_without_the_controllers_is_not_taken_for_one_with_them() -> None:
    given = Path(str(UNIFIED), "cgroup.subtree_control").read_text().split()
    if not set(CONTROLLERS) <= set(given):
        with pytest.raises(FileNotFoundError):
            Hierarchy(str(UNIFIED)).new(LIMITS.memory)
    assert _left(Hierarchy(str(UNIFIED))) == []
