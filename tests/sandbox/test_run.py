"""Runs of workers that behave."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from llmspell.errors import SetupError, UsageError
from llmspell.outcome import Verdict
from llmspell.sandbox.driver import Worker
from llmspell.sandbox.process import spawn
from llmspell.sandbox.session import Answer
from llmspell_workers.wire import Configure, Hello
from tests.patience import PATIENTLY
from tests.sandbox.conftest import LIMITS, Desk, Printed, command, configuration, echo, run, run_on, scripted


def test_a_script_is_run_with_calls_output_and_a_value() -> None:
    desk, printed = Desk(echo=echo), Printed()
    with scripted() as worker:
        assert worker.hello == Hello(1, "scripted", "1.0", {"scripted": True})
        end = run_on(
            worker,
            "output(b'one'); value = call(1, 'echo', n=1)['n']; output(b'two', 'stderr')\n"
            "done(value, memory_refusals=3)",
            desk,
            printed.emit,
        )
        assert worker.alive
    assert (end.verdict, end.value, end.exit_status, end.error) == (Verdict.OK, 1, None, None)
    assert printed == [("stdout", b"one"), ("stderr", b"two")]
    assert desk.asked == [(1, "echo")]
    assert (end.started, end.output_bytes, end.memory_refusals) == (True, 6, 3)
    assert 0 < end.cpu_seconds < end.wall_seconds < LIMITS.wall
    assert 5 << 20 < (end.peak_memory_bytes or 0) < 50 << 20
    assert end.diagnostics == ""


def test_a_session_goes_on_after_a_run_and_keeps_its_state() -> None:
    with scripted() as worker:
        assert run_on(worker, "state = 41; output(b'x'); done()").output_bytes == 1
        assert run_on(worker, "failed('runtime')").verdict is Verdict.ERROR
        end = run_on(worker, "done(state + 1)")
        assert (end.value, end.output_bytes) == (42, 0)


def test_many_quick_calls_are_answered_in_place() -> None:
    desk = Desk(echo=echo)
    end = run("for n in range(1, 2001): assert call(n, 'echo', n=n)['n'] == n\ndone()", desk)
    assert end.verdict is Verdict.OK
    assert len(desk.asked) == 2000


def test_parallel_calls_are_answered_by_threads_in_any_order() -> None:
    started: list[threading.Thread] = []
    all_open = threading.Barrier(4)

    def later(arguments: dict[str, Any]) -> None:
        def work() -> None:
            all_open.wait(PATIENTLY)
            desk.put(arguments["n"], (True, arguments["n"] * 10))

        started.append(threading.Thread(target=work))
        started[-1].start()

    desk = Desk(later=later)
    end = run("for n in (1, 2, 3, 4): ask(n, 'later', n=n)\ndone([answer(n).value for n in (4, 2, 3, 1)])", desk)
    for thread in started:
        thread.join()
    assert end.value == [40, 20, 30, 10]


def test_answers_in_reverse_order_reach_their_calls() -> None:
    kept: list[int] = []

    def keep(arguments: dict[str, Any]) -> None:
        kept.append(arguments["n"])
        if len(kept) == 3:
            for number in reversed(kept):
                desk.put(number, (True, number))

    desk = Desk(keep=keep)
    script = "for n in (1, 2, 3): ask(n, 'keep', n=n)\ndone([receive().call for _ in range(3)])"
    assert run(script, desk).value == [3, 2, 1]


def test_the_broker_is_asked_again_when_its_deadline_has_passed() -> None:
    from time import monotonic

    class Clockwork(Desk):
        def dispatch(self, *_: object) -> None:
            self.due = monotonic() + 0.05

        def finished(self) -> list[tuple[int, Answer]]:
            assert self.due is not None
            assert monotonic() >= self.due
            self.due = None
            return [(1, (True, "slept"))]

    end = run("done(call(1, 'sleep'))", Clockwork())
    assert end.value == "slept"
    assert end.wall_seconds >= 0.05


def test_a_failing_call_is_an_error_in_the_script() -> None:
    error = {"kind": "tool", "message": "no", "details": {}}
    desk = Desk(fail=lambda _: (False, error))
    assert run("ask(1, 'fail'); reply = answer(1); done([reply.ok, reply.value])", desk).value == [
        False,
        error,
    ]


@pytest.mark.parametrize("answer", [object(), b"x" * (13 << 20)])
def test_an_answer_that_cannot_travel_is_an_error_in_the_script(answer: Any) -> None:
    desk = Desk(give=lambda _: (True, answer))
    ok, error = run("ask(1, 'give'); reply = answer(1); done([reply.ok, reply.value])", desk).value
    assert not ok
    assert error["kind"] == "internal"
    assert "cannot be handed to the script" in error["message"]


def test_an_answer_to_no_open_call_is_dropped() -> None:
    def both(_: dict[str, Any]) -> None:
        desk.put(99, (True, 0))
        desk.put(1, (True, 7))

    desk = Desk(both=both)
    assert run("done(call(1, 'both'))", desk).value == 7


def test_an_answer_larger_than_the_pipe_arrives_whole() -> None:
    desk = Desk(big=lambda _: (True, b"x" * (6 << 20)))
    assert run("done(len(call(1, 'big')))", desk).value == 6 << 20


def test_answers_that_queue_up_beyond_the_cap_wait_until_the_worker_reads() -> None:
    desk = Desk(big=lambda _: (True, b"x" * (9 << 20)), later=lambda _: desk.put(9, (True, "late")))
    script = "for n in (1, 2, 3): ask(n, 'big')\nask(9, 'later')\n"
    script += "sizes = [len(answer(n).value) for n in (1, 2, 3)]\ndone([*sizes, answer(9).value])"
    assert run(script, desk, limits=LIMITS._replace(memory=200 << 20)).value == [9 << 20] * 3 + ["late"]


def test_answers_that_come_while_too_much_is_queued_are_asked_for_later() -> None:
    def big(arguments: dict[str, Any]) -> Answer:
        if arguments["n"] == 2:
            desk.put(1, (True, "late"))
        return (True, b"x" * (10 << 20))

    desk = Desk(later=lambda _: None, big=big)
    script = "ask(1, 'later')\nfor n in (2, 3): ask(n, 'big', n=n)\n"
    script += "done([len(answer(n).value) for n in (2, 3)] + [answer(1).value])"
    assert run(script, desk, limits=LIMITS._replace(memory=200 << 20)).value == [10 << 20] * 2 + ["late"]


def test_an_exit_status_decides_between_ok_and_error() -> None:
    assert run("done(status=0)").verdict is Verdict.OK
    end = run("done(status=7)")
    assert (end.verdict, end.exit_status, end.evidence) == (Verdict.ERROR, 7, "worker")
    assert end.error is not None
    assert end.error.message == "script ended with exit status 7"


def test_a_script_that_does_not_parse_has_not_started() -> None:
    end = run("failed('syntax', 'unexpected end', 3)")
    assert end.error is not None
    assert (end.verdict, end.started, end.error.kind, end.error.line) == (Verdict.ERROR, False, "syntax", 3)


def test_a_refusal_is_denied_only_if_the_broker_refused() -> None:
    claimed = run("failed('denied')")
    assert (claimed.verdict, claimed.evidence) == (Verdict.ERROR, "worker")
    desk = Desk()
    desk.refused = True
    real = run("failed('denied')", desk)
    assert (real.verdict, real.evidence) == (Verdict.DENIED, "host")


def test_arguments_that_cannot_travel_are_a_usage_error_and_end_the_worker() -> None:
    desk = Desk()
    with scripted() as worker:
        with pytest.raises(UsageError, match=r"spell cannot be run: arguments\.f is"):
            worker.run(b"", "spell", {"f": object()}, desk, Printed().emit)
        with pytest.raises(SetupError, match="is gone"):
            run_on(worker, "", desk)
    assert desk.abandoned == 1


def test_a_fault_of_the_broker_ends_the_worker_and_comes_out() -> None:
    with scripted() as worker:
        with pytest.raises(KeyError):
            run_on(worker, "call(1, 'unknown')", Desk())
        assert worker.process.ended is not None


def test_a_worker_that_was_spawned_ahead_is_taken_over() -> None:
    ahead = spawn(command(), engine="scripted", memory=LIMITS.memory)
    seen: list[Hello] = []

    def configure(hello: Hello) -> Configure:
        seen.append(hello)
        return configuration()

    with Worker([], engine="scripted", limits=LIMITS, configure=configure, prestarted=ahead) as worker:
        assert worker.process is ahead
        assert run_on(worker, "done(1)").value == 1
    assert seen == [worker.hello]
