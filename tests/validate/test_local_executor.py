"""Checks on this machine: each spell exactly one result, never far ahead, and nothing is left however it ends."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from llmspell import ScriptRuntime
from llmspell.errors import UsageError
from llmspell.limits import MIB, Limits
from llmspell.sandbox.wake import Cancellation
from llmspell.validate.check import Checker
from llmspell.validate.executor import until_failed
from llmspell.validate.local import AHEAD, THREAD_NAME, LocalExecutor
from llmspell.validate.result import Result, Status
from llmspell.validate.room import HOST_SHARE, default_jobs, free_memory, usable_cores
from llmspell.validate.settings import Settings
from llmspell.validate.spell import Spell
from tests.leftovers import nothing_is_left

__all__ = ["nothing_is_left"]

DEADLINE = 100.0
ENDLESS = b"while true do end"


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert not [thread.name for thread in threading.enumerate() if thread.name == THREAD_NAME]


def spell(path: str, source: bytes = b"return 1") -> Spell:
    return Spell(path, "lua", source)


class ByName:
    """Checks without a worker: a spell passes, or does what its path says."""

    def __init__(self, cancellation: Cancellation, does: dict[str, Callable[[Cancellation], None]]) -> None:
        self._cancellation, self._does = cancellation, does

    def check(self, spell: Spell) -> Result:
        if spell.path in self._does:
            self._does[spell.path](self._cancellation)
        return Result(spell.path, Status.FAILED if spell.path.startswith("bad") else Status.PASSED)

    def close(self) -> None:
        pass


class Running(Checker):
    """Runs each spell, where a plain check only parses it."""

    def __init__(self, settings: Settings, cancellation: Cancellation) -> None:
        super().__init__(settings, cancellation=cancellation)
        self._ending = cancellation

    def check(self, spell: Spell) -> Result:
        runtime = ScriptRuntime.with_engine(spell.engine)
        outcome = runtime.execute(spell.source, name=spell.path, cancellation=self._ending)
        return Result(spell.path, Status.PASSED if outcome.ok else Status.FAILED)


def executor(
    jobs: int = 2, cancellation: Cancellation | None = None, **does: Callable[[Cancellation], None]
) -> LocalExecutor:
    return LocalExecutor(
        Settings(), jobs=jobs, cancellation=cancellation, new_checks=lambda _, ending: ByName(ending, does)
    )


def until_cancelled(cancellation: Cancellation) -> None:
    ended = threading.Event()
    cancellation.attach(ended.set)
    assert cancellation.cancelled or ended.wait(DEADLINE)


def test_each_spell_has_one_result_by_a_worker_of_its_own() -> None:
    spells = [spell(f"{number}.lua", b"return 1" if number % 2 else b"return (") for number in range(8)]
    with LocalExecutor(Settings(), jobs=3) as executor:
        results = list(executor.results(spells))
    assert sorted(result.path for result in results) == [one.path for one in spells]
    for result in results:
        assert result.status is (Status.PASSED if int(result.path[0]) % 2 else Status.FAILED)


def test_results_are_handed_on_as_they_are() -> None:
    known = Result("known.lua", Status.UNCHECKED)
    with executor() as local:
        results = list(local.results([spell("a"), known, spell("b")]))
    assert sorted(result.path for result in results) == ["a", "b", "known.lua"]
    assert any(result is known for result in results)


def test_no_spells_are_no_results() -> None:
    with executor() as local:
        assert list(local.results([])) == []


def test_an_executor_can_be_used_again() -> None:
    with executor() as local:
        assert [len(list(local.results([spell("a"), spell("b")]))) for _ in range(2)] == [2, 2]


def test_a_fault_of_ours_is_a_result_and_costs_no_other_spell() -> None:
    def fail(_: Cancellation) -> None:
        raise KeyError("x" * 10_000)

    with executor(jobs=1, broken=fail) as local:
        results = {result.path: result for result in local.results([spell("a"), spell("broken"), spell("b")])}
    assert {path: result.status for path, result in results.items()} == {
        "a": Status.PASSED, "broken": Status.UNCHECKED, "b": Status.PASSED,
    }  # fmt: skip
    finding = results["broken"].findings[0]
    assert finding.message.startswith("a fault of llmspell: KeyError: 'xxx")
    assert len(finding.message) < 600


def test_no_more_spells_are_taken_than_there_is_room_for() -> None:
    taken = given = 0

    def endless() -> Iterator[Spell]:
        nonlocal taken
        for number in count():
            taken += 1
            yield spell(str(number))

    jobs = 3
    with executor(jobs) as local:
        results = local.results(endless())
        for _ in range(200):
            next(results)
            given += 1
            assert taken - given <= AHEAD * jobs


def test_large_spells_wait_for_a_free_job() -> None:
    both_run, taken = threading.Barrier(2, timeout=DEADLINE), 0

    def large() -> Iterator[Spell]:
        nonlocal taken
        for number in range(6):
            taken += 1
            yield spell(f"slow{number}", bytes(40 * MIB))

    def wait(_: Cancellation) -> None:
        both_run.wait()

    with executor(2, None, **{f"slow{number}": wait for number in range(6)}) as local:
        results = local.results(large())
        next(results)
        assert taken <= 3
        assert len(list(results)) == 5


def test_results_come_as_they_are_known() -> None:
    gate = threading.Event()

    def wait(_: Cancellation) -> None:
        assert gate.wait(DEADLINE)

    with executor(2, slow=wait) as local:
        results = local.results([spell("slow"), spell("quick")])
        assert next(results).path == "quick"
        gate.set()
        assert next(results).path == "slow"


def test_a_broken_list_of_spells_is_raised_and_leaves_nothing() -> None:
    def broken() -> Iterator[Spell]:
        yield spell("a")
        raise OSError("disk")

    with executor() as local, pytest.raises(OSError, match="disk"):
        list(local.results(broken()))


def test_leaving_midway_ends_workers_that_run() -> None:
    endless = [spell(f"{number}.lua", ENDLESS) for number in range(4)]
    with LocalExecutor(Settings(), jobs=2, new_checks=Running) as local:
        results = local.results([spell("first.lua"), *endless])
        assert next(results).path == "first.lua"


def test_cancelling_gives_what_is_done_and_ends_the_rest() -> None:
    cancellation = Cancellation()
    spells = [spell("a.lua"), *(spell(f"{number}.lua", ENDLESS) for number in range(20))]
    given = []
    with LocalExecutor(Settings(), jobs=2, cancellation=cancellation, new_checks=Running) as local:
        for result in local.results(spells):
            given.append(result)
            cancellation.cancel()
    assert [(result.path, result.status) for result in given] == [("a.lua", Status.PASSED)]


def test_the_first_failure_stops_the_taking_of_more() -> None:
    cancellation, taken = Cancellation(), []

    def spells() -> Iterator[Spell]:
        for name in ("a", "bad", *map(str, range(100))):
            taken.append(name)
            yield spell(name)

    with executor(1, cancellation) as local:
        given = [result.path for result in until_failed(local.results(spells()), cancellation)]
    assert given[:2] == ["a", "bad"]
    assert len(given) <= len(taken) <= 4


def test_a_cancelled_executor_takes_nothing() -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    with executor(1, cancellation) as local:
        assert list(local.results([spell("a")])) == []


def test_what_waits_for_a_cancellation_is_woken_by_it() -> None:
    cancellation = Cancellation()
    started = threading.Event()

    def wait(ending: Cancellation) -> None:
        started.set()
        until_cancelled(ending)

    def cancel() -> None:
        assert started.wait(DEADLINE)
        cancellation.cancel()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    with executor(2, cancellation, slow=wait) as local:
        assert list(local.results([spell("slow")])) == []
    canceller.join()


def test_a_run_that_is_left_open_ends_with_the_executor() -> None:
    with executor(2, slow=until_cancelled) as local:
        results = local.results([spell("a"), spell("slow")])
        assert next(results).path == "a"
    assert list(results) == []


_INTERRUPTED = """
import os, signal, sys, threading
from llmspell.validate.local import LocalExecutor
from llmspell.validate.settings import Settings
from llmspell.validate.spell import Spell
sys.path.insert(0, sys.argv[1])
from tests.validate.test_local_executor import Running
signal.signal(signal.SIGINT, signal.default_int_handler)
spells = [Spell("a.lua", "lua", b"return 1")] + [Spell(f"{n}.lua", "lua", b"while true do end") for n in range(9)]
try:
    with LocalExecutor(Settings(), jobs=2, new_checks=Running) as local:
        for result in local.results(spells):
            os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    left = [thread.name for thread in threading.enumerate() if thread.name == "llmspell-check"]
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        print("interrupted", left, file.read().split())
"""


def test_ctrl_c_leaves_no_thread_and_no_process() -> None:
    root = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    command = [sys.executable, "-c", _INTERRUPTED, root]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert (done.stdout, done.stderr) == ("interrupted [] []\n", "")


@pytest.mark.parametrize("jobs", [0, -1, 100_000])
def test_jobs_that_cannot_be_are_refused(jobs: int) -> None:
    with pytest.raises(UsageError, match=f"not {jobs};"):
        LocalExecutor(Settings(), jobs=jobs)


def test_jobs_are_as_many_as_cores_and_memory_allow() -> None:
    assert 1 <= default_jobs(50 * MIB) <= usable_cores()
    assert default_jobs(free_memory()) == 1
    assert default_jobs(free_memory() // 3 * 2 - HOST_SHARE) == 1
    large = Limits(memory=free_memory() // 3 * 2)
    assert LocalExecutor(Settings(limits=large)).jobs == 1 <= LocalExecutor(Settings()).jobs
