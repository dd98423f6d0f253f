"""Landlock: no files, no TCP, no signals and no abstract sockets out of the worker.

Theory of operation. A rule set names the kinds of access that it handles, and without a rule all of them are refused.
Which kinds a kernel knows is its ABI level. What a kernel announces is not believed: a real rule set is made with all
bits of the level, and on EINVAL with those of the level below (some vendors' kernels announce more than they have).
What was taken is tried once. Sources: landlock(7), landlock_create_ruleset(2), the kernel's uapi/linux/landlock.h.
"""

from __future__ import annotations

import os

from llmspell_workers.confine.steps import E2BIG, EINVAL, ENOSYS, EOPNOTSUPP, EPERM, SystemCalls, why

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

HIGHEST = 9
"""The newest ABI level whose bits are known here (Linux 7.1)."""
NETWORK_SINCE = 4
SCOPES_SINCE = 6
_FILES = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16, 6: 16, 7: 16, 8: 16, 9: 17}
"""How many of the bits for files each level has: 2 refer (Linux 5.19), 3 truncate (6.2), 5 ioctl on devices (6.10),
9 connecting to named unix sockets (7.1)."""
_TCP = 0b11
"""Bind and connect, since level 4 (Linux 6.7)."""
_SCOPES = 0b11
"""Abstract unix sockets and signals, since level 6 (Linux 6.12)."""
_CREATE_VERSION = 1
_RULE_PATH_BENEATH = 1
_ACCESS = (0b1101, 0b0101)
"""Execute, read a file, read a folder; and the same for what is no folder."""
_NULL = "/dev/null"
_NULL_ACCESS = (0b0110,)
"""It is read, and written, by those that want to throw away."""
_AT_FDCWD = -100
_HINTS = {
    ENOSYS: "the kernel has no Landlock (Linux 5.13 and newer have it)",
    EOPNOTSUPP: "Landlock is built in but not enabled: add landlock to lsm= of the kernel's command line",
    EPERM: "an outer seccomp filter or container refuses it",
}


class Landlock:
    """What came of it: the ABI level `announced` and the one `used`, 0 for none; `failed` says why there is none."""

    __slots__ = ("announced", "failed", "used")

    def __init__(self, announced: int, used: int, failed: str = "") -> None:
        self.announced, self.used, self.failed = announced, used, failed

    def missing(self) -> dict[str, str]:
        """The steps that are not armed, each with its reason."""
        steps = (("files", 1), ("network", NETWORK_SINCE), ("scopes", SCOPES_SINCE))
        return {f"landlock-{what}": self._lacks(since) for what, since in steps if self.used < since}

    def notes(self) -> dict[str, str]:
        """What is armed, but less than it could be."""
        notes = {}
        if 1 <= self.used < 5:
            lacks = {1: "renaming across folders, truncate and device ioctl", 2: "truncate and device ioctl"}
            uncovered = lacks.get(self.used, "device ioctl")
            notes["landlock-files"] = f"Landlock ABI {self.used} does not cover {uncovered}{self._stepped()}"
        elif 1 <= self.used < self.announced and self.used < HIGHEST:
            notes["landlock-files"] = f"Landlock ABI {self.used} is in force{self._stepped()}"
        return notes

    def _lacks(self, since: int) -> str:
        if self.failed:
            return self.failed
        return f"Landlock ABI {self.used} does not have it, ABI {since} does{self._stepped()}"

    def _stepped(self) -> str:
        if self.used >= min(self.announced, HIGHEST):
            return ""
        return f" (the kernel announces ABI {self.announced}, and refuses its bits)"


def restrict(calls: SystemCalls, readable: Sequence[str] = ()) -> Landlock:
    """Refuses everything that this kernel's Landlock can refuse, but reading and executing what is `readable`.

    Raises nothing for a kernel without Landlock: it says so. Raises OSError for a path that cannot be opened.
    """
    try:
        announced = calls("landlock_create_ruleset", 0, 0, _CREATE_VERSION)
        level, ruleset = _create(calls, min(announced, HIGHEST))
    except OSError as error:
        return Landlock(0, 0, why(error, _HINTS.get(error.errno or 0, "")))
    try:
        for path in readable:
            _allow(calls, ruleset, path)
        try:
            calls("landlock_restrict_self", ruleset, 0)
        except OSError as error:
            return Landlock(announced, 0, why(error, _HINTS.get(error.errno or 0, "")))
    finally:
        calls("close", ruleset)
    if "/" not in readable and _still_opens(calls):
        return Landlock(announced, 0, f"the rule set of ABI {level} was taken, and the root folder opens all the same")
    return Landlock(announced, level)


def attribute(level: int) -> bytes:
    """`struct landlock_ruleset_attr` with everything that a level handles, as long as that level knows it."""
    files = (1 << _FILES[level]) - 1
    network = _TCP if level >= NETWORK_SINCE else 0
    scopes = _SCOPES if level >= SCOPES_SINCE else 0
    words = (files, network, scopes)[: 3 if scopes else 2 if network else 1]
    return b"".join(word.to_bytes(8, "little") for word in words)


def _create(calls: SystemCalls, level: int) -> tuple[int, int]:
    while True:
        wanted = attribute(level)
        try:
            return level, calls("landlock_create_ruleset", wanted, len(wanted), 0)
        except OSError as error:
            if error.errno not in (EINVAL, E2BIG) or level == 1:
                raise
            level -= 1


def _allow(calls: SystemCalls, ruleset: int, path: str) -> None:
    try:
        descriptor = calls("openat", _AT_FDCWD, os.fsencode(path) + b"\0", os.O_PATH | os.O_CLOEXEC, 0)
    except OSError as error:
        error.filename = path
        raise
    try:
        for access in (kinds := _NULL_ACCESS if path == _NULL else _ACCESS):
            rule = access.to_bytes(8, "little") + descriptor.to_bytes(4, "little")
            try:
                calls("landlock_add_rule", ruleset, _RULE_PATH_BENEATH, rule, 0)
                return
            except OSError as error:
                if error.errno != EINVAL or access == kinds[-1]:
                    raise
    finally:
        calls("close", descriptor)


def _still_opens(calls: SystemCalls) -> bool:
    try:
        calls("close", calls("openat", _AT_FDCWD, b"/\0", os.O_RDONLY | os.O_DIRECTORY, 0))
    except OSError:
        return False
    return True
