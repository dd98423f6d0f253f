"""The line that a script is at when the host asks for it, at the end of a run by a limit.

Theory of operation. The host sends SIGURG, which means nothing to a process that does not expect it. No thread waits
here and no hook counts: nothing is paid for before that (E14, E28). The handler runs in the middle of whatever it has
interrupted. Where that is Lua code, it only sets a hook, and the hook, which runs before the next instruction, tells
the line. Where it is a C function, or the wait for the host, no hook would run soon; but then the line of its caller
is written down, and the handler tells it itself.

The handler is Python, which may not be safe in the middle of an allocation: a process that breaks by it is one whose
run is over, whose verdict the host has found already, and which is about to be killed. What breaks is the line.
"""

from __future__ import annotations

import ctypes
import sys
from _signal import SIGURG  # type: ignore[import-not-found] # `signal` makes enums of its numbers: 2 ms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

_COUNT_HOOK = 1 << 3
"""LUA_MASKCOUNT (lua.h)."""
_FIRST_UPVALUE = -1_000_000 - 1000 - 1
"""lua_upvalueindex(1), from LUAI_MAXSTACK (luaconf.h)."""
_MOST_COROUTINES = 200
"""Coroutines inside one another that Lua admits at most (LUAI_MAXCCALLS)."""
_MOST_FRAMES = 200


class _Debug(ctypes.Structure):
    """`lua_Debug` of Lua 5.4 (lua.h)."""

    _fields_ = (
        ("event", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("namewhat", ctypes.c_char_p),
        ("what", ctypes.c_char_p),
        ("source", ctypes.c_char_p),
        ("srclen", ctypes.c_size_t),
        ("currentline", ctypes.c_int),
        ("linedefined", ctypes.c_int),
        ("lastlinedefined", ctypes.c_int),
        ("nups", ctypes.c_ubyte),
        ("nparams", ctypes.c_ubyte),
        ("isvararg", ctypes.c_char),
        ("istailcall", ctypes.c_char),
        ("ftransfer", ctypes.c_ushort),
        ("ntransfer", ctypes.c_ushort),
        ("short_src", ctypes.c_char * 60),
        ("i_ci", ctypes.c_void_p),
    )


_HANDLER = ctypes.CFUNCTYPE(None, ctypes.c_int)
_HOOK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)


class Where:
    """Finds the line of the script in one Lua state, whose library is the file `library`.

    `script` is the script's chunk name while a run goes on, else None. Raises OSError or AttributeError if the library
    does not export Lua's functions. To be made before the process is confined: it loads.
    """

    def __init__(self, library: str) -> None:
        lua = ctypes.PyDLL(library)  # not CDLL: the handler is not to let go of Python's lock
        self._get_stack = _function(lua.lua_getstack, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
        self._get_info = _function(lua.lua_getinfo, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
        self._set_hook = _function(lua.lua_sethook, ctypes.c_void_p, _HOOK, ctypes.c_int, ctypes.c_int)
        self._status = _function(lua.lua_status, ctypes.c_void_p)
        self._to_thread = _function(lua.lua_tothread, ctypes.c_void_p, ctypes.c_int)
        self._to_thread.restype = ctypes.c_void_p
        self._handler = _HANDLER(self._asked)
        self._hook = _HOOK(self._hooked)
        self._frame = _Debug()
        self._at = ctypes.addressof(self._frame)
        self._state = 0
        self._still: tuple[CodeType, ...] = ()
        self._tell: Callable[[int], None] = lambda _line: None
        self.script: bytes | None = None

    def listen(self) -> None:
        """Takes the signal from now on."""
        libc = ctypes.CDLL(None)
        libc.signal.argtypes = (ctypes.c_int, _HANDLER)
        libc.signal.restype = ctypes.c_void_p
        libc.signal(SIGURG, self._handler)

    def watch(self, state: int, still: tuple[CodeType, ...], tell: Callable[[int], None]) -> None:
        """From now on it is the main state at address `state` that is asked for, and `tell` is given the line.

        `still`: the Python code in which nothing is half done as long as Lua or the kernel runs below it.
        """
        self._state, self._still, self._tell = state, still, tell

    def _asked(self, _number: int) -> None:
        if self.script is None:
            return
        states = self._nested()
        in_c = self._get_stack(states[-1], 0, self._at) and self._is_c(states[-1])
        if in_c and sys._getframe(1).f_code in self._still:
            self._tell_line(states)
            return
        for state in states:
            self._set_hook(state, self._hook, _COUNT_HOOK, 1)

    def _hooked(self, _state: int, _event: int) -> None:
        if self.script is not None:
            self._tell_line(self._nested())

    def _tell_line(self, states: list[int]) -> None:
        for state in reversed(states):
            line = self._line(state)
            if line is not None:
                self._tell(line)
                return

    def _nested(self) -> list[int]:
        """The main state and the coroutines that run inside one another, the running one last.

        A state that has resumed another one stands in a C function, of which the other is the first argument
        (`coroutine.resume`, `close`) or the first upvalue (`coroutine.wrap`).
        """
        states = [self._state]
        for _ in range(_MOST_COROUTINES):
            outer = states[-1]
            if not self._get_stack(outer, 0, self._at) or not self._is_c(outer):
                break
            inner = self._to_thread(outer, 1) or self._to_thread(outer, _FIRST_UPVALUE)
            if not inner or inner in states or self._status(inner) or not self._get_stack(inner, 0, self._at):
                break  # not one that runs
            states.append(inner)
        return states

    def _is_c(self, state: int) -> bool:
        self._get_info(state, b"S", self._at)
        return bool(self._frame.what == b"C")

    def _line(self, state: int) -> int | None:
        for level in range(_MOST_FRAMES):
            if not self._get_stack(state, level, self._at):
                return None
            self._get_info(state, b"Sl", self._at)
            if self._frame.source == self.script and self._frame.currentline > 0:
                return int(self._frame.currentline)
        return None


def _function(function: ctypes._NamedFuncPointer, *arguments: type[ctypes._CDataType]) -> ctypes._NamedFuncPointer:
    function.argtypes = arguments
    return function
