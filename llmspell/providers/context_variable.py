"""A context variable, set for a while.

The rule kept here: the variables as they were are held while they change. Before Python 3.12 a garbage collection in
the midst of a change may run a finalizer that changes one too, and the first change would go on in freed memory
(python/cpython issue 148891): the process ends by a signal.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import TypeVar

_T = TypeVar("_T")


@contextmanager
def set_to(variable: ContextVar[_T], value: _T) -> Iterator[None]:
    """While it is open, `variable` is `value` on this thread."""
    before = copy_context()
    token = variable.set(value)
    del before
    try:
        yield
    finally:
        before = copy_context()
        variable.reset(token)
        del before
