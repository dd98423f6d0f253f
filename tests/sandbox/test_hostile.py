"""Workers that misbehave: each ends as a crash that says what happened, and leaves nothing."""

from __future__ import annotations

import os
import resource
import signal
import threading
from typing import Any

import pytest

from llmspell.outcome import Verdict
from llmspell.sandbox.ending import RunEnd
from llmspell.sandbox.session import Answer
from tests.patience import PATIENTLY, growing
from tests.sandbox.conftest import LIMITS, Desk, Printed, echo, run, run_on, scripted, wait_for

ENDS = {
    "exit": ("os._exit(3)", "exited with status 3"),
    "exit well": ("os._exit(0)", "exited with status 0"),
    "abort": ("os.abort()", "was killed by SIGABRT"),
    "kill": ("os.kill(os.getpid(), 9)", "was killed by SIGKILL"),
    "unnamed signal": ("os.kill(os.getpid(), 40)", "was killed by signal 40"),
}


@pytest.mark.parametrize(("script", "how"), ENDS.values(), ids=ENDS)
def test_a_worker_that_ends_without_a_last_word_has_crashed(script: str, how: str) -> None:
    end = run(f"output(b'kept'); say('oh \\x1b[31mno'); {script}")
    assert (end.verdict, end.evidence, end.started) == (Verdict.CRASH, "kernel", True)
    assert end.error is not None
    assert (end.error.kind, end.error.message) == ("crash", f"the worker {how} without a last word")
    assert end.diagnostics == "oh \\x1b[31mno"
    assert end.output_bytes == 4


def test_a_worker_that_is_killed_from_outside_has_crashed() -> None:
    with scripted() as worker:
        pid = worker.process.pid

        def kill(_: dict[str, Any]) -> None:
            os.kill(pid, signal.SIGKILL)

        end = run_on(worker, "call(1, 'kill')", Desk(kill=kill))
        assert (end.verdict, worker.alive) == (Verdict.CRASH, False)


def test_what_a_dying_worker_had_said_still_counts() -> None:
    printed = Printed()
    with scripted() as worker:
        script = "raw(b''.join(framed(wire.frame_body(wire.Output('stdout', b'x'))) for _ in range(900)))\n"
        end = run_on(worker, script + "done(5); os._exit(1)", emit=printed.emit)
    assert (end.verdict, end.value, printed.text()) == (Verdict.OK, 5, b"x" * 900)


def test_calls_of_a_worker_that_has_died_are_not_sent() -> None:
    desk = Desk(echo=echo)
    with scripted() as worker:

        def wait_for_the_end(_: dict[str, Any]) -> Answer:
            assert worker.process.wait(PATIENTLY)
            return (True, None)

        desk.capabilities["wait"] = wait_for_the_end
        calls = "[unchecked(wire.Call(n, 'echo', {})) for n in range(2, 2000)]"
        end = run_on(worker, f"ask(1, 'wait'); {calls}; os._exit(1)", desk)
    assert end.verdict is Verdict.CRASH
    assert len(desk.asked) < 1000  # the few that were taken before the end was looked at


def test_fatal_is_a_crash_with_the_workers_own_word() -> None:
    end = run("send(wire.Fatal('no more'))\nos._exit(0)")
    assert end.error is not None
    assert (end.verdict, end.evidence) == (Verdict.CRASH, "worker")
    assert end.error.message == "the worker gave up: no more"


BROKEN = {
    "garbage": ("raw(b'GET / HTTP/1.1\\r\\n\\r\\n' * 9)", "over the cap"),
    "no msgpack": ("raw(framed(b'\\xc1'))", "no valid msgpack"),
    "a huge length": ("raw(b'\\xff\\xff\\xff\\xff')", "4,294,967,295 bytes is over the cap"),
    "an unknown kind": ("raw(framed(b'\\x91\\x63'))", "unknown kind 99"),
    "Hello again": ("unchecked(wire.Hello(1, 'scripted', '1', {}))", "a Hello frame in state running"),
    "a frame of the host": ("unchecked(wire.Reply(1, True, None))", "wrong end"),
    "the end of another run": ("unchecked(wire.Done(9, None, None, {}))", "run 9 while run 1"),
    "a call id twice": ("ask(1, 'later'); unchecked(wire.Call(1, 'later', {}))", "used already"),
    "257 open calls": ("[unchecked(wire.Call(n, 'later', {})) for n in range(257)]", "256 calls are open"),
    "a wrong field": ("raw(framed(b'\\x93\\x04\\xa5stdin\\xc4\\x00'))", "stream of a Output frame"),
}


@pytest.mark.parametrize(("script", "why"), BROKEN.values(), ids=BROKEN)
def test_a_worker_that_breaks_the_protocol_is_killed(script: str, why: str) -> None:
    end = run(f"{script}\nsignal.pause()", Desk(later=lambda _: None))
    assert end.error is not None
    assert (end.verdict, end.error.kind, end.evidence) == (Verdict.CRASH, "protocol", "host")
    assert why in end.error.message


def test_a_frame_between_two_runs_breaks_the_protocol() -> None:
    with scripted() as worker:
        frames = "wire.Done(1, None, None, {}), wire.Output('stdout', b'')"
        script = f"raw(b''.join(framed(wire.frame_body(frame)) for frame in ({frames})))"
        run_on(worker, f"{script}; conversation.state = 'idle'")
        end = run_on(worker, "done()")
    assert end.error is not None
    assert (end.verdict, end.started, end.error.file) == (Verdict.CRASH, False, "spell")
    assert "a Output frame in state idle" in end.error.message


def test_a_worker_that_gives_up_between_two_runs_has_crashed() -> None:
    with scripted() as worker:
        run_on(worker, "signal.signal(signal.SIGUSR1, lambda *_: send(wire.Fatal('tired'))); done()")
        os.kill(worker.process.pid, signal.SIGUSR1)
        wait_for(worker.process.stdout)
        end = run_on(worker, "done()")
    assert (end.verdict, end.started) == (Verdict.CRASH, False)


def test_a_worker_that_died_between_two_runs_has_crashed() -> None:
    with scripted() as worker:
        run_on(worker, "done()")
        os.kill(worker.process.pid, signal.SIGKILL)
        assert worker.process.wait(PATIENTLY)
        end = run_on(worker, "done()")
    assert end.error is not None
    assert (end.verdict, end.started) == (Verdict.CRASH, False)
    assert "SIGKILL" in end.error.message


@pytest.mark.parametrize("open_call", [False, True])
def test_a_stopped_worker_is_stuck_unless_it_has_a_call_open(open_call: bool) -> None:
    for stuck in growing(0.3):
        end, asked = stopped(stuck, open_call=open_call)
        assert end.error is not None
        assert (end.verdict, end.error.kind) == (Verdict.CRASH, "crash")
        assert f"stuck: for {stuck:g} s it neither computed" in end.error.message
        if asked is open_call:
            break  # and otherwise it did not come to its call
    assert end.wall_seconds > (3.9 * stuck if open_call else stuck)


def stopped(stuck: float, *, open_call: bool) -> tuple[RunEnd, bool]:
    answer = threading.Timer(3 * stuck, lambda: desk.put(1, (True, None)))
    desk = Desk(later=lambda _: answer.start())
    script = "ask(1, 'later')\n" * open_call + "os.kill(os.getpid(), signal.SIGSTOP)"
    end = run(script, desk, stuck=stuck)
    if desk.asked:
        answer.join()
    return end, bool(desk.asked)


def test_a_worker_that_computes_in_silence_is_not_stuck() -> None:
    verdicts = (run(f"compute({3 * stuck}); done()", stuck=stuck).verdict for stuck in growing(0.2))
    assert any(verdict is Verdict.OK for verdict in verdicts)  # one may have had no processor for so long


def test_a_worker_that_sleeps_without_a_call_is_stuck() -> None:
    end = run("signal.pause()", stuck=0.2)
    assert end.verdict is Verdict.CRASH


def test_a_worker_that_does_not_read_is_killed() -> None:
    desk = Desk(big=lambda _: (True, b"x" * (1 << 20)))
    end = run("[ask(n, 'big') for n in range(40)]; signal.pause()", desk, unread=0.3)
    assert end.error is not None
    assert end.verdict is Verdict.CRASH
    assert "does not read" in end.error.message


@pytest.mark.parametrize("script", ["os.close(0); ask(1, 'echo')", "ask(1, 'never'); os.close(1)"])
def test_a_worker_that_closes_a_pipe_and_goes_on_is_killed(script: str) -> None:
    desk = Desk(echo=echo, never=lambda _: None)
    end = run(f"{script}; signal.pause()", desk, closed=0.2)
    assert end.error is not None
    assert (end.verdict, end.error.kind) == (Verdict.CRASH, "crash")
    assert "closed its stdin or stdout" in end.error.message


def test_a_worker_that_closes_its_stdin_while_bytes_wait_for_it_has_crashed() -> None:
    desk = Desk(big=lambda _: (True, b"x" * (1 << 20)))
    end = run("ask(1, 'big'); os.read(0, 10); os.close(0); signal.pause()", desk, closed=0.2)
    assert end.verdict is Verdict.CRASH


def test_a_worker_that_closes_its_stderr_goes_on() -> None:
    assert run("os.close(2); done(call(1, 'echo'))", Desk(echo=echo)).verdict is Verdict.OK


def test_a_flood_on_stderr_is_bounded_and_its_tail_is_kept() -> None:
    end = run("for n in range(3000): say('x' * 1000)\nsay('the end'); os._exit(1)")
    assert end.diagnostics.endswith("xthe end")
    assert len(end.diagnostics) == 64 * 1024


FLOODS = {
    "output": "one = framed(wire.frame_body(wire.Output('stdout', b'')))\nwhile True: raw(one * 4000)",
    "half a frame": "raw(b'\\0\\x40\\0\\0')\nraw(bytes(4 << 20 - 1))\nsignal.pause()",
    "stderr": "while True: say('x' * 65536)",
    "calls": "n = 0\nwhile True:\n n += 1; ask(n, 'later', text='x' * 1000000); answer(n)",
}


@pytest.mark.parametrize("script", FLOODS.values(), ids=FLOODS)
def test_deadlines_fire_and_memory_is_bounded_under_a_flood(script: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    desk = Desk(later=echo)
    end = run(script, desk, limits=LIMITS._replace(wall=0.5, memory=100 << 20))
    assert end.limit is not None or "no valid msgpack" in str(end.error)
    assert end.wall_seconds < LIMITS.cpu
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024
