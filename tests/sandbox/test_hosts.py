"""Hosts of every kind around a child: with threads, forked, without stdio, killed."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
from pathlib import Path

from llmspell.errors import SetupError
from llmspell.sandbox.process import WorkerProcess, spawn
from tests.patience import PATIENTLY
from tests.sandbox.conftest import LIMITS, command, read
from tests.uncounted import uncounted

ROOT = Path(__file__).parents[2]


def in_another_host(code: str, *, stdin: int | None = None, stderr: int | None = None) -> subprocess.Popen[bytes]:
    """A host of its own that runs `code`."""
    environment = uncounted() | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "workers")])}
    words = [sys.executable, "-c", code]
    return subprocess.Popen(words, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, env=environment)


def said_by(host: subprocess.Popen[bytes]) -> bytes:
    """All that a host prints."""
    printed, _ = host.communicate(timeout=PATIENTLY)
    assert host.returncode == 0
    return printed


def test_a_worker_outlives_the_thread_that_asked_for_it() -> None:
    """The worker asks for a death signal, which follows the thread that spawned it (E27)."""
    prelude = "import ctypes; ctypes.CDLL(None).prctl(1, 9); arm(200 << 20); hello()"
    memory = 200 << 20
    made: list[WorkerProcess] = []

    def ask() -> None:
        made.append(spawn(command(prelude), engine="scripted", memory=memory))
        read(made[0].stdout)  # Hello: the death signal is armed

    for _ in range(2):
        asker = threading.Thread(target=ask)
        asker.start()
        asker.join()
        with made.pop() as process:
            assert not process.wait(0.2)


def test_a_thread_is_told_why_a_worker_cannot_be_started() -> None:
    told: list[SetupError] = []

    def ask() -> None:
        try:
            spawn(["/no/such/worker"], engine="none", memory=LIMITS.memory)
        except SetupError as error:
            told.append(error)

    asker = threading.Thread(target=ask)
    asker.start()
    asker.join()
    assert len(told) == 1


SPAWNS_ON_A_THREAD = """
import os, sys, threading
from llmspell.sandbox.process import spawn

def once():
    spawn([sys.executable, "-I", "-S", "-c", "input()"], engine="none", memory=1).kill_and_reap()
    print("spawned", flush=True)

def on_a_thread():
    thread = threading.Thread(target=once)
    thread.start()
    thread.join(60)

on_a_thread()
if not os.fork():
    on_a_thread()
    os._exit(0)
os.wait()
"""


def test_a_spawner_works_in_a_process_that_was_forked_off() -> None:
    assert said_by(in_another_host(SPAWNS_ON_A_THREAD)) == b"spawned\nspawned\n"


FORKS = """
import os, sys
from llmspell.sandbox.process import spawn
process = spawn([sys.executable, "-I", "-S", "-c", "input()"], engine="none", memory=1)
if not os.fork():
    print(process.kill_and_reap(), process.stdin, flush=True)
    os._exit(0)
os.wait()
print(process.wait(0), process.kill_and_reap().signal)
"""


def test_a_forked_host_leaves_the_child_alone() -> None:
    forked, host = said_by(in_another_host(FORKS)).splitlines()
    assert forked == b"Ended(exit_code=None, signal=None, cpu_seconds=0.0) -1"
    assert host == b"False 9"


FORKS_AMID_RUNS = """
import os
from llmspell import FunctionTool, Limits, ScriptRuntime, default_policy

def one() -> int:
    return 1

policy = default_policy().with_tools(["one"])
runtime = ScriptRuntime.with_lua(tools=[FunctionTool(one)], policy=policy, limits=Limits(tool_seconds=5.0))
session = runtime.session()
print(runtime.execute("return Tool.execute('one')").value, session.execute("x = 2").verdict, flush=True)
if not os.fork():
    print(runtime.execute("return Tool.execute('one')").value, session.execute("return x").value, flush=True)
    session.close()
    os._exit(0)
os.wait()
print(session.execute("return x").value, session.generation)
"""


def test_a_forked_host_runs_tools_and_leaves_sessions_alone() -> None:
    """A thread that waited for work is not there after the fork, and a worker is not the forked host's to end."""
    assert said_by(in_another_host(FORKS_AMID_RUNS)).splitlines() == [b"1 ok", b"1 None", b"2 1"]


LEAVES_A_SESSION = """
from llmspell import ScriptRuntime
session = ScriptRuntime.with_lua().session()
print(session.execute("return 1").value)
"""


def test_a_host_that_ends_with_an_open_session_says_nothing_of_it() -> None:
    host = in_another_host(LEAVES_A_SESSION, stderr=subprocess.STDOUT)
    assert said_by(host) == b"1\n"


WITHOUT_STDIO = """
import os, sys
out = os.dup(1)
os.closerange(0, 3)
from llmspell.sandbox.process import spawn
code = "import os; os.write(1, os.read(0, 9)); os.write(2, b'error'); os._exit(0)"
process = spawn([sys.executable, "-I", "-S", "-c", code], engine="none", memory=1)
os.write(process.stdin, b"echo")
process.wait(60)
os.write(out, os.read(process.stdout, 9) + os.read(process.stderr, 9))
process.kill_and_reap()
"""


def test_a_host_without_stdio_can_spawn() -> None:
    assert said_by(in_another_host(WITHOUT_STDIO)) == b"echoerror"


WAITS_FOR_EVER = """
from tests.sandbox.conftest import *
with scripted() as worker:
    print(worker.process.pid, flush=True)
    run_on(worker, "call(1, 'never')", Desk(never=lambda _: None))
"""


def test_when_the_host_is_killed_its_worker_goes() -> None:
    host = in_another_host(WAITS_FOR_EVER)
    assert host.stdout is not None
    pidfd = os.pidfd_open(int(host.stdout.readline()))
    host.kill()
    host.wait()
    host.stdout.close()
    poller = select.poll()
    poller.register(pidfd, select.POLLIN)
    assert poller.poll(PATIENTLY * 1000)
    os.close(pidfd)


def test_nothing_heavy_is_imported() -> None:
    code = "import sys; import llmspell.sandbox.driver; print(*sys.modules)"
    modules = set(said_by(in_another_host(code)).decode().split())
    heavy = {"subprocess", "tempfile", "asyncio", "logging", "json", "dataclasses", "threading", "click"}
    assert heavy & modules == set()
