"""Paths that a confined process may still read: what its language or its program is made of."""

from __future__ import annotations

import os
from errno import EINVAL

from llmspell_workers.confine.steps import AT_FDCWD, SystemCalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_RULE_PATH_BENEATH = 1
_ACCESS = (0b1101, 0b0101)
"""Execute, read a file, read a folder; and the same for what is no folder."""
_NULL = "/dev/null"
_NULL_ACCESS = (0b0110,)
"""It is read, and written, by those that want to throw away."""


def allow(calls: SystemCalls, ruleset: int, paths: Sequence[str]) -> None:
    """Adds a rule for each path to a rule set of Landlock. Raises OSError for one that cannot be opened."""
    for path in paths:
        _allow(calls, ruleset, path)


def _allow(calls: SystemCalls, ruleset: int, path: str) -> None:
    try:
        descriptor = calls("openat", AT_FDCWD, os.fsencode(path) + b"\0", os.O_PATH | os.O_CLOEXEC, 0)
    except OSError as error:
        error.filename = path
        raise
    try:
        for access in (kinds := _NULL_ACCESS if path == _NULL else _ACCESS):
            rule = access.to_bytes(8, "little") + descriptor.to_bytes(4, "little")
            try:
                calls("landlock_add_rule", ruleset, _RULE_PATH_BENEATH, rule, 0)
                return
            except OSError as error:
                if error.errno != EINVAL or access == kinds[-1]:
                    raise
    finally:
        calls("close", descriptor)
