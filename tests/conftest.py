"""What concerns all tests: property tests find the same examples each time, some want a worker that is not counted."""

from __future__ import annotations

import signal

import pytest
from hypothesis import HealthCheck, settings

_UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine nothing is quick
settings.register_profile("same", _UNHURRIED, derandomize=True)
settings.register_profile("hunt", _UNHURRIED, max_examples=2000)
settings.load_profile("same")  # `pytest --hypothesis-profile=hunt` looks for new ones


@pytest.fixture(scope="session", autouse=True)
def _signals_are_heard() -> None:
    """Whoever started the tests in the background, or under nohup, ignores some, and so would all that they start."""
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


@pytest.fixture
def plain_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a test of what the counting of a worker changes: memory, speed, what is loaded (`covered/counting.py`)."""
    monkeypatch.delenv("COUNT_WORKERS", raising=False)
