"""What a kernel's Landlock lacks, in words for a person (landlock(7))."""

from __future__ import annotations

from llmspell_workers.confine.steps import ENOSYS, EOPNOTSUPP, EPERM, HIGHEST, NETWORK_SINCE, SCOPES_SINCE

_SINCE = {"landlock-network": NETWORK_SINCE, "landlock-scopes": SCOPES_SINCE}

HINTS = {
    ENOSYS: "the kernel has no Landlock (Linux 5.13 and newer have it)",
    EOPNOTSUPP: "Landlock is built in but not enabled: add landlock to lsm= of the kernel's command line",
    EPERM: "an outer seccomp filter or container refuses it",
}
"""What to say of an errno."""


def missing(announced: int, used: int) -> dict[str, str]:
    """The steps that level `used` does not have, each with its reason."""
    return {
        step: f"Landlock ABI {used} does not have it, ABI {since} does{_stepped(announced, used)}"
        for step, since in _SINCE.items()
        if used < since
    }


def notes(announced: int, used: int) -> dict[str, str]:
    """What is armed, but less than it could be."""
    if used < 5:
        lacks = {1: "renaming across folders, truncate and device ioctl", 2: "truncate and device ioctl"}
        uncovered = lacks.get(used, "device ioctl")
        return {"landlock-files": f"Landlock ABI {used} does not cover {uncovered}{_stepped(announced, used)}"}
    if used < min(announced, HIGHEST):
        return {"landlock-files": f"Landlock ABI {used} is in force{_stepped(announced, used)}"}
    return {}


def _stepped(announced: int, used: int) -> str:
    if used >= min(announced, HIGHEST):
        return ""
    return f" (the kernel announces ABI {announced}, and refuses its bits)"
