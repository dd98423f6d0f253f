"""asyncio on the wire: calls of one coroutine are open while others run."""

from __future__ import annotations

import pytest

from llmspell import Limits
from tests.python_engine.meeting import Meeting
from tests.python_engine.spells import error, spell, value


def test_calls_of_gathered_coroutines_are_open_at_once() -> None:
    meeting = Meeting(20)
    source = """
    import asyncio
    await asyncio.gather(*[Tool.aexecute("meet") for _ in range(20)])
    """
    assert value(source, meeting.meet, waits=True) == [20] * 20


def test_plain_functions_on_threads_that_are_none_are_open_at_once() -> None:
    meeting = Meeting(4)
    source = """
    import asyncio
    async def main():
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(asyncio.to_thread(Tool.execute, "meet")) for _ in range(4)]
        return [task.result() for task in tasks]
    asyncio.run(main())
    """
    assert value(source, meeting.meet, waits=True) == [4] * 4


def test_timers_are_the_runs_own_and_in_order() -> None:
    source = """
    import asyncio
    seen = []
    async def after(seconds):
        await asyncio.sleep(seconds)
        seen.append(seconds)
    await asyncio.gather(after(0.06), after(0.0), after(0.03), after(0.001))
    try:
        await asyncio.wait_for(asleep(30), 0.02)
    except TimeoutError:
        seen.append("timed out")
    async with asyncio.timeout(5):
        seen.append(await Tool.aexists("calculator"))
    for _ in range(300):  # each begins a timer that is not waited for
        await asyncio.wait_for(Tool.aexists("calculator"), 60)
    seen
    """
    assert value(source) == [0.0, 0.001, 0.03, 0.06, "timed out", True]


def test_a_reply_is_taken_although_others_never_wait() -> None:
    source = """
    import asyncio
    turns = 0
    async def busy():
        global turns
        while not answer.done():
            turns += 1
            await asyncio.sleep(0)
    answer = asyncio.ensure_future(asleep(0.02))
    await busy()
    turns > 1
    """
    assert value(source) is True


def test_queues_events_and_locks_work() -> None:
    source = """
    import asyncio
    queue, event, lock = asyncio.Queue(2), asyncio.Event(), asyncio.Lock()
    async def produce():
        for n in range(5):
            async with lock:
                await queue.put(n)
        event.set()
    async def consume():
        found = [await queue.get() for _ in range(5)]
        await event.wait()
        return found
    (await asyncio.gather(produce(), consume()))[1]
    """
    assert value(source) == [0, 1, 2, 3, 4]


def test_a_cancelled_call_is_left_alone_and_the_next_one_works() -> None:
    source = """
    import asyncio
    task = asyncio.ensure_future(asleep(30))
    await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        found = "cancelled"
    [found, await Tool.aexists("calculator"), Tool.exists("calculator")]
    """
    assert value(source) == ["cancelled", True, True]


def test_waiting_for_what_nothing_can_bring_about_is_an_error() -> None:
    assert "no call is open that could wake it" in error("import asyncio\nawait asyncio.Event().wait()")[1]


@pytest.mark.parametrize("call", ["asyncio.open_connection('localhost', 9)", "asyncio.create_subprocess_exec('id')"])
def test_what_needs_sockets_or_processes_is_refused(call: str) -> None:
    outcome = spell(f"import asyncio\nawait {call}")
    assert outcome.error is not None
    assert outcome.error.kind == "runtime"


def test_an_error_in_a_coroutine_has_the_line_of_the_script() -> None:
    source = """\
    async def inner():
        await asleep(0)
        raise KeyError("here")
    await inner()
    """
    outcome = spell(source)
    assert outcome.error is not None
    assert (outcome.error.message, outcome.error.line) == ("KeyError: 'here'", 3)
    assert outcome.error.traceback == ("spell.py:3: in inner", "spell.py:4: in <module>")


@pytest.mark.usefixtures("plain_worker")
def test_asyncio_fits_the_smallest_memory_that_it_needs() -> None:
    peak = spell("import asyncio\nawait asyncio.sleep(0)", limits=Limits(memory=50 << 20)).usage.peak_memory_bytes
    assert peak is not None
    assert peak < 24 << 20
