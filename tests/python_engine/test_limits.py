"""Limits: memory that a script may catch, time that it may not, and the line where it was."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from llmspell import Limits, ScriptRuntime, Verdict
from tests.patience import growing
from tests.python_engine.checking import session
from tests.python_engine.spells import spell, value

BOMBS = {
    "list": "kept = []\nwhile True:\n    kept.append([len(kept)] * 10)",
    "text": "text = 'x'\n\nwhile True: text += text",
    "map": "kept = {}\nwhile True:\n    kept[len(kept)] = str(len(kept))",
    "nested": "def f(n, kept):\n    while True:\n        kept.append(bytes(1000))\nf(1, [])",
    "branch": "def f(kept):\n    while True:\n        kept.append(bytes(1000))\nparallel([lambda: f([])])",
    "coroutine": "async def f(kept):\n    while True:\n        kept.append(bytes(1000))\nawait f([])",
}


@pytest.mark.usefixtures("plain_worker")
@pytest.mark.parametrize("name", BOMBS)
def test_memory_that_is_used_up_is_the_memory_limit_with_its_line(name: str) -> None:
    outcome = spell(BOMBS[name])
    assert outcome.verdict is Verdict.LIMIT
    assert outcome.limit is not None
    assert outcome.limit.name == "memory"
    assert outcome.error is not None
    known = outcome.error.line is not None or sys.version_info < (3, 13)  # where 3.13 finds no memory for a traceback
    assert outcome.error.line == (3 if known else None)
    assert outcome.usage.memory_refusals >= 1 or not known  # nor for the worker's last word
    assert outcome.usage.peak_memory_bytes is not None
    assert outcome.usage.peak_memory_bytes <= 50 << 20


def test_refused_memory_can_be_caught_and_the_script_goes_on() -> None:
    source = """
    kept = []
    try:
        while True:
            kept.append(bytes(100_000))
    except MemoryError:
        count, kept = len(kept), []
    [count > 100, Tool.execute("calculator", input="6*7")["result"]["result"]]
    """
    assert value(source) == [True, 42]


def test_an_answer_that_finds_no_room_is_a_memory_error_and_counted() -> None:
    def large() -> bytes:
        return bytes(3 << 20)

    source = """
    kept = []
    try:
        while True:
            kept.append(bytes(500_000))
    except MemoryError:
        pass
    try:
        Tool.execute("large")
    except MemoryError:
        kept = "refused"
    kept
    """
    outcome = spell(source, large)
    assert (outcome.value, outcome.usage.memory_refusals) == ("refused", 2 if hasattr(sys, "monitoring") else 1)


PLACES = {
    "loop": "\n\nwhile True: x = 1",
    "expression": "import re\n\nre.match('(a+)+$', 'a' * 60 + 'b')",
    "arithmetic": "\n\nx = 9 ** 9 ** 8",
    "caught": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "branch": "\n\nparallel([lambda: sum(range(10**12))])",
}


@pytest.mark.parametrize("name", PLACES)
def test_time_that_is_used_up_tells_the_line(name: str) -> None:
    assert line_of(PLACES[name], "cpu", 0.5) == 3


def line_of(source: str, limit: str, least: float) -> int | None:
    """The line that a limit ends a source at; a busy machine may need a wider one to come so far, and to say it."""
    for seconds in growing(least):
        outcome = spell(source, limits=Limits()._replace(**{limit: seconds}))  # type: ignore[arg-type]
        assert outcome.limit is not None
        assert outcome.error is not None
        assert outcome.limit.name == limit
        if outcome.error.line is not None:
            return outcome.error.line
    return None


@pytest.mark.usefixtures("plain_worker")
@pytest.mark.parametrize("wait", ["import time; time.sleep(60)", "await asleep(60)", "parallel([lambda: sleep(60)])"])
def test_a_wait_without_an_end_tells_the_line(wait: str) -> None:
    assert line_of(f"\n\n{wait}", "wall", 0.8) == 3


@pytest.mark.usefixtures("plain_worker")
def test_a_worker_at_rest_is_small_and_holds_no_descriptor_but_its_pipes() -> None:
    with session() as worker:
        assert worker.run(b"1").value == 1
        pid = worker.bridge._worker.process.pid
        status = Path(f"/proc/{pid}/status").read_text()
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    assert resident < 20 * 1024
    assert "Seccomp:\t2" in status


def test_what_the_kernel_shows_is_what_it_shows_of_every_engine() -> None:
    outcome = spell("1")
    assert outcome.confinement is not None
    assert (outcome.confinement.files or "").startswith("seccomp")
    assert (outcome.confinement.network or "").startswith("seccomp")
    assert outcome.confinement.processes == "seccomp"


def test_a_run_of_a_session_whose_memory_is_used_up_meets_the_limit() -> None:
    hoard = """
    hoard = []
    try:
        while True: hoard.append("x" * 3000 + str(len(hoard)))
    except MemoryError: pass
    """
    with ScriptRuntime.with_engine("python", limits=Limits(memory=28 * 1024 * 1024)).session() as session:
        assert session.execute(textwrap.dedent(hoard)).ok
        limit = session.execute("1").limit
        assert limit is not None
        assert limit.name == "memory"
