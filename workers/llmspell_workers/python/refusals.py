"""How often the script was refused memory and went on: Python tells that from 3.12 on, by its monitoring."""

from __future__ import annotations

import sys

from llmspell_workers.python.calls import Calls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection
    from types import CodeType

_TOOL = 5
"""The first of the ids that Python gives to nobody else (`sys.monitoring`)."""


def count_refusals(calls: Calls, files: Collection[str]) -> bool:
    """From here on, each MemoryError that is caught in one of the files is counted; False if it cannot be."""
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is None:
        return False

    def handled(code: CodeType, _offset: int, error: BaseException) -> None:
        if isinstance(error, MemoryError) and code.co_filename in files:
            calls.refusals += 1

    event = monitoring.events.EXCEPTION_HANDLED
    monitoring.use_tool_id(_TOOL, "llmspell")
    monitoring.register_callback(_TOOL, event, handled)
    monitoring.set_events(_TOOL, event)
    return True
