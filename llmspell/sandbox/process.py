"""One worker process: spawned, measured, killed and reaped here and nowhere else.

Theory of operation. `spawn` makes three pipes, starts the command with nothing in its environment, in a
session of its own, with default signals, and takes hold of the process by a descriptor (pidfd) and of its
figures by an open `/proc/PID/status` before anyone else can interfere. The child is never reaped before
`kill_and_reap`, so its pid cannot come to mean another process meanwhile. `kill_and_reap` is the only
function that ends a child; it may be called from any thread and any number of times, and it always waits for
the corpse. A worker that is not known to be unable to start others is branded, and what it has started ends with it
(`stragglers.py`); one that was put into a cgroup is ended by the kernel with all that is in there.

The child is given descriptors 0, 1 and 2. All that this package opens is closed by the exec; what the host's
other code has left open without CLOEXEC, the worker closes in its own first lines.
"""

import _thread
import os
import resource
import select
import signal
import time
from collections.abc import Sequence
from typing import NamedTuple

from llmspell.sandbox.start import cannot_start, split_environment, start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llmspell.sandbox.cgroup import Cgroup, Counts

_CPU_CLOCK_OF_PROCESS = 2
"""CPUCLOCK_SCHED of a whole process: `(~pid << 3) | 2` is its clock id (kernel posix-timers.h)."""


class Ended(NamedTuple):
    """How a process ended: by `exit_code` or by `signal`; both are None where somebody else has reaped it.

    `cpu_seconds` is all it ever used, from its first instruction on.
    """

    exit_code: int | None
    signal: int | None
    cpu_seconds: float


class WorkerProcess:
    """A child of ours with its pipes. A context manager: leaving it ends the child.

    `stdin` (to write), `stdout` and `stderr` (to read) are the host's ends and do not block; `pidfd` becomes
    readable when the process ends.
    """

    __slots__ = (
        "_cgroup", "_clock", "_counts", "_ended", "_lock", "_owner", "_status", "brand", "engine", "inherited",
        "pid", "pidfd", "stderr", "stdin", "stdout",
    )  # fmt: skip

    def __init__(self, engine: str, pid: int, pidfd: int, status: int, inherited: bytes, pipes: Sequence[int]) -> None:
        self.engine, self.pid, self.pidfd, self._status = engine, pid, pidfd, status
        self.inherited = inherited
        """The status of the thread that spawned it, at that time."""
        self.stdin, self.stdout, self.stderr = pipes
        self._clock = (~pid << 3) | _CPU_CLOCK_OF_PROCESS
        self._owner = os.getpid()
        self._lock = _thread.RLock()
        self.brand: int | None = None
        """By which what it starts is known as its own."""
        self._cgroup: Cgroup | None = None
        self._counts: Counts | None = None
        self._ended: Ended | None = None  # last: `__del__` takes it for a sign that all else is there

    def __enter__(self) -> "WorkerProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill_and_reap()

    def __del__(self) -> None:
        if getattr(self, "_ended", self) is None:
            try:
                self.kill_and_reap()
            except ImportError:
                pass  # the interpreter goes: `wait4` has reaped the corpse, and cannot make its figures any more

    @property
    def ours(self) -> bool:
        """Whether it was spawned by this process, and not by the one that this was forked off."""
        return os.getpid() == self._owner

    @property
    def ended(self) -> Ended | None:
        """How it ended, once `kill_and_reap` was called."""
        return self._ended

    def enter(self, cgroup: "Cgroup") -> None:
        """Puts it into a cgroup that ends with it. Raises OSError, and the cgroup is gone."""
        try:
            cgroup.add(self.pid)
        except OSError:
            cgroup.end()
            raise
        self._cgroup = cgroup

    @property
    def cgroup(self) -> str | None:
        """The folder of the cgroup that it is in."""
        return None if self._cgroup is None else self._cgroup.path

    def counts(self) -> "Counts | None":
        """What its cgroup has counted, also after its end; None without one."""
        return self._cgroup.counts() if self._cgroup is not None else self._counts

    def peak_memory(self) -> int | None:
        """The most memory it ever had resident, in bytes (`VmHWM`); None after its end."""
        return _kilobytes(self.status(), b"VmHWM:")

    def peak_address_space(self) -> int | None:
        """The most address space it ever had mapped, in bytes (`VmPeak`), which is what RLIMIT_AS counts."""
        return _kilobytes(self.status(), b"VmPeak:")

    def peaks(self) -> tuple[int | None, int | None]:
        """`peak_memory` and `peak_address_space` in one reading (10 us, E2)."""
        status = self.status()
        memory = _kilobytes(status, b"VmHWM:")
        if self._cgroup is not None and memory is not None:
            memory = max(memory, self._cgroup.counts().peak or 0)  # its own pages, and what the kernel holds for it
        return memory, _kilobytes(status, b"VmPeak:")

    def status(self) -> bytes:
        """`/proc/PID/status` as it is now; empty where the machine shows none."""
        if self._status < 0:
            return b""
        try:
            return os.pread(self._status, 8192, 0)
        except OSError:  # ESRCH: reaped by somebody else
            return b""

    def cpu_seconds(self) -> float:
        """The processor time it has used, all threads together; the last figure once it was reaped."""
        if self._ended is not None:
            return self._ended.cpu_seconds
        try:
            return time.clock_gettime(self._clock)
        except OSError:  # EINVAL: reaped by somebody else
            return 0.0

    def limit_cpu(self, seconds: float) -> None:
        """Has the kernel send SIGXCPU when it has used far more than `seconds` more: the net below the watch.

        Twice as much, because this limit of the kernel's goes by whole ticks: beside busy processes one of 6 s came
        after 5.2. The soft limit only: a hard one could not be raised again for the next run of the session.
        """
        try:
            _, hard = resource.prlimit(self.pid, resource.RLIMIT_CPU)
            soft = int(2 * (self.cpu_seconds() + seconds)) + 2
            if hard == resource.RLIM_INFINITY or soft <= hard:
                resource.prlimit(self.pid, resource.RLIMIT_CPU, (soft, hard))
        except (OSError, ValueError, OverflowError):
            return  # it has just ended, or the limit is beyond what the kernel counts: the host's watch stays

    def wait(self, seconds: float) -> bool:
        """Waits at most `seconds` for it to end by itself; whether it has. It still has to be reaped."""
        if self._ended is not None:
            return True
        poller = select.poll()
        poller.register(self.pidfd, select.POLLIN)
        return bool(poller.poll(seconds * 1000))

    def kill_and_reap(self, grace: float = 0.0) -> Ended:
        """Ends it: waits `grace` seconds for it to go by itself, kills it, waits for the corpse, closes every
        descriptor.

        In a process that was forked off the host it closes the copies of the descriptors and leaves the child
        alone.
        """
        with self._lock:
            if self._ended is None:
                ended = self._end(grace) if self.ours else Ended(None, None, 0.0)
                self._close()
                self._ended = ended
            return self._ended

    def _end(self, grace: float) -> Ended:
        if grace <= 0 or not self.wait(grace):
            try:
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)  # works on a stopped process too
            except ProcessLookupError:
                pass  # somebody else has reaped it
        try:
            # By the descriptor first, and without reaping: if the host ignores SIGCHLD or reaps every child,
            # the pid may mean another child of the host by now.
            os.waitid(os.P_PIDFD, self.pidfd, os.WEXITED | os.WNOWAIT)
            self._kill_group()
            self._end_what_it_started()
            _, status, usage = os.wait4(self.pid, 0)
        except ChildProcessError:
            self._end_what_it_started()
            return Ended(None, None, 0.0)
        cpu = usage.ru_utime + usage.ru_stime
        code = os.waitstatus_to_exitcode(status)
        return Ended(code, None, cpu) if code >= 0 else Ended(None, -code, cpu)

    def _kill_group(self) -> None:
        """Ends what it has started: the group is its own, and cannot be another's before its leader is reaped."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass  # nobody but the corpse is left in it

    def _end_what_it_started(self) -> None:
        """While its corpse is there, so that its number means nobody else."""
        if self._cgroup is not None:
            self._counts = self._cgroup.counts()
            self._cgroup.end()
            self._cgroup = None
        if self.brand is not None:
            from llmspell.sandbox.stragglers import end_stragglers

            end_stragglers(self.brand, self.pid)
            self.brand = None

    def _close(self) -> None:
        for descriptor in (self.stdin, self.stdout, self.stderr, self.pidfd, self._status):
            if descriptor >= 0:
                os.close(descriptor)
        self.stdin = self.stdout = self.stderr = self.pidfd = self._status = -1

    def close_stdin(self) -> None:
        """Closes the host's end of its stdin: it reads to the end and no further."""
        with self._lock:
            if self.stdin >= 0:
                os.close(self.stdin)
                self.stdin = -1


def spawn(command: Sequence[str], *, engine: str, memory: int, branded: bool = False) -> WorkerProcess:
    """Starts `command` with the engine's name and the memory limit in bytes as its last arguments.

    With `branded` all that it will ever start ends with it, wherever that goes (`stragglers.py`).
    Raises SetupError, with nothing left behind. May be called from any thread: the death signal that a worker
    asks for comes when the *thread* that spawned it ends (E27), so other threads than the main one have it
    done by one that lives as long as the process.
    """
    if branded:
        return _spawn_branded(command, engine, memory)
    if _thread.get_native_id() == os.getpid():
        return spawn_here(command, engine, memory)
    from llmspell.sandbox.spawner import (
        spawn_on_lasting_thread,  # threads are there already: this costs nothing more
    )

    return spawn_on_lasting_thread(command, engine, memory)


def spawn_here(command: Sequence[str], engine: str, memory: int) -> WorkerProcess:
    """`spawn`, on this thread."""
    return WorkerProcess(engine, *start(command, engine, memory))


def _spawn_branded(command: Sequence[str], engine: str, memory: int) -> WorkerProcess:
    from llmspell.sandbox.stragglers import branding, forget_brand, new_brand

    number = new_brand()
    if number is None:
        return spawn(command, engine=engine, memory=memory)
    try:
        process = spawn(branding(command, number), engine=engine, memory=memory)
    except (OSError, ValueError) as error:
        forget_brand(number)
        raise cannot_start(engine, split_environment(command)[0], error) from None
    except BaseException:
        forget_brand(number)
        raise
    process.brand = number
    return process


def _kilobytes(status: bytes, name: bytes) -> int | None:
    """A figure of a status, in bytes; None if it is not there.

    It stands at the begin of a line: the first line is the name that the process gives itself, like `VmPeak: 1 kB`.
    """
    start = status.find(b"\n" + name)
    end = status.find(b" kB\n", start)
    if start < 0 or end < 0:
        return None
    return int(status[start + 1 + len(name) : end]) * 1024
