"""Verdicts, which are pure: from the cause and the readings."""

from __future__ import annotations

import signal

import pytest

from llmspell.limits import Limits
from llmspell.outcome import LimitHit, Verdict
from llmspell.sandbox.ending import (
    Broken,
    Cancelled,
    Cause,
    Readings,
    RunEnd,
    how_it_ended,
    judge,
    limit_message,
)
from llmspell.sandbox.process import Ended
from llmspell_workers.wire import Done, Failed, Fatal

ALLOWED = 50 << 20
SEEN = Readings("spell", Limits(), True, 1.0, 0.5, 8 << 20, 14 << 20, 3, False, "stderr")


def failed(kind: str, **more: object) -> Failed:
    return Failed(1, {"kind": kind, "message": "m", "line": None, **more}, {})


def verdict(cause: Cause, **seen: object) -> tuple[Verdict, str, str | None]:
    end: RunEnd = judge(cause, SEEN._replace(**seen))  # type: ignore[arg-type]
    return end.verdict, end.evidence, end.error.kind if end.error else None


@pytest.mark.parametrize(
    ("kind", "becomes"),
    [
        ("syntax", "syntax"),
        ("tool", "tool"),
        ("internal", "internal"),
        ("limit", "runtime"),
        ("protocol", "runtime"),
        ("x", "runtime"),
    ],
)
def test_a_worker_chooses_only_among_kinds_that_are_its_own(kind: str, becomes: str) -> None:
    assert verdict(failed(kind)) == (Verdict.ERROR, "worker", becomes)


def test_a_claim_of_memory_is_never_a_success() -> None:
    assert verdict(failed("memory")) == (Verdict.LIMIT, "worker", "limit")
    assert verdict(failed("memory"), address_space=None, memory=None) == (Verdict.LIMIT, "worker", "limit")
    assert verdict(failed("memory"), address_space=ALLOWED * 9 // 10) == (Verdict.LIMIT, "kernel", "limit")


def test_used_memory_is_never_above_what_is_allowed() -> None:
    end = judge(failed("memory"), SEEN._replace(address_space=ALLOWED + 4096))
    assert end.limit == LimitHit("memory", ALLOWED, ALLOWED, "bytes")


@pytest.mark.parametrize(
    "how",
    [Ended(None, signal.SIGABRT, 1), Ended(None, signal.SIGSEGV, 1), Ended(1, None, 1), Fatal("memory")],
)
def test_a_death_close_to_the_limit_is_the_limit(how: Cause) -> None:
    assert verdict(how, address_space=ALLOWED) == (Verdict.LIMIT, "kernel", "limit")
    assert verdict(how)[0] is Verdict.CRASH


def test_other_ends() -> None:
    assert verdict(Ended(None, signal.SIGKILL, 1), address_space=ALLOWED) == (
        Verdict.CRASH,
        "kernel",
        "crash",
    )
    assert verdict(Ended(None, signal.SIGXCPU, 1), cpu=SEEN.limits.cpu) == (Verdict.LIMIT, "kernel", "limit")
    assert verdict(Ended(None, signal.SIGXCPU, 1)) == (Verdict.CRASH, "kernel", "crash")  # it sent it to itself
    assert verdict(Broken("protocol", "m")) == (Verdict.CRASH, "host", "protocol")
    assert verdict(Cancelled(143)) == (Verdict.CANCELLED, "host", None)
    assert verdict(failed("denied"), refused=True) == (Verdict.DENIED, "host", "denied")
    assert verdict(Done(1, None, None, {})) == (Verdict.OK, "host", None)


def test_a_place_and_a_traceback_are_kept() -> None:
    end = judge(failed("runtime", line=3, column=7, traceback=["a", "b"]), SEEN)
    assert end.error == ("runtime", "m", "spell", 3, 7, ("a", "b"))


@pytest.mark.parametrize(("claim", "counted"), [(3, 3), (-1, 0), (True, 0), ("9", 0), (None, 0)])
def test_refused_allocations_are_a_checked_number(claim: object, counted: int) -> None:
    assert judge(Done(1, None, None, {"memory_refusals": claim}), SEEN).memory_refusals == counted


def test_diagnostics_are_only_for_a_crash() -> None:
    assert judge(Fatal("x"), SEEN).diagnostics == "stderr"
    assert judge(failed("runtime"), SEEN).diagnostics == ""


def test_messages_say_the_number_and_the_next_step() -> None:
    assert limit_message(LimitHit("cpu", 30.0, 30.004, "seconds"), "s") == (
        "script used 30.0 s of its 30.0 s (cpu limit); raise it with --cpu"
    )
    assert limit_message(LimitHit("model_calls", 100, 101, "calls"), "s") == (
        "script used 101 calls of its 100 calls (model calls limit); raise it with --max-model-calls"
    )
    assert limit_message(LimitHit("source", 10, 20, "bytes"), "s", 4) == (
        "script used 20 bytes of its 10 bytes (source limit), last seen at s:4"
    )


def test_an_end_in_words() -> None:
    assert how_it_ended(Ended(None, 9, 0.0)) == "was killed by SIGKILL"
    assert how_it_ended(Ended(None, 40, 0.0)) == "was killed by signal 40"
