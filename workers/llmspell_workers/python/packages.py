"""Extension modules of granted packages, mapped before the worker is confined, as those of the library are.

Theory of operation. A confined worker opens no file, so whatever of a package is machine code has to be there before:
`dlopen` maps it with the libraries that it needs, and runs the initialisers of those, which are installed and trusted.
Nothing of Python's is run: that is left to the import, which comes later, finds the code mapped, and is confined.
"""

from __future__ import annotations

import os
from _ctypes import dlopen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")
"""What libraries for numbers ask for the number of their threads; a confined worker starts none."""
_LEAST_ROOM = 16 * 1024 * 1024
"""Bytes of address space that a worker takes after it has mapped packages, until it says hello, and some of a script's:
14.6 MiB were measured."""
_ROUND = 16 * 1024 * 1024


def map_files(extensions: Iterable[str], memory: int) -> tuple[dict[str, str], dict[str, str]]:
    """Maps each `NAME=FILE`; gives the files by name, and by name why one cannot be mapped, for its import to say.

    Raises MemoryError where a worker of `memory` bytes could not go on, ValueError where a library has started threads,
    which what confines a worker would not hold.
    """
    for name in _ONE_THREAD:
        os.putenv(name, "1")  # for libraries alone: `os.environ` does not show it
    mapped, broken = {}, {}
    for word in extensions:
        name, _, file = word.partition("=")
        try:
            dlopen(file, os.RTLD_LAZY)
        except OSError as error:
            broken[name] = str(error)
        else:
            mapped[name] = file
    if len(os.listdir("/proc/self/task")) > 1:
        raise ValueError("a library of the granted packages starts threads when it is loaded, and cannot be confined")
    taken = _address_space()
    if taken + _LEAST_ROOM > memory:
        least = -(-(taken + _LEAST_ROOM) // _ROUND) * _ROUND >> 20
        raise MemoryError(
            f"with the granted packages {taken >> 20} MiB of {memory >> 20} MiB of memory are taken before a script"
            f" runs: the least that works is --mem {least}M, and what they load and compute comes on top"
        )
    return mapped, broken


def _address_space() -> int:
    with open("/proc/self/statm", "rb") as statm:
        return int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
