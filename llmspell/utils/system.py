"""What machine this is, seen from inside: read when asked, kept nowhere."""

from __future__ import annotations

import enum
import os
import sys
from typing import NamedTuple


class OperatingSystem(enum.StrEnum):
    """The systems whose rules we know; any other Unix counts as Linux."""

    LINUX = "linux"
    MACOS = "macos"
    WINDOWS = "windows"

    @classmethod
    def current(cls) -> OperatingSystem:
        """The one that runs this program.

        >>> OperatingSystem.current() in OperatingSystem
        True
        """
        return {"win32": cls.WINDOWS, "cygwin": cls.WINDOWS, "darwin": cls.MACOS}.get(sys.platform, cls.LINUX)


class SystemInfo(NamedTuple):
    """A machine and its user. Memory is bytes; `cpu_cores` are those that this process may use."""

    os: OperatingSystem
    version: str
    arch: str
    cpu_cores: int
    total_memory: int
    available_memory: int
    hostname: str
    username: str | None
    home_dir: str


class UserFolders(NamedTuple):
    """Where a program keeps what belongs to one user: absolute paths, which need not exist."""

    config: str
    data: str
    state: str
    cache: str


def get_system_info() -> SystemInfo:
    """This machine, now. The user is None where the system has no name for the process's user.

    >>> info = get_system_info()
    >>> info.cpu_cores >= 1 and 0 < info.available_memory <= info.total_memory
    True
    """
    import platform

    import psutil  # 15 ms

    memory = psutil.virtual_memory()
    return SystemInfo(
        os=OperatingSystem.current(),
        version=platform.release(),
        arch=platform.machine(),
        cpu_cores=_cores(),
        total_memory=memory.total,
        available_memory=memory.available,
        hostname=platform.node(),
        username=_username(),
        home_dir=os.path.expanduser("~"),
    )


def user_folders(program: str) -> UserFolders:
    """The folders of a program, by the rules of this system (XDG, Library, AppData).

    >>> user_folders("llmspell").config.endswith("llmspell")
    True
    """
    import platformdirs  # 33 ms

    found = platformdirs.PlatformDirs(program, appauthor=False)
    return UserFolders(found.user_config_dir, found.user_data_dir, found.user_state_dir, found.user_cache_dir)


def _cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _username() -> str | None:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # no variable, and no line in the password database (a container)
        return None
