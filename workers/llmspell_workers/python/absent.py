"""What a script cannot have: files, processes, threads, the network. The kernel refuses it; here it is said clearly.

The rule kept here: what stands in the place of a function raises what that function would (OSError where it asks the
system), so a program that tries something and can do without it goes on.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

_NO_FILES = "a script opens no files; use Tool.execute('file-operations', {...}), which needs a grant"
_NO_THREADS = "a script starts no threads; use parallel([...]) or asyncio.gather(...)"
_NO_PROCESSES = "a script starts no processes; a tool that the host gives it may (FunctionTool)"
_NO_NETWORK = "a script has no network; models are asked with Agent, and all else by a tool of the host (FunctionTool)"
_FILES = (
    "open", "listdir", "scandir", "stat", "lstat", "mkdir", "remove", "unlink", "rename", "replace", "rmdir", "link",
    "symlink", "readlink", "chmod", "truncate", "utime",
)  # fmt: skip
_PROCESSES = (
    "fork", "forkpty", "system", "popen", "posix_spawn", "posix_spawnp", "execv", "execve", "pipe", "pipe2",
)  # fmt: skip
_NETWORK = (
    "create_connection", "create_server", "getaddrinfo", "gethostbyaddr", "gethostbyname", "gethostbyname_ex",
    "socketpair",
)  # fmt: skip
_THREADS = ("start_new_thread", "start_new", "start_joinable_thread")
_FOLDER = "/"
"""Where a script seems to be: `abspath` and `resolve` of names, that of the script among them, need a folder."""


class _Refused:
    """Its bound methods take the place of functions of C: neither becomes a method of a class that holds it."""

    def __init__(self, why: str) -> None:
        self._why = why

    def by_system(self, name: object = None, *_: object, **_more: object) -> NoReturn:
        if isinstance(name, os.PathLike):
            name = os.fspath(name)
        raise PermissionError(errno.EPERM, self._why, name if isinstance(name, (str, bytes)) else None)

    def at_runtime(self, *_: object, **_more: object) -> NoReturn:
        raise RuntimeError(self._why)


no_process = _Refused(_NO_PROCESSES).by_system


def say_what_is_absent(after: Callable[[str, Callable[[], None]], None]) -> None:
    """Puts what says so in the place of what the kernel refuses. `after` is the Finder's."""
    import _thread

    builtins.open = io.open = no_file = _Refused(_NO_FILES).by_system  # type: ignore[assignment]
    _replace(os, _FILES, no_file)
    _replace(os, _PROCESSES, no_process)
    _replace(_thread, _THREADS, _Refused(_NO_THREADS).at_runtime)
    os.getcwd, os.getcwdb = lambda: _FOLDER, _FOLDER.encode
    no_network = _Refused(_NO_NETWORK).by_system

    def in_socket() -> None:
        module: Any = sys.modules["socket"]
        _replace(module, _NETWORK, no_network)
        module.socket.__init__ = no_network

    def in_request() -> None:
        module: Any = sys.modules["urllib.request"]
        module.HTTPHandler.https_open = module.HTTPHandler.http_open  # without `ssl` the scheme is an unknown one

    after("socket", in_socket)
    after("urllib.request", in_request)


def _replace(module: object, names: tuple[str, ...], refused: Callable[..., NoReturn]) -> None:
    for name in names:
        if hasattr(module, name):
            setattr(module, name, refused)
