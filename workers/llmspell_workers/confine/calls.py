"""The table of system calls over which every step of confinement goes.

It is handed in: a test, or whoever wants to know what another kernel would do, hands in one that answers otherwise.
"""

from __future__ import annotations

import ctypes
import os
from errno import ENOSYS, EOPNOTSUPP, errorcode

from llmspell_workers.confine.numbers import numbers_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    Argument = int | bytes | ctypes.Array[ctypes.c_char] | ctypes.Array[ctypes.c_char_p]
    """A number, or bytes of which the kernel gets the address; to those of an array it may write."""
_SIX = (0,) * 6


class SystemCalls:
    """The calls of the kernel below: `calls("prctl", 4, 0)`.

    `machine` is what `uname` says. A call that fails raises OSError, with the call's name as its `filename`.
    """

    __slots__ = ("_numbers", "_syscall", "machine")

    def __init__(self, machine: str | None = None) -> None:
        self.machine = machine or os.uname().machine
        self._numbers = numbers_of(self.machine)
        self._syscall = ctypes.CDLL(None, use_errno=True).syscall
        self._syscall.restype = ctypes.c_long
        self._syscall.argtypes = (ctypes.c_long,) * 7  # an int would leave half of a register as it was

    def __call__(self, name: str, *arguments: Argument) -> int:
        number = self._numbers.get(name)
        if number is None:
            raise OSError(ENOSYS, f"its number is not known for {self.machine}", name)
        six = [one if type(one) is int else _address(one) for one in arguments + _SIX[len(arguments) :]]
        result: int = self._syscall(number, *six)
        if result == -1:
            failed = ctypes.get_errno()
            raise OSError(failed, os.strerror(failed), name)
        return result

    def number(self, name: str) -> int | None:
        """The number of a call, None where this machine has none of that name."""
        return self._numbers.get(name)


def _address(data: Argument) -> int:
    """Where the bytes lie, for as long as `data` is held."""
    if isinstance(data, bytes):
        return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0
    return ctypes.addressof(data)  # type: ignore[arg-type]


def why(error: OSError, hint: str = "") -> str:
    """What failed and with which errno, in words for a person; `hint` says what to do about it."""
    number = error.errno or 0
    code = "EOPNOTSUPP" if number == EOPNOTSUPP else errorcode.get(number, str(number))  # its other name is ENOTSUP
    return f"{error.filename}: {error.strerror} ({code}){'; ' if hint else ''}{hint}"
