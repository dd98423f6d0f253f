"""A runtime in a program of several processes, and in one that the machine gives no more threads."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from llmspell import CallError, ConfigError, ErrorKind, ProviderManager, ScriptRuntime, SetupError, UsageError
from llmspell.config.refusal import Refusal
from llmspell.errors import LlmspellError
from llmspell.types import MalformedError
from llmspell.utils.aio import RetryLimitExceeded
from llmspell.utils.documents import DocumentError
from llmspell.utils.files import FileError
from tests.uncounted import uncounted

ERRORS = [
    UsageError("no"),
    SetupError("no"),
    ConfigError("no"),
    CallError(ErrorKind.NOT_FOUND, "no unicorns", {"item": "unicorn"}),
    MalformedError("AgentInput.text", "is missing"),
    Refusal("llmspell.toml", 3, "limits.memory", "expected a size", "write 50M"),
    RetryLimitExceeded(3, ValueError("oh")),
    FileError("read", "a.txt", "it is gone"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_is_the_same_in_another_process(error: LlmspellError) -> None:
    for same in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert (type(same), str(same), same.__dict__) == (type(error), str(error), error.__dict__)
    assert DocumentError.__reduce__ is LlmspellError.__reduce__


POOL = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from llmspell import CallError, ErrorKind


def refuse(item):
    raise CallError(ErrorKind.NOT_FOUND, f"there is no {item}", {"item": item})


if __name__ == "__main__":
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        print(repr(pool.submit(refuse, "unicorn").exception(60)))
        print(pool.submit(len, "again").result(60))
"""


def test_an_error_of_a_tool_ends_no_pool_of_processes(tmp_path: Path) -> None:
    program = tmp_path / "pool.py"
    program.write_text(POOL)
    done = subprocess.run([sys.executable, program], env=uncounted(), capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("CallError('there is no unicorn')\n5\n", "")


NO_THREADS = """
import asyncio, resource, threading
from llmspell import FunctionTool, LlmspellError, ScriptRuntime, default_policy

def seven() -> int:
    return 7

runtime = ScriptRuntime.with_lua(tools=[FunctionTool(seven)], policy=default_policy().with_tools(["seven"]))
source = "local fine, problem = pcall(Tool.execute, 'seven', {}) return fine and problem or problem.message"


def shown(run):
    try:
        print(run().value)
    except LlmspellError as error:
        print(type(error).__name__, error)


def elsewhere(begin):
    begin.wait()
    shown(lambda: runtime.execute(source))


begin = threading.Event()
other = threading.Thread(target=elsewhere, args=(begin,))
other.start()
size = threading.stack_size(1 << 40)
shown(lambda: runtime.execute(source))
shown(lambda: asyncio.run(runtime.aexecute(source)))
begin.set()
other.join()
threading.stack_size(size)
shown(lambda: runtime.execute(source))
"""


def test_where_no_thread_can_be_had_it_is_said() -> None:
    """Stacks of a terabyte are what no machine gives a thread."""
    done = subprocess.run(
        [sys.executable, "-c", NO_THREADS], env=uncounted(), capture_output=True, text=True, timeout=60, check=False
    )
    lacks = "can't start new thread; the machine, its container or the user has too many"
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        f"the host has no thread for the call: {lacks}",
        f"SetupError the run has no thread: {lacks}",
        f"SetupError no worker can be started: {lacks}",
        "7",
    ]


def test_providers_are_made_once_however_many_threads_ask_first() -> None:
    made, together, meanwhile = [], threading.Barrier(4), threading.Barrier(4)

    def make() -> ProviderManager:
        with suppress(threading.BrokenBarrierError):
            meanwhile.wait(0.5)  # for the others, if they come
        made.append(ProviderManager(environ={}))
        return made[-1]

    def ask() -> None:
        together.wait(60)
        answers.append(runtime.execute("return Agent.create{}:execute('tea').text").value)

    answers: list[object] = []
    with ScriptRuntime.with_lua(providers=make) as runtime:
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == ["tea"] * 4
    assert len(made) == 1
