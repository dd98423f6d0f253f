"""What we add to a model's answer on its way from the server to the script's output, beside litellm read directly.

The server runs in a process of its own and stamps each chunk with the machine's clock as it is sent; whoever reads a
chunk looks at the same clock. Both readers take turns within one run.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from conftest import Ratios, median

from llmspell import Limits, ProviderManager, ScriptRuntime, Verdict
from llmspell.engines.bridge import Script
from llmspell.engines.worker import WorkerBridge
from llmspell.providers.settings import ProviderSettings
from llmspell.testing import Answer, LLMServer, Pause, Raw

CHUNKS = 300
EVERY = 0.004
ROUNDS = 5
CALLS = 20
CALL_ROUNDS = 20
FIRSTS = 15
"""Streams of a round for the time to their first chunk: of each long one there is but one."""
FIRST_ROUNDS = 10
READ = """
local agent = Agent.create{name = 'a' .. ARGS[1], model = 'local/m'}
for c in agent:stream('stream') do io.write(c.text) end
"""
BEGIN = """
local agent = Agent.create{name = 'b' .. ARGS[1], model = 'local/m', max_conversation_length = 1}
for i = 1, tonumber(ARGS[2]) do
  io.write('asked')
  for c in agent:stream('short') do io.write(c.text) end
end
"""
ASK = """
local agent = Agent.create{name = 'c' .. ARGS[1], model = 'local/m', max_conversation_length = 1}
agent:execute('hi')
for i = 1, tonumber(ARGS[2]) do agent:execute('hi') end
"""


class Stamp(Raw):
    """An event whose text is the time at which it is sent."""

    @property
    def body(self) -> bytes:  # type: ignore[override]  # looked at when it is sent
        delta = {"choices": [{"index": 0, "delta": {"content": f"{time.monotonic_ns()} "}, "finish_reason": None}]}
        head = {"id": "s", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        return b"data: " + json.dumps({**head, **delta}).encode() + b"\n\n"


def serve() -> None:
    """The server's process: says where it listens, and ends with its stdin."""
    with LLMServer() as server:
        server.answer(Answer(pieces=["", *[Stamp(b""), Pause(EVERY)] * CHUNKS]), match="stream")
        server.answer(Answer(pieces=["", "first ", "second "]), match="short")
        server.answer("hello")
        print(server.base_url, flush=True)
        sys.stdin.read()


@contextmanager
def served() -> Iterator[str]:
    """The address of a server in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


@contextmanager
def as_it_comes() -> Iterator[None]:
    """litellm with the event loop at the end of each call that `litellm_load.py` has it leave out."""
    from litellm._service_logger import ServiceLogging
    from litellm.litellm_core_utils import logging_utils

    ours = logging_utils._service_logger
    logging_utils._service_logger = ServiceLogging()
    try:
        yield
    finally:
        logging_utils._service_logger = ours


class Readers:
    """The same stream, and the same call, by a script and by litellm."""

    def __init__(self, url: str, runtime: ScriptRuntime, bridge: WorkerBridge) -> None:
        from llmspell.providers.litellm_load import load

        self._completion = load().completion  # quiet and offline, as we use it
        from openai import OpenAI

        self._runtime, self._bridge = runtime, bridge
        self._asked = {
            "model": "openai/m",
            "base_url": url,
            "api_key": "k",
            "client": OpenAI(api_key="k", base_url=url, max_retries=0),
        }
        self._number = 0

    def by_script(self) -> list[float]:
        """Milliseconds that each chunk of a stream took to the script's output."""
        late: list[float] = []

        def emit(_stream: str, data: bytes) -> None:
            now = time.monotonic_ns()
            late.extend((now - int(stamp)) / 1e6 for stamp in data.split())  # the last chunk has no text

        self._execute(READ, emit)
        return late

    def directly(self) -> list[float]:
        """The same of litellm alone."""
        return [(time.monotonic_ns() - int(text)) / 1e6 for text in self._stream("stream")]

    def firsts_by_script(self) -> list[float]:
        """Milliseconds from the question to the first chunk at the script's output."""
        took: list[float] = []
        begun = 0

        def emit(_stream: str, data: bytes) -> None:
            nonlocal begun
            if data == b"asked":
                begun = time.monotonic_ns()
            elif data == b"first ":
                took.append((time.monotonic_ns() - begun) / 1e6)

        self._execute(BEGIN, emit, str(FIRSTS))
        assert len(took) == FIRSTS
        return took

    def firsts_directly(self) -> list[float]:
        """The same of litellm alone."""
        took = []
        for _ in range(FIRSTS):
            begun = time.monotonic_ns()
            texts = self._stream("short")
            next(texts)
            took.append((time.monotonic_ns() - begun) / 1e6)
            assert list(texts) == ["second "]
        return took

    def _stream(self, question: str) -> Iterator[str]:
        messages = [{"role": "user", "content": question}]
        with as_it_comes():
            for chunk in self._completion(**self._asked, messages=messages, stream=True):
                text = chunk.choices[0].delta.content
                if text:
                    yield text

    def call_by_script(self) -> float:
        """Milliseconds of one call."""
        begun = time.perf_counter()
        self._execute(ASK, lambda _stream, _data: None, "0")
        rest = time.perf_counter() - begun
        begun = time.perf_counter()
        self._execute(ASK, lambda _stream, _data: None, str(CALLS))
        return (time.perf_counter() - begun - rest) / CALLS * 1e3

    def call_directly(self) -> float:
        """The same of litellm alone."""
        with as_it_comes():
            begun = time.perf_counter()
            for _ in range(CALLS):
                self._completion(**self._asked, messages=[{"role": "user", "content": "hi"}])
            return (time.perf_counter() - begun) / CALLS * 1e3

    def _execute(self, source: str, emit: Any, *words: str) -> None:
        self._number += 1
        script = Script(source.encode(), "bench", (str(self._number), *words))
        end = self._bridge.execute(script, broker=self._runtime.new_broker(), emit=emit)
        assert end.verdict is Verdict.OK, end.error


@pytest.fixture(scope="module")
def readers() -> Iterator[Readers]:
    limits = Limits(calls=10**9, model_calls=10**9, tokens=10**12, cost=10**9, cpu=600, wall=600)
    with served() as url:
        settings = ProviderSettings(base_url=url)
        with ProviderManager({"local": settings}, environ={}) as providers:
            runtime = ScriptRuntime.with_lua(providers=providers, limits=limits)
            with WorkerBridge(runtime.engine, limits) as bridge:
                made = Readers(url, runtime, bridge)
                made.by_script()
                made.directly()
                yield made


def p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


def test_what_we_add_to_each_chunk(benchmark: Any, ratios: Ratios, readers: Readers) -> None:
    rounds = [(readers.by_script(), readers.directly()) for _ in range(ROUNDS)]
    benchmark.pedantic(lambda: None, rounds=1)
    ours = [late for script, _ in rounds for late in script]
    theirs = [late for _, direct in rounds for late in direct]
    shown = f"{median(ours):.2f} ms, litellm alone {median(theirs):.2f} ms"
    ratios.add("added to a chunk, median ms", shown, median(ours) - median(theirs), 1.0)
    shown = f"{p99(ours):.2f} ms, litellm alone {p99(theirs):.2f} ms"
    ratios.add("added to a chunk, p99 ms", shown, p99(ours) - p99(theirs), 5.0)


def test_what_we_add_to_the_first_chunk(benchmark: Any, ratios: Ratios, readers: Readers) -> None:
    pairs = [(median(readers.firsts_by_script()), median(readers.firsts_directly())) for _ in range(FIRST_ROUNDS)]
    benchmark.pedantic(lambda: None, rounds=1)
    ours, theirs = median([a for a, _ in pairs]), median([b for _, b in pairs])
    added = median([a - b for a, b in pairs])
    ratios.add("added to the first chunk, ms", f"{ours:.2f} ms, litellm alone {theirs:.2f} ms", added, 0.5)


def test_what_we_add_to_a_call(benchmark: Any, ratios: Ratios, readers: Readers) -> None:
    pairs = [(readers.call_by_script(), readers.call_directly()) for _ in range(CALL_ROUNDS)]
    benchmark.pedantic(lambda: None, rounds=1)
    ours, theirs = median([a for a, _ in pairs]), median([b for _, b in pairs])
    added = median([a - b for a, b in pairs])  # of neighbours: a machine that is busy for a while is so for both
    ratios.add("added to a model call, ms", f"{ours:.2f} ms, litellm alone {theirs:.2f} ms", added, 0.5)


if __name__ == "__main__":
    serve()
