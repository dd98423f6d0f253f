"""One child: spawned, measured, verified, killed and reaped, whatever the host is like."""

from __future__ import annotations

import errno
import gc
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from llmspell.errors import SetupError
from llmspell.sandbox.process import WorkerProcess, spawn
from llmspell.sandbox.verify import look
from tests.patience import PATIENTLY
from tests.sandbox.conftest import read, run, scripted

SLEEPS = "import signal; signal.pause()"


def python(code: str) -> WorkerProcess:
    """A child that runs some Python."""
    return spawn([sys.executable, "-I", "-S", "-c", code], engine="none", memory=1 << 20)


def test_a_child_gets_its_arguments_an_empty_environment_and_three_descriptors() -> None:
    names = os.listdir("/proc/self/fd")
    open_here = [int(name) for name in names if os.path.exists(f"/proc/self/fd/{name}")]
    leaky = sorted(number for number in open_here if 2 < number < 100 and os.get_inheritable(number))
    ours = os.open("/dev/null", os.O_RDONLY)  # CLOEXEC, as all that Python opens
    with python(
        "import os, sys; print(sys.argv[1:], sorted(set(os.environ) - {'LC_CTYPE'}),"
        " os.getsid(0) == os.getpid(),"
        " [n for n in range(100) if os.path.exists(f'/proc/self/fd/{n}')], flush=True)"
    ) as process:
        said = read(process.stdout).decode()
    os.close(ours)
    assert said == f"['none', '1048576'] [] True {[0, 1, 2, *leaky]}\n"


def test_words_before_the_program_are_all_of_a_childs_environment() -> None:
    show = "import os; print({key: value for key, value in os.environ.items() if key != 'LC_CTYPE'}, flush=True)"
    command = ["ONE=1", "TWO=a=b", sys.executable, "-c", show]
    with spawn(command, engine="none", memory=1 << 20) as process:
        said = read(process.stdout).decode()
    assert said == "{'ONE': '1', 'TWO': 'a=b'}\n"


def test_signals_of_a_child_are_default_and_unblocked_whatever_the_host_has() -> None:
    code = "import signal; print(signal.pthread_sigmask(0, ()), signal.getsignal(1), flush=True)"
    old = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        with python(code) as process:
            assert read(process.stdout) == b"set() 0\n"
    finally:
        signal.signal(signal.SIGHUP, old)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def test_its_figures_are_read_from_outside() -> None:
    code = "import os; x = bytearray(30 << 20); y = sum(range(10**6)); os.write(1, b'!'); os.read(0, 1)"
    with python(code) as process:
        read(process.stdout)
        assert b"\nPid:\t%d\n" % process.pid in process.status()
        memory, space = process.peaks()
        assert (memory, space) == (process.peak_memory(), process.peak_address_space())
        assert 30 << 20 < (memory or 0) < (space or 0)
        assert 0.005 < process.cpu_seconds() < 10


def test_after_the_end_the_figures_are_those_of_the_corpse() -> None:
    process = python("sum(range(10**6))")
    assert process.wait(PATIENTLY)
    assert process.peaks() == (None, None)
    ended = process.kill_and_reap()
    assert (ended.exit_code, ended.signal) == (0, None)
    assert process.cpu_seconds() == ended.cpu_seconds > 0.005
    assert process.status() == b""
    assert process.wait(0)


@pytest.mark.parametrize("code", [SLEEPS, "import os; os.kill(os.getpid(), 19)", "while True: pass"])
def test_every_child_can_be_killed(code: str) -> None:
    process = python(code)
    ended = process.kill_and_reap()
    assert (ended.exit_code, ended.signal) == (None, signal.SIGKILL)
    assert process.kill_and_reap() is ended
    assert process.ended is ended


def test_grace_lets_a_child_end_by_itself() -> None:
    process = python("import os; os.read(0, 1); os._exit(5)")
    process.close_stdin()
    process.close_stdin()
    assert process.kill_and_reap(grace=PATIENTLY).exit_code == 5


def test_two_threads_may_end_the_same_child() -> None:
    process = python(SLEEPS)
    found: list[object] = []
    enders = [threading.Thread(target=lambda: found.append(process.kill_and_reap())) for _ in range(8)]
    for ender in enders:
        ender.start()
    for ender in enders:
        ender.join()
    assert found == [process.ended] * 8


def test_a_dropped_child_is_ended() -> None:
    process = python(SLEEPS)
    pidfd = os.pidfd_open(process.pid)
    del process
    gc.collect()
    with pytest.raises(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, 0)
    os.close(pidfd)


def test_a_host_that_ignores_the_end_of_children_is_tolerated() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        process = python("import os; os.read(0, 1)")  # one that ends before it is watched cannot be started
        process.close_stdin()
        assert process.wait(PATIENTLY)
        assert process.cpu_seconds() == 0.0
        assert process.peaks() == (None, None)
        process.limit_cpu(1)
        with pytest.raises(SetupError, match="cannot be verified: the memory limit"):
            look(process, 1 << 20)
        assert process.kill_and_reap() == (None, None, 0.0)
        end = run("compute(0.05); os._exit(3)")
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert end.error is not None
    assert end.error.message == "the worker ended, and somebody else has reaped it, without a last word"


def test_the_cpu_limit_stays_below_a_hard_one_that_is_there() -> None:
    with python("import resource; resource.setrlimit(0, (4, 4)); print(flush=True); " + SLEEPS) as process:
        read(process.stdout)
        process.limit_cpu(100)
        process.limit_cpu(1e30)
        assert resource.prlimit(process.pid, resource.RLIMIT_CPU) == (4, 4)
        process.limit_cpu(0.5)
        assert resource.prlimit(process.pid, resource.RLIMIT_CPU) == (3, 4)


@pytest.mark.parametrize(
    ("missing", "why"),
    [
        ([], "its command is empty"),
        (["/no/such/worker"], "/no/such/worker: No such file"),
        (["/etc"], "/etc: Permission"),
        (["a\0b"], "null"),
    ],
)
def test_a_command_that_cannot_be_started_is_a_setup_error(missing: list[str], why: str) -> None:
    with pytest.raises(SetupError, match=f"the worker for none cannot be started: .*{why}"):
        spawn(missing, engine="none", memory=1)


@contextmanager
def soft_limit(limit: int, soft: int) -> Iterator[None]:
    before = resource.getrlimit(limit)
    resource.setrlimit(limit, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(limit, before)


@pytest.mark.parametrize("room", range(6))
def test_running_out_of_descriptors_is_a_setup_error_and_leaves_nothing(room: int) -> None:
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    fillers = [os.open("/dev/null", os.O_RDONLY) for _ in range(highest)]  # no holes below the limit
    top = max(fillers)
    try:
        with (
            soft_limit(resource.RLIMIT_NOFILE, top + 1 + room),
            pytest.raises(SetupError, match="Too many open"),
        ):
            python(SLEEPS)
        with soft_limit(resource.RLIMIT_NOFILE, top + 7):
            python(SLEEPS).kill_and_reap()
    finally:
        for filler in fillers:
            os.close(filler)


@pytest.mark.parametrize("call", ["pidfd_open", "eventfd"])
def test_a_kernel_that_refuses_a_call_is_a_setup_error_and_leaves_nothing(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: int) -> int:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(SetupError, match="Function not implemented"):
        scripted()


def test_without_proc_the_figures_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., int] = os.open

    def no_status(path: str, flags: int) -> int:
        if path.endswith("/status"):
            raise FileNotFoundError(path)
        return real(path, flags)

    monkeypatch.setattr(os, "open", no_status)
    with python(SLEEPS) as process:
        assert process.peaks() == (None, None)
        assert process.status() == b""
