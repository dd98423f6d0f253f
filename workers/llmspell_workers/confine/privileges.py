"""What the process gives up of its own power, for good."""

from __future__ import annotations

import ctypes
from errno import EINVAL, EPERM

from llmspell_workers.confine.calls import SystemCalls

_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_SECUREBITS = 28
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_PR_SET_MDWE = 65
_PR_MDWE_REFUSE_EXEC_GAIN = 1
_CAPABILITY_VERSION_3 = (0x20080522).to_bytes(4, "little") + bytes(4)
_NO_ROOT_LOCKED = 0b1110_1111
"""NOROOT, NO_SETUID_FIXUP, no KEEP_CAPS, NO_CAP_AMBIENT_RAISE, each locked: root is a user like others, for good
(capabilities(7))."""
_MOST_CAPABILITIES = 64


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
