"""What a hostile worker costs the host: memory within 64 MiB of the same run with a peaceful one, and no deadline.

The host of each run is a process of its own (`workers/hosted.py`), whose high-water mark is read at its end.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from llmspell.outcome import Verdict
from llmspell.sandbox.ending import RunEnd
from llmspell.sandbox.session import Answer
from llmspell.sandbox.wake import Cancellation
from tests.patience import PATIENTLY
from tests.sandbox.conftest import LIMITS, Desk, echo, run, run_on, scripted

HOSTED = Path(__file__).parent / "workers" / "hosted.py"
MIB = 1 << 20
SECONDS = 1.5
"""The wall limit of the runs that never end by themselves."""
GRACE = 15
"""Seconds over the limit until a run is over: 0.25 as promised, and the rest for a busy machine."""

MAPS = """
def maps(values, depth):  # as many values as that, in maps inside one another: what takes the most in the host
    count = values // (2 * depth + 2)
    return b'\\xdd' + count.to_bytes(4, 'big') + (b'\\x81\\xa1k' * depth + b'\\x80') * count
def ending(value, usage=b'\\x80'):
    raw(framed(b'\\x95\\x07' + bytes([current]) + value + b'\\xc0' + usage))
def opened(number, capability, arguments):
    name = bytes([0xa0 + len(capability)]) + capability
    raw(framed(b'\\x94\\x05\\xcd' + number.to_bytes(2, 'big') + name + arguments))
"""
OUTPUT = "def frame(data, stream='stdout'): return framed(wire.frame_body(wire.Output(stream, data)))\n"
PEACEFUL = "output(b'x'); call(1, 'tool.list'); done(1)"
MANY = "for n in range(1, {count} + 1): ask(n, 'tool.invoke', name='{tool}', parameters={{'size': 12 << 20}})\n"

ENDINGS = {
    "nested maps": (MAPS + "ending(maps(260000, 40))\nsignal.pause()", "ok"),
    "flat maps": (MAPS + "ending(maps(260000, 1))\nsignal.pause()", "ok"),
    "lists": ("ending = [[] for _ in range(250000)]\ndone(ending)", "ok"),
    "wide text": ("done('\\U0001f600' + 'a' * 4000000)", "ok"),
    "control characters": ("done('\\x01' * 4000000)", "ok"),
    "bytes": ("done(b'\\xff' * 4000000)", "ok"),
    "a huge message": ("failed('runtime', '\\x1b' * 4000000)", "error"),
    "a huge traceback": (
        "send(wire.Failed(current, {'kind': 'x', 'message': 'x', 'line': 1, 'traceback': ['\\x1b' * 9999] * 256}, {}))",
        "error",
    ),
    "a huge farewell": ("send(wire.Fatal('\\x1b' * 4000000))", "crash"),
    "huge usage": (MAPS + "ending(b'\\xc0', b'\\x81\\xa1u' + maps(250000, 40))\nsignal.pause()", "ok"),
    "output that is no text": (OUTPUT + "for _ in range(16): raw(frame(b'\\xff' * 1000000))\ndone()", "ok"),
    "output on both streams": (
        OUTPUT + "for n in range(16): raw(frame(b'\\x01' * 1000000, ('stdout', 'stderr')[n % 2]))\ndone()",
        "ok",
    ),
    "records": ("n = 0\nwhile True:\n n += 1; call(n, 'tool.exists', name='x' * 200)", "limit"),
    "agents": (
        (
            "for n in range(1, 3000): call(n, 'agent.create', config={'name': 'a%d' % n, 'model': 'echo/x',"
            " 'system_prompt': 'p' * 15000})\ndone()"
        ),
        "ok",
    ),
    "states": (
        MAPS + "call(1, 'agent.create', config={'name': 'a', 'model': 'echo/x'})\n"
        "for n in range(2, 5):\n"
        " opened(n, b'agent.set_state', b'\\x82\\xa4self\\xa1a\\xa5state\\x81\\xa1x' + maps(200000, 40))\n"
        " conversation.open_calls.add(n); answer(n)\ndone()",
        "ok",
    ),
    "lying usage": ("done(1, memory_refusals=2 ** 62, wall_seconds=-5)", "ok"),
    "exit 0 without a last word": ("os._exit(0)", "crash"),
}
"""Scripts that end by themselves, each with its verdict."""

ENDLESS = {
    "tiny frames": OUTPUT + "while True: raw(frame(b'') * 5000)",
    "a flood on stderr": "while True: say('\\x1b' * 65536)",
    "floods on both": OUTPUT + "one = frame(b'')\nwhile True: say('x' * 4096); raw(one * 400)",
    "half a frame": "raw(b'\\0\\x40\\0\\0')\nraw(bytes((4 << 20) - 1))\nsignal.pause()",
    "a slow drip": OUTPUT + "data = frame(b'x' * 4000000)\nfor i in range(len(data)): raw(data[i:i + 1])",
    "a drip of lengths": "while True: raw(b'\\0'); raw(b'\\0'); raw(b'\\0'); raw(b'\\x02'); raw(b'\\x91\\x09')"
    "\nwhile True: pass",
    "arguments of open calls": (
        "for n in range(1, 250): ask(n, 'sleep', seconds=100, pad=b'x' * (4000000 if n < 3 else 30000))\nsignal.pause()"
    ),
    "maps in open calls": (
        MAPS + "for n in range(1, 250):\n"
        " size = 120000 if n < 60 else 4000 if n < 200 else 250000\n"
        " opened(n, b'sleep', b'\\x82\\xa7seconds\\x64\\xa3pad' + maps(size, 40))\nsignal.pause()"
    ),
    "large answers that are not read": MANY.format(tool="big", count=249) + "signal.pause()",
    "large answers in place that are not read": MANY.format(tool="big-now", count=249) + "signal.pause()",
    "stopped": "os.kill(os.getpid(), signal.SIGSTOP)",
    "half a pipe": "ask(1, 'sleep', seconds=100); os.close(0)\nwhile True: pass",
}
"""Scripts that the wall limit has to end, or that are ended before."""


def hosted(script: str, *, seconds: float = 60) -> dict[str, Any]:
    """What became of a run, and of its host's memory."""
    command = [sys.executable, str(HOSTED), script, str(seconds)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, timeout=250, env=environment, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    row: dict[str, Any] = json.loads(done.stdout)
    return row


@functools.cache
def peaceful() -> int:
    """The memory of a host with a peaceful worker, in bytes."""
    row = hosted(PEACEFUL)
    assert row["verdict"] == "ok"
    return int(row["peak"])


@pytest.mark.parametrize(("script", "verdict"), ENDINGS.values(), ids=ENDINGS)
def test_what_a_worker_says_at_its_end_costs_the_host_little(script: str, verdict: str) -> None:
    row = hosted(script)
    assert row["verdict"] == verdict, row
    assert row["peak"] - peaceful() < 64 * MIB


@pytest.mark.parametrize("script", ENDLESS.values(), ids=ENDLESS)
def test_a_worker_that_never_ends_costs_the_host_little_and_no_deadline(script: str) -> None:
    row = hosted(script, seconds=SECONDS)
    assert row["verdict"] in ("limit", "crash"), row
    assert row["wall"] < SECONDS + GRACE
    assert row["peak"] - peaceful() < 64 * MIB


@pytest.mark.parametrize("tool", ["big", "big-now"])
def test_many_large_answers_that_are_read_cost_the_host_little(tool: str) -> None:
    answers = "for n in range(1, 17): replies.pop(n, None) or answer(n)\ndone()"
    row = hosted(MANY.format(tool=tool, count=16) + answers)
    assert row["verdict"] == "ok", row
    assert row["peak"] - peaceful() < 64 * MIB


HOGS = {
    "floods": OUTPUT + "one = frame(b'') * 5000\nwhile True: raw(one)",
    "floods stderr": "while True: say('x' * 65536)",
    "sends large frames": MAPS + "n = 0\nwhile True:\n n += 1\n"
    " opened(n, b'echo', b'\\x81\\xa3pad' + maps(250000, 40)); conversation.open_calls.add(n); answer(n)",
    "computes": "while True: pass",
    "is stopped": "os.kill(os.getpid(), signal.SIGSTOP)",
    "reads nothing": "for n in range(1, 250): ask(n, 'big')\nsignal.pause()",
    "drips": "raw(b'\\0\\x3f\\0\\0')\nwhile True: raw(b'x')",
}


@pytest.mark.parametrize("script", HOGS.values(), ids=HOGS)
def test_a_hostile_session_blocks_no_other_one(script: str) -> None:
    hog: list[RunEnd] = []
    limits = LIMITS._replace(memory=160 * MIB)
    attacked, enough = threading.Event(), Cancellation()

    def begun(arguments: dict[str, Any]) -> Answer:
        attacked.set()
        return echo(arguments)

    def attack() -> None:
        desk = Desk(begun=begun, echo=echo, big=lambda _: (True, b"x" * MIB))
        with scripted(limits=limits._replace(cpu=100), stuck=100, unread=100) as worker:
            hog.append(run_on(worker, f"call(0, 'begun')\n{script}", desk, cancellation=enough))

    thread = threading.Thread(target=attack)
    thread.start()
    assert attacked.wait(PATIENTLY)
    try:
        for _ in range(5):  # the peaceful ones are over, with their calls, while the other one goes on
            end = run("for n in range(1, 21): call(n, 'echo', n=n)\ndone('done')", Desk(echo=echo), limits=limits)
            assert (end.verdict, end.value) == (Verdict.OK, "done")
        assert not hog
    finally:
        enough.cancel()
        thread.join(PATIENTLY)
    assert hog[0].verdict is Verdict.CANCELLED
