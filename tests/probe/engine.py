"""The probe's engine: makes the system calls of a script, and answers with what came of each."""

from __future__ import annotations

import _thread
import ast
import ctypes
import errno
import mmap
import os
import sys
from collections.abc import Callable
from typing import Any

from numbers_by_name import numbers_of  # type: ignore[import-not-found] # beside this file

from llmspell_workers.confine import SystemCalls
from llmspell_workers.wire import Configure, Done, Failed, Run

RAW_REPLIES = False
VERSION = "probe 1"
FEATURES: dict[str, object] = {}
X32_BIT = 0x40000000
_INT80 = bytes.fromhex("5389f889f389d131d2cd805bc3")  # push rbx; eax, ebx, ecx = edi, esi, edx; int 0x80; pop; ret
_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.syscall.restype = ctypes.c_long
_NUMBERS: dict[str, int] = numbers_of(os.uname().machine)
_KNOWN: dict[str, int] = {}


class Refusing(SystemCalls):
    """The kernel, but for some calls that fail: `"seccomp=EINVAL,prlimit64/0/7=EPERM"`, by their first arguments."""

    __slots__ = ("_refused",)

    def __init__(self, refused: str) -> None:
        super().__init__()
        pairs = (pair.split("=") for pair in refused.split(","))
        self._refused = {name: getattr(errno, code) for name, code in pairs}

    def __call__(self, name: str, *arguments: Any) -> int:
        for known in range(3):
            failing = self._refused.get("/".join(map(str, (name, *arguments[:known]))))
            if failing is not None:
                raise OSError(failing, os.strerror(failing), name)
        return super().__call__(name, *arguments)


def prepare() -> None:
    """What the script may name, made while all is allowed."""
    page = mmap.mmap(-1, mmap.PAGESIZE)
    executable = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    executable.write(_INT80)
    held = ctypes.c_char.from_buffer(executable)
    at = ctypes.addressof(held)
    _LIBC.mprotect(ctypes.c_void_p(at), mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_EXEC)
    page_at = ctypes.addressof(ctypes.c_char.from_buffer(page))
    _KNOWN.update({"$pid": os.getpid(), "$ppid": os.getppid(), "$tid": _thread.get_native_id()})
    _KNOWN.update({"$page": page_at, "$exec": at})
    _pages.extend((page, executable))


_pages: list[mmap.mmap] = []


class Engine:
    """Runs lists of calls."""

    def __init__(self, _configure: Configure, _bridge: object, *_ends: Callable[..., object]) -> None:
        pass

    def run(self, run: Run) -> Done | Failed:
        """Makes the calls one after the other."""
        answers = [list(answer(*call)) for call in ast.literal_eval(run.source.decode())]
        return Done(run.run, answers, None, {})

    def collect(self) -> None:
        """Nothing to free."""


def answer(name: str, *arguments: Any) -> tuple[str, int, str | None]:
    """The call's name, its result, and the name of its errno."""
    if name == "python":
        return (name, *_python(arguments[0]))
    if name == "thread":
        return (name, *_thread_started())
    held = [_held(one) for one in arguments]
    ctypes.set_errno(0)
    if name.startswith("int80:"):
        function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int)(_KNOWN["$exec"])
        return name, function(int(name[6:]), *[*arguments, 0, 0][:2]), None
    if name.startswith("#"):
        number = int(name[1:])
    else:
        number = _NUMBERS[name.removeprefix("x32:")] | (X32_BIT if name.startswith("x32:") else 0)
    result = _LIBC.syscall(ctypes.c_long(number), *[_word(one) for one in held])
    failed = ctypes.get_errno()
    if result == 0 and name.removeprefix("x32:") in ("fork", "vfork", "clone", "clone3"):
        os._exit(0)
    return name, result, errno.errorcode.get(failed, str(failed)) if result == -1 else None


def _held(argument: Any) -> Any:
    if isinstance(argument, str) and argument in _KNOWN:
        return _KNOWN[argument]
    if isinstance(argument, str) and argument.startswith("&"):
        return ctypes.create_string_buffer(int(argument[1:]))
    if isinstance(argument, str):
        return ctypes.create_string_buffer(argument.encode())
    return ctypes.create_string_buffer(argument) if isinstance(argument, bytes) else argument


def _word(held: Any) -> ctypes.c_long:
    return ctypes.c_long(held if isinstance(held, int) else ctypes.addressof(held))


def _python(source: str) -> tuple[int, str | None]:
    try:
        value = eval(source, {"os": os, "ctypes": ctypes, "sys": sys})
    except OSError as error:
        return -1, errno.errorcode.get(error.errno or 0, str(error.errno))
    except ImportError as error:
        return -1, str(error)
    return value if isinstance(value, int) else 0, None


def _thread_started() -> tuple[int, str | None]:
    done = _thread.allocate_lock()
    done.acquire()
    try:
        _thread.start_new_thread(done.release, ())
    except RuntimeError as error:
        return -1, str(error)
    done.acquire()
    return 0, None
