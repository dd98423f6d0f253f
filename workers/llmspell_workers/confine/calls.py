"""The table of system calls over which every step of confinement goes.

It is handed in: a test, or whoever wants to know what another kernel would do, hands in one that answers otherwise.
"""

from __future__ import annotations

import ctypes
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    Argument = int | bytes | ctypes.Array[ctypes.c_char] | ctypes.Array[ctypes.c_char_p]
    """A number, or bytes of which the kernel gets the address; to those of an array it may write."""
_SIX = (0,) * 6
EPERM, E2BIG, EACCES, EINVAL, ENOSYS, EOPNOTSUPP = 1, 7, 13, 22, 38, 95
"""What the kernel says where it refuses (errno(3)); the module `errno` takes as long to load as Landlock to arm."""
MACHINES = ("x86_64", "aarch64")
"""What `uname` calls them, in the order of the columns."""
NUMBERS: dict[str, tuple[int, int]] = {
    "capget": (125, 90), "capset": (126, 91), "chdir": (80, 49), "close": (3, 57), "execveat": (322, 281),
    "landlock_add_rule": (445, 445), "landlock_create_ruleset": (444, 444), "landlock_restrict_self": (446, 446),
    "mount": (165, 40), "openat": (257, 56), "pivot_root": (155, 41), "prctl": (157, 167), "prlimit64": (302, 261),
    "seccomp": (317, 277), "umount2": (166, 39), "unshare": (272, 97),
}  # fmt: skip
"""The calls by which a process is confined; `numbers.py` says where the numbers are from, and has all the others."""


class SystemCalls:
    """The calls of the kernel below: `calls("prctl", 4, 0)`.

    `machine` is what `uname` says. A call that fails raises OSError, with the call's name as its `filename`.
    `numbers` are those that the machine has; `library` is the C library that makes them.
    """

    __slots__ = ("_syscall", "library", "machine", "numbers")

    def __init__(self, machine: str | None = None) -> None:
        self.machine = machine or os.uname().machine
        column = MACHINES.index(self.machine) if self.machine in MACHINES else None
        self.numbers = {} if column is None else {name: row[column] for name, row in NUMBERS.items()}
        self.library = ctypes.CDLL(None, use_errno=True)
        self._syscall = self.library.syscall
        self._syscall.restype = ctypes.c_long
        # Whole registers: an int would leave half of one as it was. Numbers, bytes and arrays can all be pointers.
        self._syscall.argtypes = (ctypes.c_long, *(ctypes.c_void_p,) * 6)

    def __call__(self, name: str, *arguments: Argument) -> int:
        number = self.numbers.get(name)
        if number is None:
            raise OSError(ENOSYS, f"its number is not known for {self.machine}", name)
        result: int = self._syscall(number, *arguments, *_SIX[len(arguments) :])
        if result == -1:
            failed = ctypes.get_errno()
            raise OSError(failed, os.strerror(failed), name)
        return result


def address(data: bytes) -> int:
    """Where the bytes lie, for as long as `data` is held."""
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0


def why(error: OSError, hint: str = "") -> str:
    """What failed and with which errno, in words for a person; `hint` says what to do about it."""
    from errno import errorcode  # nothing was refused, mostly

    number = error.errno or 0
    code = "EOPNOTSUPP" if number == EOPNOTSUPP else errorcode.get(number, str(number))  # its other name is ENOTSUP
    return f"{error.filename}: {error.strerror} ({code}){'; ' if hint else ''}{hint}"
