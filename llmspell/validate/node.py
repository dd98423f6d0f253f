"""What a node of a cluster does with a spell: bytes in, bytes out. It runs in a worker of Dask, on a thread of many.

The rule kept here: a node gets nothing but what is named in a call, and whatever goes wrong in it is an answer. What
differs of its versions is found out before a spell is looked at.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from llmspell.sandbox.wake import Cancellation
from llmspell.validate.check import Checker
from llmspell.validate.executor import fault
from llmspell.validate.result import Result
from llmspell.validate.settings import Settings
from llmspell.validate.travel import read_spell, result_bytes
from llmspell.validate.versions import versions
from llmspell_workers.wire import pack, unpack

_KEPT = 8
"""Runs whose checks are kept at once; a run whose client has gone away has said no goodbye."""
_ENDED = 1000

_lock = threading.Lock()
_runs: OrderedDict[str, _Run] = OrderedDict()
_ended: OrderedDict[str, None] = OrderedDict()


class _Run:
    """The checks of one client's run on this node, which its threads share."""

    def __init__(self, settings: bytes) -> None:
        made = unpack(settings)
        assert isinstance(made, dict)
        self.cancellation = Cancellation()
        self.checker = Checker(Settings.from_dict(made), cancellation=self.cancellation)


def check(run: str, settings: bytes, spell: bytes, expected: dict[str, str]) -> bytes:
    """The answer about a spell: a map of this `node`, its `versions`, its `result` (nil where the versions are not
    those that are expected, or the run has ended), and the `fault` for which there is none.
    """
    from distributed import get_worker

    answer: dict[str, object] = {"node": str(get_worker().name), "versions": versions(), "result": None, "fault": None}
    if versions() == expected:
        try:
            checks = _of_run(run, settings)
            result = checks and _checked(checks, spell)
            answer["result"] = result and result_bytes(result)
        except Exception as error:  # noqa: BLE001 - the boundary of a node: its fault is an answer
            answer["fault"] = fault(error)
    return pack(answer)


def end(run: str) -> None:
    """Ends what runs here for a client, and forgets its run."""
    with _lock:
        _ended[run] = None
        while len(_ended) > _ENDED:
            _ended.popitem(last=False)
        found = _runs.pop(run, None)
    if found is not None:
        found.cancellation.cancel()
        found.checker.close()


def _checked(checks: _Run, spell: bytes) -> Result:
    return checks.checker.check(read_spell(spell))


def _of_run(run: str, settings: bytes) -> _Run | None:
    forgotten = None
    with _lock:
        if run in _ended:
            return None
        if run not in _runs:
            _runs[run] = _Run(settings)
            if len(_runs) > _KEPT:
                _, forgotten = _runs.popitem(last=False)
        found = _runs[run]
        _runs.move_to_end(run)
    if forgotten is not None:
        forgotten.checker.close()
    return found
