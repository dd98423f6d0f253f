"""What concerns all tests: property tests find the same examples each time, and the counts of workers join those of
the host when coverage is measured.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

_UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine nothing is quick
settings.register_profile("same", _UNHURRIED, derandomize=True)
settings.register_profile("hunt", _UNHURRIED, max_examples=2000)
settings.load_profile("same")  # `pytest --hypothesis-profile=hunt` looks for new ones


def pytest_sessionfinish(session: pytest.Session) -> None:
    folder = os.environ.get("LLMSPELL_COUNT_WORKERS")
    if not folder:
        return
    from coverage import CoverageData

    for counts in Path(folder).glob("worker-*"):
        content = counts.read_bytes()
        size = int.from_bytes(content[:4], "big")
        if size:
            data = CoverageData(basename=str(session.config.rootpath / f".coverage.{counts.name}"))
            data.loads(content[4 : 4 + size])
            data.write()
        counts.unlink()
