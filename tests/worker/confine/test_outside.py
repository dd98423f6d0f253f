"""A worker of ours as the host sees it from outside, and what it has loaded when it was confined."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import textwrap
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from llmspell import EngineSpec, FunctionTool, Limits, ScriptRuntime, SetupError, Verdict, default_policy
from llmspell.capabilities.surface import SURFACE
from llmspell.engines.factory import EngineFactory, worker_command
from tests.probe import conversation

LUA = EngineFactory().get("lua")
LIMITS = Limits(cpu=20, wall=100)


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def look_at_worker() -> tuple[dict[str, str], Any, Any]:
    seen: list[Any] = []

    def pause() -> None:
        (worker,) = psutil.Process().children()
        limits = [resource.prlimit(worker.pid, which) for which in (resource.RLIMIT_NOFILE, resource.RLIMIT_AS)]
        seen.append((status_of(worker.pid), limits, os.stat(f"/proc/{worker.pid}/environ").st_uid))

    runtime = ScriptRuntime.with_lua(
        tools=[FunctionTool(pause, blocking=False)], limits=LIMITS, policy=default_policy().with_tools(["pause"])
    )
    outcome = runtime.execute("Tool.execute('pause')")
    assert outcome.verdict is Verdict.OK, outcome
    status, limits, owner = seen[0]
    return status, limits, owner


def test_the_kernel_shows_a_worker_confined() -> None:
    status, limits, owner = look_at_worker()
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert int(status["Seccomp_filters"]) == int(status_of(os.getpid())["Seccomp_filters"]) + 1
    assert status["Threads"] == "1"
    for held in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[held], 16) == 0, held
    if os.geteuid() == 0:
        assert int(status["CapBnd"], 16) == 0
    assert limits == [(0, 0), (LIMITS.memory, LIMITS.memory)]
    assert owner == 0  # not dumpable: what is in /proc belongs to root


WATCHED = """
    import os, runpy, sys
    import llmspell_workers.confine as confine
    real = confine.confine_worker
    loaded = []
    def watch(event, arguments):
        if loaded and event in ("import", "open", "ctypes.dlopen") and arguments[0] != loaded[-1]:
            loaded.append(arguments[0])
            os.write(2, f"LATE {event} {arguments[0]}\\n".encode())
            os._exit(66)
    def confine_worker(memory, **options):
        result = real(memory, **options)
        loaded.append("confined")
        return result
    confine.confine_worker = confine_worker
    sys.addaudithook(watch)
    program, *arguments = sys.argv[1:]
    sys.argv = [program, *arguments]
    runpy.run_path(program, run_name="__main__")
"""
"""A worker that ends at the first module or file that it asks for after it was confined."""

SESSION = {
    "plain": "print('x', 1.5, os.date(), os.clock()) io.stderr:write('y') return {1, {a = 'b'}, '\\xff', 2^53}",
    "called": "return Tool.execute('pause', {})",
    "refused": "return pcall(Tool.execute, 'file-operations', {operation = 'read', path = '/x'})",
    "cannot travel": "return pcall(Tool.execute, 'pause', {x = print})",
    "parallel": "return parallel{function() return Tool.execute('pause') end, function() sleep(0.01) return 2 end}",
    "unicode": "return Tool.execute('echo', {text = 'gr\\u{fc}n \\u{1F600}'}) , '\\xff\\xfe', ('\\u{e9}'):upper()",
    "dates": "return os.date('*t'), os.date('%c %Z'), os.time{year = 2030, month = 1, day = 1}",
    "syntax": "x = = 1",
    "error": "local function f() error('boom') end f()",
    "error with bytes": "error('\\xff\\xfe')",
    "error table": "error({message = 'm'})",
    "json": "return JSON.parse(JSON.stringify({a = {1, 2, 3.5, 'x'}}))",
    "sorted": "local t = {} for i = 1, 5000 do t[i] = (i * 7919) % 5003 end table.sort(t) return #t",
    "memory": "local t = {} while true do t[#t + 1] = ('x'):rep(100000) end",
    "large output": "io.write(('y'):rep(2 << 20))",
    "exit": "os.exit(3)",
}


@pytest.mark.parametrize("name", SESSION)
def test_a_confined_worker_asks_for_no_module_and_no_file(name: str, tmp_path: Path) -> None:
    python, isolated, no_site, main, *folders = worker_command(LUA)
    watched = tmp_path / "watched.py"
    watched.write_text(f"import sys\nsys.path[:0] = {folders!r}\n" + textwrap.dedent(WATCHED))
    spec = EngineSpec("lua", (".lua",), command=(python, isolated, no_site, str(watched), main, *folders))
    tools = [FunctionTool(lambda: 1, name="pause"), FunctionTool(echo, name="echo")]
    runtime = ScriptRuntime(spec, tools=tools, limits=LIMITS, policy=default_policy().with_tools(["pause", "echo"]))
    outcome = runtime.execute(SESSION[name])
    assert outcome.verdict in (Verdict.OK, Verdict.ERROR, Verdict.LIMIT), outcome


def echo(text: str) -> str:
    return text


def test_the_watch_would_see_it(tmp_path: Path) -> None:
    python, isolated, no_site, main, *folders = worker_command(LUA)
    watched = tmp_path / "watched.py"
    late = textwrap.dedent(WATCHED).replace('loaded.append("confined")', 'loaded.append("confined"); import json')
    watched.write_text(f"import sys\nsys.path[:0] = {folders!r}\n" + late)
    spec = EngineSpec("lua", (".lua",), command=(python, isolated, no_site, str(watched), main, *folders))
    with pytest.raises(SetupError, match="LATE import json"):
        ScriptRuntime(spec, limits=LIMITS).execute("")


def test_a_module_that_comes_too_late_is_a_set_up_error_that_says_so(tmp_path: Path) -> None:
    python, isolated, no_site, main, *folders = worker_command(LUA)
    watched = tmp_path / "watched.py"
    late = (
        textwrap.dedent(WATCHED)
        .replace("sys.addaudithook(watch)", "")
        .replace("loaded.append", "import json; loaded.append")
    )
    watched.write_text(f"import sys\nsys.path[:0] = {folders!r}\n" + late)
    spec = EngineSpec("lua", (".lua",), command=(python, isolated, no_site, str(watched), main, *folders))
    with pytest.raises(SetupError, match="the module json was not loaded before the worker was confined"):
        ScriptRuntime(spec, limits=LIMITS).execute("")


def test_the_time_zone_is_the_machines_also_without_files() -> None:
    here = ScriptRuntime.with_lua(limits=LIMITS).execute("return os.date('%z')")
    assert here.value == time.strftime("%z")


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_script_that_does_nothing_wrong_makes_no_call_that_is_refused(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    source = b"for i = 1, 3 do print(os.date(), os.clock(), #('x'):rep(3e6)) end error('boom')"
    frames = conversation(source, SURFACE)
    command = ["strace", "-f", "-o", str(trace), *worker_command(LUA), "lua", str(LIMITS.memory)]
    done = subprocess.run(command, input=frames, env={}, capture_output=True, timeout=250, check=False)
    assert b"boom" in done.stdout
    confined = trace.read_text().partition("seccomp(SECCOMP_SET_MODE_FILTER")[2].splitlines()[1:]
    assert any("write(" in line for line in confined)
    assert [line for line in confined if " = -1 " in line and "EAGAIN" not in line] == []
