"""Runs from async code: whatever their callbacks do and however the loop ends, the task ends and nothing is said."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextvars import ContextVar

import pytest

from llmspell import FunctionTool, ScriptRuntime, UsageError, default_policy
from tests.uncounted import uncounted

LOOP = "print(1) while true do end"
REQUEST: ContextVar[str] = ContextVar("request", default="none")


def test_a_stop_iteration_of_a_callback_ends_the_task() -> None:
    def emit(_stream: str, _data: bytes) -> None:
        raise StopIteration("oh")

    async def main() -> None:
        with pytest.raises(RuntimeError, match="raised StopIteration") as caught:
            await asyncio.wait_for(ScriptRuntime.with_lua().aexecute(LOOP, emit=emit), 60)
        assert isinstance(caught.value.__cause__, StopIteration)

    asyncio.run(main())


def test_what_a_run_calls_finds_the_context_variables_of_its_task() -> None:
    seen = []

    def placed() -> str:
        return REQUEST.get()

    def threaded() -> str:
        return REQUEST.get()

    runtime = ScriptRuntime.with_lua(
        tools=[FunctionTool(placed, blocking=False), FunctionTool(threaded)],
        policy=default_policy().with_tools(["placed", "threaded"]),
        log=lambda _level, _message, _fields: seen.append(REQUEST.get()),
    )
    source = "Log.info('x') print(1) return {Tool.execute('placed', {}), Tool.execute('threaded', {})}"

    async def main(name: str) -> object:
        REQUEST.set(name)
        outcome = await runtime.aexecute(source, emit=lambda _stream, _data: seen.append(REQUEST.get()))
        return outcome.value

    assert asyncio.run(main("r1")) == ["r1", "r1"]
    assert seen == ["r1", "r1"]
    assert REQUEST.get() == "none"


def test_a_cancellation_that_is_none_reaches_the_task() -> None:
    with pytest.raises(UsageError, match="3 is no Cancellation"):
        asyncio.run(ScriptRuntime.with_lua().aexecute("", cancellation=3))  # type: ignore[arg-type]


ENDED = """
import asyncio, threading
from llmspell import ScriptRuntime

runtime, begun = ScriptRuntime.with_lua(), threading.Event()


def emit(stream, data):
    begun.set()
    gone.wait()
    raise ValueError("nobody hears it")


gone = threading.Event()
loop = asyncio.new_event_loop()
task = loop.create_task(runtime.aexecute("print(1)", emit=emit))
while not begun.is_set():
    loop.run_until_complete(asyncio.sleep(0))
{way}
loop.close()
gone.set()
for thread in threading.enumerate():
    if thread.name == "llmspell-run":
        thread.join()
print("over")
"""
CANCELLED = """
for _ in range(2):
    task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.run_until_complete(asyncio.sleep(0))
"""


@pytest.mark.parametrize("way", [CANCELLED, "task._log_destroy_pending = False"], ids=["cancelled twice", "closed"])
def test_a_run_that_outlives_its_loop_says_nothing(way: str) -> None:
    source = ENDED.format(way=way)
    done = subprocess.run([sys.executable, "-c", source], env=uncounted(), capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("over\n", "")
