"""What would be loaded later, when there are no more files: it is loaded now, or its absence is said clearly."""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn


def hold_time_zone() -> None:
    """Reads the machine's time zone once and for all.

    Without TZ the C library looks at /etc/localtime at each conversion, and takes UTC once that is refused; with the
    same TZ as before it does not look again (tzset(3), glibc's time/tzset.c).
    """
    os.putenv("TZ", ":/etc/localtime")
    time.tzset()


def seal_imports() -> None:
    """From here on an import of what is not loaded raises ImportError, and says why."""
    sys.meta_path.insert(0, _Sealed)


class _Sealed:
    """Stands before all finders of modules; behind it, refused system calls look like a missing module."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: object = None) -> NoReturn:  # noqa: ARG004
        raise ImportError(f"the module {name} was not loaded before the worker was confined, and cannot be now")
