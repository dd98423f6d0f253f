"""Namespaces of one's own: a network that leads nowhere, no shared memory of others, and a root with nothing in it.

Theory of operation. A user namespace comes first, because it gives the right to make the others without being root;
no ids are mapped into it, so nobody in it is anybody. Of its network the loopback device is all, and it is down. Its
mounts are its own, and where no file is needed any more the root becomes an empty folder that cannot be written: then
path-named sockets are out of reach too. Its processes stay those of the host (no pid namespace: that takes a second
process, and disturbs signals). Sources: namespaces(7), user_namespaces(7), pivot_root(2).
"""

from __future__ import annotations

from errno import EINVAL, ENOSPC, EPERM

from llmspell_workers.confine.steps import SystemCalls

_NEW = 0x10000000 | 0x40000000 | 0x08000000 | 0x00020000
"""CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWIPC, CLONE_NEWNS."""
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REC, _MS_PRIVATE = 1, 2, 4, 8, 1 << 14, 1 << 18
_MNT_DETACH = 2
_PLACE = b"/proc\0"
"""A folder that every machine has, and that is covered for good."""
HINTS = {
    EPERM: "the machine, an outer filter or a container refuses user namespaces",
    EINVAL: "the kernel has none, or a thread was started before",
    ENOSPC: "the machine allows no more of them (user.max_user_namespaces)",
}


def enter(calls: SystemCalls, *, keeps_files: bool) -> None:
    """Enters them, all or none; with `keeps_files` the files stay where they are. Raises OSError.

    Gives all capabilities inside of them, and takes away the death signal.
    """
    calls("unshare", _NEW)
    calls("mount", 0, b"/\0", 0, _MS_REC | _MS_PRIVATE, 0)
    if keeps_files:
        return
    calls("mount", b"none\0", _PLACE, b"tmpfs\0", _MS_RDONLY | _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, b"size=0\0")
    calls("chdir", _PLACE)
    calls("pivot_root", b".\0", b".\0")
    calls("umount2", b".\0", _MNT_DETACH)
    calls("chdir", b"/\0")
