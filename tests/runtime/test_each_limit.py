"""Every limit of the design's table: on by default, and named with its figures when it is crossed (API and CLI)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from llmspell import FunctionTool, Limits, Outcome, ScriptRuntime, Verdict, default_policy
from llmspell.engines.bridge import Script
from llmspell.engines.worker import WorkerBridge
from llmspell.limits import MIB
from llmspell.providers.echo import EchoProvider
from llmspell.providers.manager import ProviderManager
from llmspell.providers.provider import Completion, ModelRequest, Provider
from tests.patience import growing


def test_every_limit_has_the_default_of_the_design_and_none_is_off() -> None:
    assert Limits() == (
        50 * MIB, 30.0, 300.0, 16 * MIB, 10_000, 100, 200_000, 1.0, 60.0, 10 * MIB, 16 * MIB, 8 * MIB, 200,
    )  # fmt: skip


class PricedEcho(EchoProvider):
    """Takes 0.6 USD for an answer."""

    def complete(self, request: ModelRequest) -> Completion:
        return super().complete(request)._replace(cost_usd=0.6)


class PricedProviders(ProviderManager):
    """Has no other provider."""

    def get(self, name: str) -> Provider:
        return PricedEcho(name)


class Crossing(NamedTuple):
    """What crosses a limit: the least and the most that may be said to be used. `option` sets it in a command."""

    source: str
    name: str
    allowed: float
    least: float
    most: float
    unit: str
    option: str | None = None
    line: int | None = None


CROSSINGS = [
    Crossing(
        "\nlocal t = {} while true do t[#t + 1] = {} end",
        "memory", 24 * MIB, 22 * MIB, 24 * MIB, "bytes", "--mem", 2,
    ),
    Crossing("\nwhile true do end", "cpu", 0.2, 0.2, 30, "seconds", "--cpu", 2),
    Crossing("\nwhile true do end", "wall", 0.2, 0.2, 30, "seconds", "--timeout", 2),
    Crossing("\nwhile true do print('again') end", "output", 1000, 1001, 1006, "bytes", "--max-output", 2),
    Crossing("\nwhile true do Log.info('again') end", "output", 1000, 1001, 1500, "bytes", "--max-output", 2),
    Crossing("\nwhile true do Tool.list() end", "calls", 3, 4, 4, "calls", "--max-calls", 2),
    Crossing(
        "local a = Agent.create{}\nwhile true do a:execute('x') end",
        "model_calls", 2, 3, 3, "calls", "--max-model-calls", 2,
    ),
    Crossing(
        "local a = Agent.create{}\nwhile true do a:execute('one two three') end",
        "tokens", 20, 21, 40, "tokens", "--max-tokens", 2,
    ),
    Crossing("local a = Agent.create{}\nwhile true do a:execute('x') end", "cost", 1.0, 1.2, 1.2, "USD", None, 2),
    Crossing("--" + "x" * 3_000_000, "source", 2516582, 3_000_002, 3_000_002, "bytes"),
]  # fmt: skip


def limits_of(crossing: Crossing) -> Limits:
    if crossing.name == "source":  # a tenth of the memory limit
        return Limits(memory=24 * MIB)
    return Limits()._replace(**{crossing.name: crossing.allowed})  # type: ignore[arg-type]


def widened(crossing: Crossing) -> Iterator[Crossing]:
    """The same three times, with more time: on a busy machine a script may not have come to the line, or not say it."""
    for times in growing(1):
        is_time = crossing.unit == "seconds"
        yield crossing._replace(allowed=crossing.allowed * times, least=crossing.least * times) if is_time else crossing


def execute(crossing: Crossing) -> Outcome:
    providers = PricedProviders(environ={}) if crossing.name == "cost" else None
    runtime = ScriptRuntime.with_lua(limits=limits_of(crossing), providers=providers)
    return runtime.execute(crossing.source, name="s.lua")


@pytest.mark.parametrize("crossing", CROSSINGS, ids=lambda one: one.name)
def test_a_limit_that_is_crossed_is_named_with_its_figures(crossing: Crossing) -> None:
    for crossing in widened(crossing):  # noqa: B020
        outcome = execute(crossing)
        assert outcome.verdict is Verdict.LIMIT
        if outcome.error is not None and outcome.error.line == crossing.line:
            break
    assert outcome.limit is not None
    assert outcome.error is not None
    assert (outcome.limit.name, outcome.limit.allowed, outcome.limit.unit) == (
        crossing.name, crossing.allowed, crossing.unit,
    )  # fmt: skip
    assert crossing.least <= outcome.limit.used <= crossing.most
    assert (outcome.error.kind, outcome.error.line) == ("limit", crossing.line)
    assert outcome.started is (crossing.name != "source")


@pytest.mark.parametrize("crossing", [one for one in CROSSINGS if one.option], ids=lambda one: one.name)
def test_the_command_names_it_too_and_says_what_raises_it(crossing: Crossing, tmp_path: Path) -> None:
    script = tmp_path / "s.lua"
    script.write_text(crossing.source)
    shown = int(crossing.allowed) if crossing.allowed == int(crossing.allowed) else crossing.allowed
    assert crossing.option is not None
    command = [sys.executable, "-m", "llmspell", "run", str(script), crossing.option, str(shown), "--output", "json"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, env=environment, timeout=250, check=False)
    assert done.returncode == 3, done.stderr.decode()
    document = json.loads(done.stdout)
    assert (document["verdict"], document["error"]["line"]) == ("limit", crossing.line)
    assert (document["limit"]["name"], document["limit"]["unit"]) == (crossing.name, crossing.unit)
    assert document["limit"]["allowed"] == crossing.allowed
    assert document["error"]["message"].endswith(
        f", last seen at s.lua:{crossing.line}; raise it with {crossing.option}"
    )


def slow() -> None:
    """Never ends in time."""
    import threading

    threading.Event().wait(5)


BOUNDS = {
    "one tool call": ("Tool.execute('slow')", "timeout"),
    "arguments of open calls": ("Tool.execute('slow', {pad = string.rep('x', 3000)})", "budget"),
    "what the host keeps": ("local a = Agent.create{} a:set_state{pad = string.rep('x', 5000)}", "budget"),
    "one name": ("Agent.create{name = string.rep('x', 201)}", "validation"),
}


@pytest.mark.parametrize(("call", "kind"), BOUNDS.values(), ids=BOUNDS)
def test_a_bound_on_one_call_is_an_error_that_the_script_can_catch(call: str, kind: str) -> None:
    def slowly(pad: str = "") -> None:  # noqa: ARG001
        slow()

    runtime = ScriptRuntime.with_lua(
        tools=[FunctionTool(slowly, name="slow")],
        policy=default_policy().with_tools(["slow"]),
        limits=Limits(tool_seconds=0.1, open_arguments=2000, kept=4000),
    )
    outcome = runtime.execute(f"local fine, e = pcall(function() {call} end) return {{fine, e.kind}}")
    assert outcome.value == [False, kind], outcome.error


def test_files_cores_descriptors_and_processes_are_limited_to_none() -> None:
    runtime = ScriptRuntime.with_lua()
    with WorkerBridge(runtime.engine, runtime.limits) as bridge:
        bridge.execute(Script(b"return 1", "s.lua"), broker=runtime.new_broker(), emit=lambda _stream, _data: None)
        process = bridge._worker.process
        rows = Path(f"/proc/{process.pid}/limits").read_text().splitlines()
        found = {row[:26].strip(): row[26:].split()[:2] for row in rows}
        status = Path(f"/proc/{process.pid}/status").read_text()
    assert found["Max address space"] == [str(50 * MIB)] * 2
    assert found["Max file size"] == ["0", "0"]
    assert found["Max core file size"] == ["0", "0"]
    assert found["Max open files"] == ["0", "0"]
    assert "\nSeccomp:\t2\n" in status
