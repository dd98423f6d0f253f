"""What concerns all tests: their order, the examples of property tests, and workers that are not counted."""

from __future__ import annotations

import signal

import pytest
from hypothesis import HealthCheck, settings

_UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # on a busy machine nothing is quick
settings.register_profile("same", _UNHURRIED, derandomize=True)
settings.register_profile("hunt", _UNHURRIED, max_examples=2000)
settings.load_profile("same")  # `pytest --hypothesis-profile=hunt` looks for new ones


def pytest_configure(config: pytest.Config) -> None:
    """With `-n`, no process is given many tests at once: at the end it would be left with them, and the others idle."""
    if getattr(config.option, "maxschedchunk", 0) is None:
        config.option.maxschedchunk = 32


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The corpus of attacks first: its tests wait the longest, and at the end nothing is left to be run beside them."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/hostile/"))


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
