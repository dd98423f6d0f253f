"""What a worker that can start others leaves behind: it ends with the worker, and nothing else does."""

from __future__ import annotations

import ctypes
import os
import resource
import select
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from llmspell.sandbox.process import WorkerProcess, spawn
from tests.sandbox.test_hosts import in_another_host, said_by

LEAVES = """
import os, resource, sys, time
def leave(action):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            action()
        os._exit(0)
    os.wait()
def lie():
    os.write(1, b"%d\\n" % os.getpid())
    time.sleep(60)
"""
"""A worker by somebody else, and what it does before it says how far it is."""
LIMIT_LOCKS = 10
SECONDS = 50


def leaving(then: str) -> WorkerProcess:
    return spawn([sys.executable, "-c", LEAVES + then], engine="other", memory=1, branded=True)


def numbers(process: WorkerProcess, count: int) -> list[int]:
    text = b""
    while text.count(b"\n") < count:
        assert select.select([process.stdout], [], [], SECONDS)[0]
        text += os.read(process.stdout, 4096)
    return list(map(int, text.split()))


def is_reaper() -> bool:
    answer = ctypes.c_int()
    ctypes.CDLL(None).prctl(37, ctypes.byref(answer), 0, 0, 0)
    return bool(answer.value)


@pytest.mark.parametrize(
    "then",
    [
        pytest.param("leave(lie)", id="a session of its own"),
        pytest.param("leave(lambda: leave(lie) or time.sleep(60))", id="sessions in sessions"),
        pytest.param("resource.prlimit(0, 10, (5, 5)); leave(lie)", id="its brand lowered"),
        pytest.param("leave(lambda: (resource.prlimit(0, 10, (1, 1)), lie()))", id="its child's brand lowered"),
        pytest.param("leave(lie)\nos.kill(os.getpid(), 9)", id="dead before it is ended"),
        pytest.param("leave(lie); leave(lie); time.sleep(60)", id="alive when it is ended"),
    ],
)
def test_what_a_worker_has_left_behind_ends_with_it(then: str) -> None:
    with leaving(then) as process:
        left = [os.pidfd_open(pid) for pid in numbers(process, then.count("leave(lie); ") or 1)]
        process.kill_and_reap()
    for held in left:
        assert select.select([held], [], [], SECONDS)[0]
        os.close(held)
    assert not is_reaper()


def test_children_that_start_children_for_ever_do_not_get_away() -> None:
    run = "def run():\n  os.write(1, b'1\\n')\n  while True:\n    if os.fork(): os._exit(0)\nleave(run)"
    with leaving(run) as process:
        numbers(process, 1)
        brand = resource.prlimit(process.pid, LIMIT_LOCKS)[1]
        process.kill_and_reap()
    assert [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if locks(pid) == brand] == []


def locks(pid: int) -> int:
    try:
        return resource.prlimit(pid, LIMIT_LOCKS)[1]
    except OSError:
        return -1


def test_another_worker_and_a_child_of_the_hosts_own_are_left_alone() -> None:
    with subprocess.Popen(["sleep", "60"]) as own, leaving("leave(lie); time.sleep(60)") as other:
        (kept,) = numbers(other, 1)
        with leaving("leave(lie); time.sleep(60)") as process:
            (left,) = numbers(process, 1)
            held = os.pidfd_open(left)
            process.kill_and_reap()
        assert select.select([held], [], [], SECONDS)[0]
        os.close(held)
        assert (own.poll(), other.wait(0), Path(f"/proc/{kept}").exists()) == (None, False, True)
        assert is_reaper()  # for the one that lives
        own.kill()
    assert not is_reaper()


def test_many_threads_end_theirs_at_once() -> None:
    ended: list[bool] = []

    def one() -> None:
        with leaving("leave(lie); time.sleep(60)") as process:
            (left,) = numbers(process, 1)
            held = os.pidfd_open(left)
            process.kill_and_reap()
        ended.append(bool(select.select([held], [], [], SECONDS)[0]))
        os.close(held)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended == [True] * 4
    assert not is_reaper()


def test_hosts_beside_one_another_end_their_own_and_no_others() -> None:
    code = """
import sys, time
from llmspell.sandbox.process import spawn
process = spawn(["sh", "-c", "sleep 60"], engine="other", memory=1, branded=True)
print("ready", flush=True)
sys.stdin.readline()
print(process.wait(0))
process.kill_and_reap()
"""
    with in_another_host(code, stdin=subprocess.PIPE) as host:
        assert host.stdout is not None
        assert host.stdout.readline() == b"ready\n"
        with leaving("leave(lie); time.sleep(60)") as process:
            numbers(process, 1)
        assert host.communicate(b"go\n", timeout=SECONDS)[0] == b"False\n"


def test_a_host_that_was_a_reaper_before_stays_one_and_a_fork_of_it_is_none() -> None:
    host = in_another_host(
        """
import ctypes, os, sys
from llmspell.sandbox import stragglers
from llmspell.sandbox.process import spawn
libc = ctypes.CDLL(None)
libc.prctl(36, 1, 0, 0, 0)
process = spawn(["sh", "-c", "sleep 60"], engine="other", memory=1, branded=True)
forked = os.fork()
if forked == 0:
    os._exit(1 if stragglers._alive else 0)
assert os.waitpid(forked, 0)[1] == 0
process.kill_and_reap()
print(stragglers._is_reaper(), stragglers._alive)
"""
    )
    with host:
        assert said_by(host) == b"True set()\n"
