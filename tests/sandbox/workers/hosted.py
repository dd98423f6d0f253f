"""A host in a process of its own, which tells how much memory it took: `hosted.py SCRIPT SECONDS`.

It runs SCRIPT, Python, on the worker without an engine (`scripted.py`) through the whole runtime, with tools that
answer with as many bytes as they are asked for. Then it writes the outcome as JSON, as the command
line does, to nowhere. Its own last line is `{"verdict", "limit", "kind", "wall", "peak"}`, the peak in bytes (`VmHWM`).
"""

import json
import sys
from pathlib import Path

from llmspell import FunctionTool, Limits, ScriptRuntime, default_policy
from llmspell.cli.report import print_outcome
from llmspell.engines.factory import EngineSpec

SCRIPTED = Path(__file__).with_name("scripted.py")
WORKER = 160 * 1024 * 1024
"""Bytes for the worker: it holds what it sends several times over."""


def peak() -> int:
    """The most memory this process ever had resident, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM in /proc/self/status")


def big(size: int) -> bytes:
    """As many bytes as asked for."""
    return bytes(size)


def big_now(size: int) -> bytes:
    """The same, in place."""
    return bytes(size)


def main(script: str, seconds: float) -> None:
    """Runs the script and prints what came of it."""
    engine = EngineSpec("scripted", (".py",), command=(sys.executable, "-I", str(SCRIPTED), "arm(); hello()"))
    runtime = ScriptRuntime(
        engine,
        tools=[FunctionTool(big, large=True), FunctionTool(big_now, blocking=False)],
        policy=default_policy().with_tools(["big", "big-now", "text-manipulator", "base64-encoder", "json-processor"]),
        limits=Limits(memory=WORKER, cpu=20, wall=seconds),
        require=("memory",),
    )
    outcome = runtime.execute(script, name="spell")
    told, sys.stdout = sys.stdout, open("/dev/null", "w")  # noqa: SIM115 - as long as the process
    print_outcome(
        outcome, b"", form="json", colour="never", with_verdict=True, with_value=True, pass_on=True, memory=WORKER
    )
    row = {
        "verdict": outcome.verdict.value,
        "limit": outcome.limit.name if outcome.limit else None,
        "kind": outcome.error.kind if outcome.error else None,
        "wall": outcome.usage.wall_seconds,
        "peak": peak(),
    }
    print(json.dumps(row), file=told, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
