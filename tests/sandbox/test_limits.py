"""Runs that cross a limit, each with its name, numbers and evidence."""

from __future__ import annotations

from typing import Any

from llmspell.outcome import LimitHit, Verdict
from llmspell.sandbox.ending import RunEnd
from llmspell.sandbox.session import Answer, LimitCrossed
from tests.patience import growing
from tests.sandbox.conftest import LIMITS, Desk, Printed, run, run_on, scripted

MIB = 1 << 20


def crossed(end: RunEnd) -> LimitHit:
    assert end.verdict is Verdict.LIMIT
    assert end.limit is not None
    assert end.error is not None
    assert end.error.kind == "limit"
    return end.limit


def test_wall_ends_a_run_and_keeps_what_was_printed() -> None:
    for wall in growing(0.4):
        printed = Printed()
        with scripted(limits=LIMITS._replace(wall=wall)) as worker:
            end = run_on(worker, "output(b'before'); compute(60)", emit=printed.emit)
            assert not worker.alive
        hit = crossed(end)
        assert (hit.name, hit.allowed, hit.unit, end.evidence) == ("wall", wall, "seconds", "host")
        assert wall < hit.used < LIMITS.cpu
        assert end.error is not None
        assert end.error.message.endswith(f"s of its {wall:g} s (wall limit); raise it with --timeout")
        if printed:
            break  # and otherwise it did not come so far
    assert printed.text() == b"before"


def test_wall_ends_a_run_that_waits_for_a_call() -> None:
    end = run("call(1, 'never')", Desk(never=lambda _: None), limits=LIMITS._replace(wall=0.2))
    assert crossed(end).name == "wall"


def test_cpu_of_a_fraction_of_a_second_is_enforced() -> None:
    end = run("compute(60)", limits=LIMITS._replace(cpu=0.2))
    hit = crossed(end)
    assert (hit.name, hit.allowed) == ("cpu", 0.2)
    assert 0.2 < hit.used < 2  # the kernel's own limit, of whole seconds
    assert end.cpu_seconds >= hit.used


def test_cpu_is_counted_for_each_run_of_a_session() -> None:
    with scripted(limits=LIMITS._replace(cpu=1)) as worker:
        for _ in range(3):
            end = run_on(worker, "compute(0.4); done()")
            assert end.verdict is Verdict.OK
            assert 0.4 <= end.cpu_seconds < 1


def test_a_worker_that_sends_itself_the_signal_of_the_cpu_limit_has_crossed_none() -> None:
    end = run("os.kill(os.getpid(), signal.SIGXCPU); signal.pause()")
    assert (end.verdict, end.limit, end.evidence) == (Verdict.CRASH, None, "kernel")


def test_the_kernels_cpu_limit_is_armed_far_below_the_hosts_watch() -> None:
    with scripted(limits=LIMITS._replace(cpu=7)) as worker:
        end = run_on(worker, "done(list(resource.getrlimit(resource.RLIMIT_CPU)))")
    assert end.value == [16, -1]  # it counts in ticks, and too many of them


def test_cpu_found_after_the_end_still_wins() -> None:
    # Both are said at once: the run is over before the host looks at the clock again.
    end = run("compute(0.004); done()", limits=LIMITS._replace(cpu=0.002))
    assert crossed(end).name == "cpu"


def test_output_over_the_limit_ends_the_run_and_what_fits_is_kept() -> None:
    printed = Printed()
    with scripted(limits=LIMITS._replace(output=10)) as worker:
        script = "output(b'123456'); output(b'7890ab', 'stderr'); signal.pause()"
        end = run_on(worker, script, emit=printed.emit)
    assert crossed(end) == LimitHit("output", 10, 12, "bytes")
    assert printed == [("stdout", b"123456"), ("stderr", b"7890")]
    assert end.error is not None
    assert end.error.message.startswith("script used 12 bytes of its 10 bytes (output limit); raise it with")


def test_output_over_the_limit_before_a_death_is_a_limit() -> None:
    end = run("output(b'123456789ab'); os._exit(1)", limits=LIMITS._replace(output=10))
    assert crossed(end).name == "output"


def test_a_run_wide_limit_found_by_the_broker_ends_the_run_before_the_call_is_sent() -> None:
    def refuse(_: dict[str, Any]) -> Answer:
        raise LimitCrossed(LimitHit("calls", 1, 2, "calls"))

    end = run("call(1, 'paid'); done()", Desk(paid=refuse))
    assert crossed(end) == LimitHit("calls", 1, 2, "calls")
    assert end.error is not None
    assert end.error.message == "script used 2 calls of its 1 calls (calls limit); raise it with --max-calls"


def test_a_run_wide_limit_may_be_found_when_an_answer_comes() -> None:
    class Billing(Desk):
        def finished(self) -> list[tuple[int, Answer]]:
            raise LimitCrossed(LimitHit("cost", 1.0, 1.5, "USD"))

    desk = Billing(paid=lambda _: desk.put(1, (True, None)))
    end = run("call(1, 'paid')", desk)
    assert crossed(end).name == "cost"
    assert end.error is not None
    assert end.error.message.startswith("script used 1.5 USD of its 1.0 USD (cost limit)")


def test_memory_is_the_kernels_word_only_near_the_limit() -> None:
    claimed = run("failed('memory', line=12)")
    hit = crossed(claimed)
    assert (hit.name, hit.allowed, claimed.evidence) == ("memory", 50 * MIB, "worker")
    assert hit.used < 45 * MIB
    assert claimed.error is not None
    assert "last seen at spell:12; raise it with --mem" in claimed.error.message
    seen = run("""
import mmap
maps = []
try:
    while True: maps.append(mmap.mmap(-1, 1 << 20))
except OSError:
    maps.pop()
failed('memory')
""")
    assert (crossed(seen).used > 45 * MIB, seen.evidence) == (True, "kernel")


def test_a_worker_that_dies_close_to_its_memory_limit_crossed_it() -> None:
    fill = """
import mmap
maps = []
try:
    while True: maps.append(mmap.mmap(-1, 1 << 18))
except OSError:
    del maps[-4:]
compute({})
"""
    for word in ("os.abort()", "send(wire.Fatal('memory')); os._exit(1)"):
        for seen in growing(0.3):  # long enough for the host to look
            end = run(fill.format(seen) + word)
            if end.verdict is Verdict.LIMIT:
                break
        assert (crossed(end).name, end.evidence) == ("memory", "kernel")
    assert run("compute(0.3); send(wire.Fatal('memory'))").verdict is Verdict.CRASH
