"""Runs that the host ends: from threads, from signal handlers, because nobody reads the output."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytest

from llmspell.outcome import Verdict
from llmspell.sandbox.wake import Cancellation, Wake
from tests.patience import PATIENTLY
from tests.sandbox.conftest import LIMITS, Desk, Printed, run_on, scripted


@pytest.mark.parametrize("script", ["compute(60)", "call(2, 'never')", "while True: output(b'.')"])
def test_another_thread_cancels_a_run_and_what_was_printed_is_kept(script: str) -> None:
    cancellation, printed = Cancellation(), Printed()
    canceller = threading.Timer(0.1, cancellation.cancel)
    desk = Desk(begin=lambda _: canceller.start(), never=lambda _: None)
    with scripted() as worker:
        end = run_on(worker, f"output(b'kept'); ask(1, 'begin')\n{script}", desk, printed.emit, cancellation)
        assert not worker.alive
    canceller.join()
    assert (end.verdict, end.cancelled_by, end.error) == (Verdict.CANCELLED, 130, None)
    assert printed.text().startswith(b"kept")
    assert end.wall_seconds < LIMITS.wall


def test_a_signal_handler_cancels_a_run() -> None:
    cancellation = Cancellation()
    before = signal.signal(signal.SIGTERM, lambda *_: cancellation.cancel(143))
    me = threading.get_ident()
    sender = threading.Timer(0.1, lambda: signal.pthread_kill(me, signal.SIGTERM))
    try:
        with scripted() as worker:
            end = run_on(
                worker,
                "ask(1, 'begin'); compute(60)",
                Desk(begin=lambda _: sender.start()),
                None,
                cancellation,
            )
    finally:
        signal.signal(signal.SIGTERM, before)
    sender.join()
    assert (end.verdict, end.cancelled_by) == (Verdict.CANCELLED, 143)


def test_a_cancelled_wish_ends_the_next_run_at_once_and_the_first_reason_stays() -> None:
    cancellation = Cancellation()
    cancellation.cancel(129)
    cancellation.cancel(130)
    assert cancellation.cancelled
    with scripted() as worker:
        assert run_on(worker, "compute(60)", cancellation=cancellation).cancelled_by == 129


def test_one_wish_ends_several_runs() -> None:
    cancellation = Cancellation()
    together = threading.Barrier(3)
    verdicts: list[Verdict] = []

    def begin(_: dict[str, Any]) -> None:
        together.wait(PATIENTLY)

    def drive() -> None:
        with scripted() as worker:
            desk = Desk(begin=begin)
            verdicts.append(run_on(worker, "ask(1, 'begin'); compute(60)", desk, None, cancellation).verdict)

    drivers = [threading.Thread(target=drive) for _ in range(2)]
    for driver in drivers:
        driver.start()
    together.wait(PATIENTLY)
    cancellation.cancel()
    for driver in drivers:
        driver.join(PATIENTLY)
    assert verdicts == [Verdict.CANCELLED] * 2


def test_closed_output_ends_the_run_with_141() -> None:
    def emit(*_: object) -> None:
        raise BrokenPipeError

    with scripted() as worker:
        end = run_on(worker, "output(b'x'); output(b'y'); signal.pause()", emit=emit)
        assert not worker.alive
    assert (end.verdict, end.cancelled_by) == (Verdict.CANCELLED, 141)


def test_an_interrupt_kills_the_worker_and_comes_out() -> None:
    def interrupt(_: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    with scripted() as worker:
        with pytest.raises(KeyboardInterrupt):
            run_on(worker, "call(1, 'interrupt')", Desk(interrupt=interrupt))
        assert worker.process.ended is not None


def test_a_wake_after_the_end_does_nothing() -> None:
    wake = Wake()
    wake()
    wake()
    wake.clear()
    wake.clear()
    wake.close()
    wake.close()
    wake()
