"""What a process gives up of its own, for good: privileges, memory, files, a life beyond its host's, late imports.

One function is one step, over the table of system calls. Limits are soft and hard alike: without capabilities nothing
raises them again.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time

from llmspell_workers.confine.calls import EINVAL, EPERM, SystemCalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_SECUREBITS = 28
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_PR_SET_MDWE = 65
_PR_MDWE_REFUSE_EXEC_GAIN = 1
_SIGKILL = 9  # the numbers of x86-64 and aarch64; `signal` makes enums of them, `resource` is one more library to map
_RLIMIT_FSIZE, _RLIMIT_STACK, _RLIMIT_CORE, _RLIMIT_NOFILE, _RLIMIT_AS = 1, 3, 4, 7, 9
_CAPABILITY_VERSION_3 = (0x20080522).to_bytes(4, "little") + bytes(4)
_NO_ROOT_LOCKED = 0b1110_1111
"""NOROOT, NO_SETUID_FIXUP, no KEEP_CAPS, NO_CAP_AMBIENT_RAISE, each locked: root is a user like others, for good
(capabilities(7))."""
_MOST_CAPABILITIES = 64

STACK = 768 * 1024
"""Bytes: what nested callbacks of C functions, 200 deep, take of it in Lua is 460 KiB, measured."""
_MARGIN = 64 * 1024
"""Bytes: what the process has used of it by now, and more."""
_LEVEL = 512
"""Bytes of stack that one call from C back into Python takes at the very least; mostly it is more."""


def gain_none(calls: SystemCalls) -> None:
    """No exec gives more than there is now (PR_SET_NO_NEW_PRIVS(2const)); Landlock and seccomp ask for it."""
    _set(calls, "PR_SET_NO_NEW_PRIVS", _PR_SET_NO_NEW_PRIVS, 1)


def hide_from_others(calls: SystemCalls) -> None:
    """Not dumpable: no core file, and no process of the same user can read or trace this one (E2)."""
    _set(calls, "PR_SET_DUMPABLE", _PR_SET_DUMPABLE, 0)


def refuse_write_execute(calls: SystemCalls) -> None:
    """No mapping is both written and executed, none becomes executable (PR_SET_MDWE(2const), Linux 6.3; E3)."""
    _set(calls, "PR_SET_MDWE", _PR_SET_MDWE, _PR_MDWE_REFUSE_EXEC_GAIN)


def drop_capabilities(calls: SystemCalls) -> None:
    """Drops every capability there is, root's too, and those that root would get back.

    The bounding set needs CAP_SETPCAP to be lowered: without it, it stays, and means nothing without an exec that
    gives capabilities. Raises OSError if one capability is left.
    """
    _clear_ambient(calls)
    if _lower_bounding_set(calls):
        _set(calls, "PR_SET_SECUREBITS", _PR_SET_SECUREBITS, _NO_ROOT_LOCKED)
    calls("capset", _CAPABILITY_VERSION_3, bytes(24))
    left = ctypes.create_string_buffer(24)
    calls("capget", _CAPABILITY_VERSION_3, left)
    if any(left.raw):
        raise OSError(EPERM, "some are still held", "capset")


def _set(calls: SystemCalls, name: str, option: int, value: int) -> None:
    """prctl(2), whose error names the option."""
    try:
        calls("prctl", option, value, 0, 0, 0)
    except OSError as error:
        error.filename = f"prctl({name})"
        raise


def _clear_ambient(calls: SystemCalls) -> None:
    try:
        calls("prctl", _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    except OSError as error:
        if error.errno != EINVAL:  # before Linux 4.3 there are none
            raise


def _lower_bounding_set(calls: SystemCalls) -> bool:
    for capability in range(_MOST_CAPABILITIES):
        try:
            calls("prctl", _PR_CAPBSET_DROP, capability, 0, 0, 0)
        except OSError as error:
            if error.errno == EINVAL:  # there are no more
                return True
            if error.errno == EPERM and capability == 0:
                return False
            raise
    return True


def die_with_host(calls: SystemCalls) -> None:
    """Asks the kernel to kill this process when the host's spawning thread ends (E27).

    The race: a host that died before this line leaves no signal. Then the parent has changed, or, where it died
    before the first reading of the parent, stdin is at its end before a script can arrive.
    """
    parent = os.getppid()
    calls("prctl", _PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def limit_memory(calls: SystemCalls, memory: int) -> None:
    """Holds the address space to `memory` bytes: resident memory can never be above it."""
    _limit(calls, _RLIMIT_AS, memory)


def limit_file_size(calls: SystemCalls) -> None:
    """No file may grow; pipes are not concerned."""
    _limit(calls, _RLIMIT_FSIZE, 0)


def limit_core_files(calls: SystemCalls) -> None:
    """No core file is written."""
    _limit(calls, _RLIMIT_CORE, 0)


def limit_open_files(calls: SystemCalls, files: int) -> None:
    """No descriptor from `files` on can be made; those that are open stay, and `select` takes them (E1)."""
    _limit(calls, _RLIMIT_NOFILE, files)


def _limit(calls: SystemCalls, which: int, value: int) -> None:
    both = value.to_bytes(8, "little")
    calls("prlimit64", 0, which, both + both, 0)


def hold_stack(calls: SystemCalls, size: int = STACK) -> None:
    """Makes the stack `size` bytes deep and more, before memory is limited; it never shrinks.

    The kernel counts the stack as address space when it grows, and it grows by page faults: a process that has used up
    its RLIMIT_AS is killed by SIGSEGV at a call that goes one page deeper than any before. One byte at its far end is
    read: the kernel then counts all that lies before it, and fills none of it.
    """
    try:
        top = ctypes.c_void_p.in_dll(calls.library, "__libc_stack_end").value or 0
    except ValueError:
        top = 0  # another C library than glibc does not tell
    if top and _stack_limit(calls) >= 2 * (size + _MARGIN):  # beyond the limit, the read would be the end
        ctypes.c_char.from_address(top - size - _MARGIN).value  # noqa: B018
    else:
        _call_down(size)


def _stack_limit(calls: SystemCalls) -> int:
    limits = ctypes.create_string_buffer(24)
    calls("prlimit64", 0, _RLIMIT_STACK, 0, limits)
    return int.from_bytes(limits.raw[:8], "little")


def _call_down(size: int) -> None:
    """Calls down until the stack is deep: the same in 3 ms, and with the pages."""
    levels = size // _LEVEL
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(2 * levels + before)

    def deeper(left: int) -> int:
        return max((left - 1,), key=deeper) if left else 0  # `max` is C: each level takes stack of the process

    try:
        deeper(levels)
    except RecursionError:
        pass  # the interpreter knows how deep its own stack is
    finally:
        sys.setrecursionlimit(before)


def hold_time_zone() -> None:
    """Reads the machine's time zone once and for all, for there are no files later.

    Without TZ the C library looks at /etc/localtime at each conversion, and takes UTC once that is refused; with the
    same TZ as before it does not look again (tzset(3), glibc's time/tzset.c).
    """
    os.putenv("TZ", ":/etc/localtime")
    time.tzset()


def seal_imports() -> None:
    """From here on an import of what is not loaded raises ImportError, and says why."""
    sys.meta_path.insert(0, _Sealed)


class _Sealed:
    """Stands before all finders of modules; behind it, refused system calls look like a missing module."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: object = None) -> NoReturn:  # noqa: ARG004
        raise ImportError(f"the module {name} was not loaded before the worker was confined, and cannot be now")
