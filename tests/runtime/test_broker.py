"""The broker: policy's answers, counts, records, answers that come later; with a clock that the test moves."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from llmspell import CallError, ErrorKind, Limits
from llmspell.outcome import LimitHit
from llmspell.sandbox.broker import Broker, Handler, Later
from llmspell.sandbox.open_calls import LARGE_JOBS, OPEN_JOBS
from llmspell.sandbox.session import Answer, LimitCrossed
from llmspell.sandbox.threads import Threads
from llmspell.sandbox.weight import LARGE, is_large, weight

DEADLINE = 60.0


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Woken:
    """Counts the wake-ups of a driver that is not there."""

    def __init__(self) -> None:
        self._calls = threading.Semaphore(0)

    def __call__(self) -> None:
        self._calls.release()

    def wait(self) -> None:
        assert self._calls.acquire(timeout=DEADLINE)


def fail(kind: ErrorKind) -> Any:
    def run(_arguments: Mapping[str, Any]) -> Any:
        raise CallError(kind, "no", {"why": 1})

    return run


def broken(_arguments: Mapping[str, Any]) -> Any:
    raise RuntimeError("secret detail")


def over(_arguments: Mapping[str, Any]) -> Any:
    raise LimitCrossed(LimitHit("tokens", 1, 2, "tokens"))


def make(handlers: dict[str, Handler], clock: Clock | None = None, **limits: Any) -> tuple[Broker, Woken]:
    broker = Broker(handlers, Limits(**limits), threads=Threads, now=clock or Clock())
    woken = Woken()
    broker.attach(woken)
    return broker, woken


def test_a_cheap_handler_answers_in_place_and_is_recorded_by_name() -> None:
    broker, _ = make({"echo": Handler(lambda arguments: arguments["x"], named="x")})
    assert broker.dispatch(1, "echo", {"x": "hi"}) == (True, "hi")
    assert [(r.id, r.capability, r.name, r.ok) for r in broker.records] == [(1, "echo", "hi", True)]
    assert broker.calls == 1


def test_a_handler_that_does_not_count_is_neither_limited_nor_recorded() -> None:
    broker, _ = make({"free": Handler(lambda _: 1, counted=False)}, calls=0)
    assert broker.dispatch(1, "free", {}) == (True, 1)
    assert (broker.calls, broker.records) == (0, [])


def test_the_call_that_would_cross_the_limit_ends_the_run_before_it_is_made() -> None:
    made: list[int] = []
    broker, _ = make({"a": Handler(lambda _: made.append(1))}, calls=2)
    broker.dispatch(1, "a", {})
    broker.dispatch(2, "a", {})
    with pytest.raises(LimitCrossed) as crossed:
        broker.dispatch(3, "a", {})
    assert crossed.value.hit == LimitHit("calls", 2, 3, "calls")
    assert len(made) == 2


def test_an_unknown_capability_is_not_found() -> None:
    broker, _ = make({})
    answer = broker.dispatch(1, "nothing", {})
    assert answer is not None
    assert (answer[0], answer[1]["kind"]) == (False, "not_found")


def test_only_a_refusal_counts_as_refused() -> None:
    broker, _ = make({"v": Handler(fail(ErrorKind.VALIDATION)), "d": Handler(fail(ErrorKind.DENIED))})
    broker.dispatch(1, "v", {})
    assert not broker.refused
    assert broker.dispatch(2, "d", {}) == (False, {"kind": "denied", "message": "no", "details": {"why": 1}})
    assert broker.refused


def test_a_fault_of_a_handler_is_internal_and_keeps_its_text_to_itself() -> None:
    broker, _ = make({"b": Handler(broken)})
    answer = broker.dispatch(1, "b", {})
    assert answer is not None
    assert answer[1]["kind"] == "internal"
    assert "secret" not in answer[1]["message"]


def test_a_limit_out_of_a_handler_ends_the_run_and_leaves_a_record() -> None:
    broker, _ = make({"o": Handler(over)})
    with pytest.raises(LimitCrossed):
        broker.dispatch(1, "o", {})
    assert [record.ok for record in broker.records] == [False]


def test_a_moment_is_answered_once_it_has_come() -> None:
    clock = Clock()
    broker, _ = make({"sleep": Handler(lambda _: Later(at=105.0, value="up"), counted=False)}, clock)
    assert broker.dispatch(1, "sleep", {}) is None
    assert broker.deadline() == 105.0
    assert broker.finished() == []
    clock.now = 105.0
    assert broker.finished() == [(1, (True, "up"))]
    assert broker.deadline() is None


def test_a_job_is_done_on_a_thread_and_wakes_the_driver() -> None:
    names: list[str] = []

    def job() -> str:
        names.append(threading.current_thread().name)
        return "done"

    broker, woken = make({"j": Handler(lambda _: Later(job=job))})
    assert broker.dispatch(1, "j", {}) is None
    woken.wait()
    assert broker.finished() == [(1, (True, "done"))]
    assert names == ["llmspell-call"]
    assert [record.ok for record in broker.records] == [True]


@pytest.mark.parametrize(
    ("raised", "kind"),
    [(CallError(ErrorKind.TOOL, "t"), "tool"), (RuntimeError("secret"), "internal"), (SystemExit(1), None)],
)
def test_what_a_job_raises_is_its_answer(raised: BaseException, kind: str | None) -> None:
    def job() -> None:
        raise raised

    broker, woken = make({"j": Handler(lambda _: Later(job=job))})
    broker.dispatch(1, "j", {})
    woken.wait()
    if kind is None:  # no answer of a tool: it belongs to the caller of the run
        with pytest.raises(SystemExit):
            broker.finished()
        return
    ((number, answer),) = broker.finished()
    assert (number, answer[0], answer[1]["kind"]) == (1, False, kind)


def test_a_job_that_overruns_is_a_timeout_and_its_late_answer_is_dropped() -> None:
    clock, gate = Clock(), threading.Event()
    broker, woken = make({"j": Handler(lambda _: Later(job=gate.wait, seconds=5.0, name="tool slow"))}, clock)
    broker.dispatch(1, "j", {})
    clock.now += 5
    ((number, answer),) = broker.finished()
    assert (number, answer[0]) == (1, False)
    assert answer[1]["kind"] == "timeout"
    assert answer[1]["message"] == "tool slow gave no answer within 5 seconds; it is left behind"
    gate.set()
    woken.wait()
    assert broker.finished() == []


def test_a_job_that_overran_keeps_its_slot_until_it_ends() -> None:
    clock, gate = Clock(), threading.Event()
    broker, woken = make({"j": Handler(lambda _: Later(job=gate.wait, seconds=5.0))}, clock)
    for number in range(OPEN_JOBS + 1):
        broker.dispatch(number, "j", {})
    clock.now += 5
    overdue = [number for number, _ in broker.finished()]
    assert overdue == list(range(OPEN_JOBS))  # the last one has not begun: its time has not either
    gate.set()
    answers: list[tuple[int, Answer]] = []
    while not answers:
        woken.wait()
        answers = broker.finished()
    assert answers == [(OPEN_JOBS, (True, True))]


def all_answers(broker: Broker, woken: Woken, count: int) -> list[tuple[int, Answer]]:
    answers: list[tuple[int, Answer]] = []
    while len(answers) < count:
        woken.wait()
        answers += broker.finished()
    return answers


@pytest.mark.parametrize("told", [True, False])
def test_of_jobs_with_large_answers_only_a_few_run_at_once(told: bool) -> None:
    begun: list[int] = []

    def job() -> bytes:
        begun.append(1)
        return b"x" * (LARGE + 1)

    broker, woken = make({"j": Handler(lambda _: Later(job=job, name="tool j", large=told))})
    if not told:  # then it is known from its first answer on
        broker.dispatch(0, "j", {})
        assert len(all_answers(broker, woken, 1)) == 1
        begun.clear()
    for number in range(1, 10):
        broker.dispatch(number, "j", {})
    answered = 0
    while answered < 9:
        woken.wait()
        assert len(begun) <= answered + LARGE_JOBS
        answered += len(broker.finished())


def test_jobs_with_small_answers_pass_those_with_large_ones() -> None:
    gate = threading.Event()
    handlers = {
        "large": Handler(lambda _: Later(job=gate.wait, name="tool large", large=True)),
        "small": Handler(lambda _: Later(job=lambda: "small", name="tool small")),
    }
    broker, woken = make(handlers)
    for number in range(LARGE_JOBS + 2):
        broker.dispatch(number, "large", {})
    broker.dispatch(99, "small", {})
    assert all_answers(broker, woken, 1) == [(99, (True, "small"))]
    gate.set()
    assert len(all_answers(broker, woken, LARGE_JOBS + 2)) == LARGE_JOBS + 2


def test_an_answer_may_hold_itself_and_have_keys_of_any_kind() -> None:
    endless: list[Any] = [1]
    endless.append(endless)
    assert is_large(endless)
    assert is_large(dict.fromkeys(range(20_000)))
    assert not is_large({1: 2, None: [b"x"]})


def test_arguments_of_open_calls_are_bounded() -> None:
    gate = threading.Event()
    broker, _ = make({"j": Handler(lambda _: Later(job=gate.wait))}, open_arguments=10_000)
    assert broker.dispatch(1, "j", {"x": "a" * 6000}) is None
    answer = broker.dispatch(2, "j", {"x": "a" * 6000})
    assert answer is not None
    assert answer[1]["kind"] == "budget"
    gate.set()


def test_after_the_run_nothing_is_answered() -> None:
    gate = threading.Event()
    broker, woken = make({"j": Handler(lambda _: Later(job=gate.wait))})
    broker.dispatch(1, "j", {})
    broker.abandon()
    gate.set()
    woken.wait()
    assert broker.finished() == []


def test_records_are_bounded() -> None:
    broker = Broker({"a": Handler(lambda _: 1)}, Limits(), threads=Threads, keep_records=3)
    for number in range(5):
        broker.dispatch(number, "a", {})
    assert len(broker.records) == 3
    assert broker.calls == 5


def test_weight_counts_text_bytes_and_every_value() -> None:
    assert weight({"key": "value", "list": [b"12", 1]}) == 64 * 5 + 5 + 2 + 7
    assert weight({"ké": "a" * 100 + "\U0001f600"}) == 64 * 2 + 4 * (2 + 101)  # one wide character makes all wide


def test_calls_that_a_model_makes_are_counted_recorded_and_refused_with_the_others() -> None:
    broker, _ = make({"a": Handler(lambda _: 1)}, calls=3)
    broker.dispatch(1, "a", {})
    assert broker.nested("tool.invoke", "t", "sage", lambda: 7) == 7
    with pytest.raises(CallError, match="no"):
        broker.nested("tool.invoke", "u" * 300, "sage", lambda: fail(ErrorKind.DENIED)({}))
    assert broker.refused
    with pytest.raises(LimitCrossed) as crossed:
        broker.nested("tool.invoke", "t", "sage", lambda: 7)
    assert crossed.value.hit == LimitHit("calls", 3, 4, "calls")
    with pytest.raises(LimitCrossed):
        broker.dispatch(2, "a", {})
    assert broker.calls == 3
    assert [(r.id, r.name and len(r.name), r.ok, r.agent) for r in broker.records] == [
        (1, None, True, None), (-1, 1, True, "sage"), (-2, 200, False, "sage"),
    ]  # fmt: skip


def test_calls_on_many_threads_never_cross_the_limit_together() -> None:
    made: list[int] = []
    broker, _ = make({"a": Handler(lambda _: made.append(1))}, calls=100)

    def models() -> None:
        try:
            while True:
                broker.nested("tool.invoke", "t", "sage", lambda: made.append(1))
        except LimitCrossed:
            pass

    threads = [threading.Thread(target=models) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for number in range(200):
            broker.dispatch(number, "a", {})
    except LimitCrossed:
        pass
    for thread in threads:
        thread.join(DEADLINE)
    assert 90 < len(made) <= 100  # two that meet at the last one may both be refused
    assert broker.calls == len(made) == len(broker.records)
