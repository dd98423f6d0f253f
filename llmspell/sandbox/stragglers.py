"""What a worker has started and left behind: found wherever it went, and ended with the worker.

Theory of operation. A worker of ours can start nothing. One by somebody else that confines itself, or runs with less
than all that is required, may fork, and its children may leave its process group and its session. They cannot leave
the tree: while such a worker lives, the host is the reaper of all below it that loses its parent (prctl(2),
PR_SET_CHILD_SUBREAPER). So that nothing else that comes to the host that way is taken for a worker's, each of these
workers carries a brand: a hard limit on file locks (RLIMIT_LOCKS), which Linux has not enforced since 2.4, which
every child inherits, and which nobody can raise again. It is there before the worker's first line: a program of ours
takes it, and then becomes the worker. Branded from outside, a worker could start something in the moment before.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import shutil
import signal
import sys
import threading
import time
from collections.abc import Sequence

from llmspell.sandbox.start import split_environment

_PR_SET_CHILD_SUBREAPER, _PR_GET_CHILD_SUBREAPER = 36, 37
_RLIMIT_LOCKS = 10
_LOWEST_BRAND = 1 << 60
_WITHIN = 5.0
"""Seconds for which children that start children are hunted."""
_PAUSE = 0.001
_TAKE_BRAND = """
import _signal, os, resource, sys
number = int(sys.argv[1])
resource.setrlimit(10, (number, number))
for ignored in (_signal.SIGPIPE, _signal.SIGXFSZ):  # by Python, and nobody else
    _signal.signal(ignored, _signal.SIG_DFL)
environment = {name: value for name, value in os.environ.items() if name != "LC_CTYPE"}  # which Python has set
try:
    os.execve(sys.argv[2], sys.argv[2:], environment)
except OSError as error:
    os.write(2, os.fsencode(f"{sys.argv[2]}: {error.strerror}\\n"))
    os._exit(3)
"""
_lock = threading.Lock()
_hunt = threading.Lock()
"""Held by the one thread that looks for what is left."""
_alive: set[int] = set()
"""The brands of the workers that live."""
_was_reaper = False


def new_brand() -> int | None:
    """A brand for a worker that is to be started, with `branding`; None where there can be none.

    From here on the host takes in what comes of it, until `end_stragglers` or `forget_brand`.
    """
    global _was_reaper
    if _locks(os.getpid()) != resource.RLIM_INFINITY or not sys.executable:
        return None  # the host has a limit of its own: a brand would tell nothing
    number = _LOWEST_BRAND + int.from_bytes(os.urandom(7), "little")  # no other host on the machine has the same
    with _lock:
        if not _alive:
            _was_reaper = _is_reaper()
            try:
                _be_reaper(1)
            except OSError:
                return None
        _alive.add(number)
    return number


def branding(command: Sequence[str], number: int) -> list[str]:
    """What takes the brand and then becomes `command`, which may begin with its environment (`start.py`).

    Raises OSError for a program that cannot be executed, and ValueError for none.
    """
    words, environment = split_environment(command)
    if not words:
        raise ValueError("its command is empty")
    program, rest = shutil.which(words[0]), words[1:]
    if program is None:
        number_of_error = errno.EACCES if os.path.exists(words[0]) else errno.ENOENT
        raise OSError(number_of_error, os.strerror(number_of_error))
    named = [f"{name}={value}" for name, value in environment.items()]
    return [*named, sys.executable, "-I", "-S", "-c", _TAKE_BRAND, str(number), program, *rest]


def forget_brand(number: int) -> None:
    """Nothing of this brand is there, or ever will be."""
    with _lock:
        _alive.discard(number)
        if not _alive and not _was_reaper:
            _be_reaper(0)


def end_stragglers(number: int, worker: int) -> None:
    """Ends all that the dead worker of this brand has left behind; `worker` is its corpse, which stays."""
    until = time.monotonic() + _WITHIN
    with _hunt:  # another hunter could reap a parent between a look at its child and the look at itself
        while (left := _left_of(number, worker) or _left_of(number, worker)) and time.monotonic() < until:
            for pid in left:
                _kill(pid)
            for pid in left:
                _reap(pid)
    forget_brand(number)


def _left_of(number: int, worker: int) -> list[int]:
    """All that are of that brand, and the host's children of a lowered one that is no living worker's."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == worker:
            continue
        locks = _locks(int(name))
        if locks == resource.RLIM_INFINITY:
            continue
        with _lock:  # now: since this look began, others may have been started
            is_others = locks in _alive and locks != number
        if locks == number or (not is_others and _is_child(name)):
            found.append(int(name))
    return found


def _is_child(name: str) -> bool:
    try:
        with open(f"/proc/{name}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1]) == os.getpid()
    except (OSError, IndexError):
        return False


def _kill(pid: int) -> None:
    try:
        held = os.pidfd_open(pid)
    except OSError:
        return
    try:
        if _locks(pid) != resource.RLIM_INFINITY:  # still the one that was found
            signal.pidfd_send_signal(held, signal.SIGKILL)
    except OSError:
        pass
    finally:
        os.close(held)


def _reap(pid: int) -> None:
    """Waits for a child; one that is a child of others comes to be ours, or is reaped by them."""
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        time.sleep(_PAUSE)


def _locks(pid: int) -> int:
    try:
        return resource.prlimit(pid, _RLIMIT_LOCKS)[1]
    except OSError:
        return resource.RLIM_INFINITY


def _is_reaper() -> bool:
    answer = ctypes.c_int()
    ctypes.CDLL(None).prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(answer), 0, 0, 0)
    return bool(answer.value)


def _forget() -> None:
    """A process that was forked off the host has no workers, and is nobody's reaper."""
    global _hunt, _lock
    _hunt, _lock = threading.Lock(), threading.Lock()
    _alive.clear()


os.register_at_fork(after_in_child=_forget)


def _be_reaper(wanted: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, wanted, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
