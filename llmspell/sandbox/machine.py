"""What this machine offers for confinement: the kernel's own word, each fact with what it means.

The rule kept here: every fact is tried or read, none is guessed from a version, and one that cannot be learned says
why. Nothing here is needed to run a script.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from typing import NamedTuple

from llmspell.sandbox.cgroup import found
from llmspell.sandbox.start import own_status
from llmspell.sandbox.verify import filters

_LANDLOCK_CREATE_RULESET = 444
"""The same number on every machine but alpha (kernel, syscall tables)."""
_LANDLOCK_VERSION = 1
_TRY_USER_NAMESPACE = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
raise SystemExit(0 if libc.unshare(0x10000000) == 0 else ctypes.get_errno())
"""
_LANDLOCK_WHY = {
    errno.ENOSYS: "the kernel has none (Linux 5.13 or later has), or a container's filter refuses it",
    errno.EOPNOTSUPP: "it is built in and not enabled: add landlock to lsm= of the kernel's command line",
    errno.EPERM: "a container's filter refuses it",
}
_SECONDS = 10.0


class Fact(NamedTuple):
    """One fact. `value` is None where the machine has no such thing; `says` is for people."""

    name: str
    value: str | int | bool | None
    says: str


def facts() -> list[Fact]:
    """All of them, in the order in which they are shown."""
    asked: list[tuple[str, Callable[[], tuple[str | int | bool | None, str]]]] = [
        ("kernel", _kernel),
        ("user", _user),
        ("landlock_abi", _landlock),
        ("seccomp", _seccomp),
        ("user_namespaces", _user_namespaces),
        ("cgroup", _cgroup),
        ("proc_hidepid", _hidepid),
        ("ptrace_scope", _ptrace_scope),
        ("core_pattern", _core_pattern),
    ]
    return [Fact(name, *ask()) for name, ask in asked]


def _kernel() -> tuple[str, str]:
    release = os.uname().release
    return release, f"{platform.system()} {release} on {platform.machine()}"


def _user() -> tuple[int, str]:
    user = os.geteuid()
    return user, "root: workers give up all capabilities" if user == 0 else f"uid {user}: not root, and needs not be"


def _landlock() -> tuple[int | None, str]:
    libc = ctypes.CDLL(None, use_errno=True)
    long = ctypes.c_long
    abi = libc.syscall(long(_LANDLOCK_CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint(_LANDLOCK_VERSION))
    if abi >= 0:
        return abi, f"ABI {abi}, as the kernel announces it"
    number = ctypes.get_errno()
    why = _LANDLOCK_WHY.get(number, "the kernel refuses it")
    return None, f"not available: {os.strerror(number).lower()}; {why}"


def _seccomp() -> tuple[str | None, str]:
    actions = _read("/proc/sys/kernel/seccomp/actions_avail")
    outer = filters(own_status())
    around = f"; {outer} from outside are on this process already" if outer else ""
    if actions is None:
        return None, f"the kernel does not say whether it filters system calls{around}"
    return actions.strip(), f"the kernel filters system calls{around}"


def _user_namespaces() -> tuple[bool | None, str]:
    """Tried in a process of its own, which ends with it."""
    if not sys.executable:
        return None, "not tried: this Python does not know its own executable"
    command = [sys.executable, "-I", "-S", "-c", _TRY_USER_NAMESPACE]
    try:
        code = subprocess.run(command, env={}, capture_output=True, timeout=_SECONDS, check=False).returncode
    except (OSError, subprocess.TimeoutExpired) as error:
        return None, f"not tried: {error}"
    if code == 0:
        return True, "available; used where they are required, or where seccomp is missing for the network"
    return False, f"not available: {os.strerror(code).lower() if code > 0 else 'ended by a signal'}; not needed"


def _cgroup() -> tuple[str | None, str]:
    """Tried: one is made, and removed again."""
    try:
        folder = found().parent
    except OSError as error:
        return None, f"{error.strerror}; not needed"
    return folder, f"workers can have one each below {folder}; used where it is required"


def _hidepid() -> tuple[str | None, str]:
    mounts = [options for words, kind, options in _mounts() if kind == "proc" and words[4] == "/proc"]
    if not mounts or not os.path.exists("/proc/self/status"):
        return None, "/proc is not mounted: the host cannot see whether a worker is confined"
    given = [option.partition("=")[2] for option in mounts[-1].split(",") if option.startswith("hidepid=")]
    words = {"0": "off", "1": "noaccess", "2": "invisible", "4": "ptraceable"}
    hidden = words.get(given[0], given[0]) if given else "off"
    if hidden == "off":
        return hidden, "off: the figures of workers can be read"
    return hidden, f"{hidden}: the host opens a worker's figures right after its start, and keeps them open"


def _ptrace_scope() -> tuple[int | None, str]:
    scope = _read("/proc/sys/kernel/yama/ptrace_scope")
    if scope is None or not scope.strip().isdigit():
        return None, "no Yama here; workers are not dumpable, so nobody but root traces them"
    return int(scope), f"Yama {scope.strip()}; workers are not dumpable, so nobody but root traces them"


def _core_pattern() -> tuple[str | None, str]:
    pattern = _read("/proc/sys/kernel/core_pattern")
    if pattern is None:
        return None, "not known; workers are not dumpable, so they leave no core"
    pattern = pattern.strip()
    how = "a program takes cores, whatever the limit says" if pattern.startswith("|") else f"files named {pattern}"
    return pattern, f"{how}; workers are not dumpable, so they leave none"


def _mounts() -> list[tuple[list[str], str, str]]:
    """What is mounted: the fields before the dash, the kind, the options of its own (proc_pid_mountinfo(5))."""
    found = []
    for line in (_read("/proc/self/mountinfo") or "").splitlines():
        before, dash, after = line.partition(" - ")
        kind, *rest = after.split(" ") if dash else [""]
        found.append((before.split(" "), kind, rest[-1] if rest else ""))
    return found


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="backslashreplace") as file:
            return file.read(1 << 20)
    except OSError:
        return None
