"""A worker that is asked where its script is, once a limit was crossed: whatever it says, the verdict stands."""

from __future__ import annotations

import os
import select
from types import SimpleNamespace
from typing import Any

import pytest

from llmspell.outcome import Verdict
from llmspell.sandbox.ending import RunEnd
from llmspell.sandbox.last_line import ASK_EVERY, ask_line
from llmspell.sandbox.pipes import ENDED
from llmspell.sandbox.watch import Patience
from tests.patience import PATIENTLY
from tests.sandbox.conftest import LIMITS, Printed, run_on, scripted

ARMED = "arm(); send(wire.Hello(1, ENGINE, '1', {'last_line': True}))"
WALL = 0.3
ANSWER = "signal.signal(signal.SIGURG, lambda *_: ({}))\nwhile True: pass"
EXIT = "os._exit(0)"


def asked(script: str, printed: Printed | None = None, *, output: int = LIMITS.output, **patience: float) -> RunEnd:
    limits = LIMITS._replace(wall=WALL, output=output)
    with scripted(ARMED, limits=limits, require=("memory",), **patience) as worker:
        end = run_on(worker, script, emit=None if printed is None else printed.emit)
        assert not worker.alive
    assert end.limit is not None
    assert (end.verdict, end.limit.name, end.evidence) == (Verdict.LIMIT, "wall", "host")
    return end


def line_of(end: RunEnd) -> int | None:
    assert end.error is not None
    assert ("last seen at" in end.error.message) is (end.error.line is not None)
    return end.error.line


def test_the_line_of_a_failed_is_shown_and_nothing_else_of_it() -> None:
    end = asked(ANSWER.format("failed('denied', 'chosen', line=12), os._exit(0)"), line=PATIENTLY)
    assert line_of(end) == 12
    assert end.error is not None
    assert (end.error.kind, "chosen" in end.error.message) == ("limit", False)


@pytest.mark.parametrize(
    "answer",
    [
        EXIT,
        "done('all is well'), os._exit(0)",
        "send(wire.Fatal('memory')), os._exit(0)",
        "failed('memory'), os._exit(0)",
        "raw(b'\\xff' * 100), os._exit(0)",
        "raw(framed(b'\\xc1')), os._exit(0)",
        "os.abort()",
        "None",
        "os.kill(os.getpid(), signal.SIGSTOP)",
        "[raw(b'\\0\\0\\0\\1') for _ in iter(int, 1)]",
        "[output(b'x' * 100000) for _ in iter(int, 1)]",
        "os.close(1), signal.pause()",
    ],
)
def test_whatever_else_it_answers_the_verdict_stands_and_no_line_is_shown(answer: str) -> None:
    assert line_of(asked(ANSWER.format(answer))) is None


def test_a_worker_that_dies_of_the_signal_crossed_the_limit() -> None:
    assert line_of(asked("signal.signal(signal.SIGURG, signal.SIG_DFL)\nwhile True: pass")) is None


def test_a_worker_is_asked_again_until_it_answers() -> None:
    script = "asked = []\n" + ANSWER.format("asked.append(1), len(asked) > 2 and (failed('x', line=3), os._exit(0))")
    assert line_of(asked(script, line=PATIENTLY)) == 3


class Late:
    """Pipes from which their host comes back late, as where a machine stands still; then the worker has ended."""

    def __init__(self, waits: int) -> None:
        self.waits = waits

    def wait(self, seconds: float) -> int:
        self.waits -= 1
        if self.waits < 0:
            return ENDED
        select.select([], [], [], seconds + Patience().line)
        return 0

    def drain(self) -> bytes:
        return b"its line"


def test_a_host_that_stood_still_meanwhile_has_asked_only_once() -> None:
    pidfd = os.pidfd_open(os.getpid())  # the signal does nothing to who has no handler for it
    process: Any = SimpleNamespace(pidfd=pidfd)
    late: Any = Late(2)
    assert ask_line(process, late, Patience().line) == b"its line"
    never: Any = Late(10**6)
    assert ask_line(process, never, ASK_EVERY) == b""
    os.close(pidfd)


def test_output_that_came_before_the_answer_is_shown_and_that_over_the_limit_is_not() -> None:
    printed = Printed()
    end = asked(
        "output(b'one ')\n" + ANSWER.format("output(b'two'), output(b'three'), failed('x', line=4), os._exit(0)"),
        printed,
        output=9,
        line=PATIENTLY,
    )
    assert (printed.text(), line_of(end)) == (b"one twoth", 4)


def test_a_worker_that_did_not_say_that_it_can_answer_is_not_asked() -> None:
    with scripted(limits=LIMITS._replace(wall=WALL)) as worker:
        end = run_on(worker, ANSWER.format("failed('x', line=4), os._exit(0)"))
    assert line_of(end) is None
