"""The worker as a process: what it has loaded, what it holds, where its protocol is, and how it ends."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from llmspell import FunctionTool, Limits, Outcome, ScriptRuntime, Verdict, default_policy
from llmspell.engines.factory import EngineFactory, EngineSpec, worker_command
from llmspell.engines.worker import WorkerBridge
from llmspell_workers.confine import STEPS

LUA = EngineFactory().get("lua")
LIMITS = Limits(cpu=20, wall=100)
VISIBLE = Path(__file__).with_name("visible.py")
FORBIDDEN = {
    "llmspell",
    "asyncio",
    "dataclasses",
    "typing",
    "json",
    "subprocess",
    "threading",
    "logging",
    "inspect",
    "enum",
    "re",
}


def run_looking(look: Callable[[psutil.Process], Any], source: str = "") -> tuple[Outcome, Any]:
    """Runs a script, and in the middle of it looks at the live worker, which its own user may do as well."""
    seen: list[Any] = []

    def pause() -> None:
        (worker,) = psutil.Process().children()
        seen.append(look(worker))

    python, isolated, no_site, *rest = worker_command(LUA)
    spec = LUA._replace(library=None, command=(python, isolated, no_site, str(VISIBLE), *rest))
    runtime = ScriptRuntime(
        spec, tools=[FunctionTool(pause, blocking=False)], limits=LIMITS, policy=default_policy().with_tools(["pause"])
    )
    outcome = runtime.execute(source + " Tool.execute('pause')")
    assert outcome.verdict is Verdict.OK, outcome.error
    return outcome, seen[0]


@pytest.mark.parametrize(("engine", "library"), [("lua", "lupa.lua54"), ("javascript", "_quickjs")])
def test_the_modules_that_a_worker_loads_are_few_and_none_of_the_host(engine: str, library: str) -> None:
    *start, main = worker_command(LUA)[:4]
    folders = worker_command(LUA)[4:]
    code = f"""
        import sys
        sys.path[:0] = {list(folders)!r}
        import llmspell_workers.serve as serve
        serve.load_engine({engine!r})
        from llmspell_workers.confine import SystemCalls
        from llmspell_workers.confine.steps import hold_stack
        hold_stack(SystemCalls())
        print(*sorted(sys.modules))
    """
    assert main.endswith("__main__.py")
    done = subprocess.run([*start, "-c", textwrap.dedent(code)], env={}, capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert modules & FORBIDDEN == set()
    assert not {name for name in modules if name.startswith(("llmspell.", "asyncio"))}
    assert {f"llmspell_workers.{engine}.engine", library, "msgpack"} <= modules
    assert len(modules) < 100


def test_a_live_worker_maps_the_libraries_of_its_engine_and_no_others() -> None:
    _, maps = run_looking(lambda worker: {os.path.basename(region.path) for region in worker.memory_maps()})
    libraries = {name.split(".")[0] for name in maps if ".so" in name}
    assert {"_cmsgpack", "lua54"} <= libraries
    assert not libraries & {"_json", "_asyncio", "_ssl", "_socket", "_posixsubprocess", "_hashlib", "lua51", "luajit21"}


def test_a_worker_at_rest_takes_less_than_16_mebibytes() -> None:
    with WorkerBridge(LUA, LIMITS):
        (worker,) = psutil.Process().children()
        assert worker.memory_info().rss < 16 << 20


def test_a_worker_has_an_empty_environment_and_only_its_own_descriptors() -> None:
    inherited = os.open("/dev/zero", os.O_RDONLY)
    os.set_inheritable(inherited, True)
    try:
        _, (environment, links) = run_looking(
            lambda worker: (
                worker.environ(),
                {name: os.readlink(f"/proc/{worker.pid}/fd/{name}") for name in os.listdir(f"/proc/{worker.pid}/fd")},
            )
        )
    finally:
        os.close(inherited)
    assert environment == {} or set(environment) <= {"LC_CTYPE"}  # which Python sets for itself
    assert len(links) == 5
    assert links["0"] == "/dev/null"
    assert links["1"] == links["2"]  # what a library prints by accident is stderr
    protocol = [target for name, target in links.items() if name not in ("0", "1", "2")]
    assert len(set(protocol)) == 2
    assert all(target.startswith("pipe:") and target != links["1"] for target in protocol)


def test_a_worker_is_in_a_session_of_its_own_with_its_limits_armed() -> None:
    import resource

    def look(worker: psutil.Process) -> tuple[int, Any, Any, Any]:
        return (
            os.getsid(worker.pid),
            resource.prlimit(worker.pid, resource.RLIMIT_AS),
            resource.prlimit(worker.pid, resource.RLIMIT_FSIZE),
            resource.prlimit(worker.pid, resource.RLIMIT_CORE),
        )

    _, (session, memory, files, core) = run_looking(look)
    assert session != os.getsid(0)
    assert (memory, files, core) == ((LIMITS.memory, LIMITS.memory), (0, 0), (0, 0))


def test_what_a_library_prints_on_descriptor_1_does_not_break_the_protocol(tmp_path: Path) -> None:
    loud = tmp_path / "loud.py"
    loud.write_text(
        textwrap.dedent("""
        import os, runpy, sys
        import atexit  # a library that is loaded later, and prints whenever a frame is sent
        program, *arguments = sys.argv[1:]
        real = os.write
        def write(descriptor, data):
            if descriptor > 2:
                real(1, b"stray bytes on descriptor 1")
                sys.stdout.write("stray text"); sys.stdout.flush()
            return real(descriptor, data)
        os.write = write
        sys.argv = [program, *arguments]
        runpy.run_path(program, run_name="__main__")
        """)
    )
    python, _, _, main, *folders = worker_command(LUA)
    spec = EngineSpec("lua", (".lua",), command=(python, "-I", str(loud), main, *folders))
    outcome = ScriptRuntime(spec, limits=LIMITS).execute(
        "print('out') return Tool.execute('calculator', {input = '1+1'}).text"
    )
    assert (outcome.verdict, outcome.value, outcome.stdout) == (Verdict.OK, "2", b"out\n"), outcome


HOST = """
import os, sys, threading
from llmspell import FunctionTool, ScriptRuntime, default_policy
import psutil

def tell() -> None:
    print(psutil.Process().children()[0].pid, flush=True)

runtime = ScriptRuntime.with_lua(tools=[FunctionTool(tell, blocking=False)],
  policy=default_policy().with_tools(["tell"]), stdin=sys.stdin.buffer.read)
runtime.execute("Tool.execute('tell') " + sys.argv[1])
"""


@pytest.mark.parametrize(
    "busy", ["while true do end", "sleep(60)", "io.read()", "while true do print(('x'):rep(1000)) end"]
)
def test_a_worker_dies_with_its_host(busy: str) -> None:
    paths = os.pathsep.join(path for path in sys.path if path)
    host = subprocess.Popen(
        [sys.executable, "-c", HOST, busy],
        stdin=subprocess.PIPE,  # and nothing is ever written: whoever reads waits
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": paths},
    )
    try:
        assert host.stdin is not None
        assert host.stdout is not None
        worker = os.pidfd_open(int(host.stdout.readline()))
        host.send_signal(signal.SIGKILL)
        host.wait(60)
        ended, _, _ = select.select([worker], [], [], 60)  # readable once it has ended, whoever reaps it and when
        os.close(worker)
        assert ended
    finally:
        host.kill()
        host.wait()
        for pipe in (host.stdin, host.stdout):
            if pipe is not None:
                pipe.close()


def test_a_worker_that_is_killed_in_a_call_is_a_crash_of_the_run_and_nothing_else() -> None:
    def shoot() -> None:
        psutil.Process().children()[0].kill()

    runtime = ScriptRuntime.with_lua(
        tools=[FunctionTool(shoot, blocking=False)], limits=LIMITS, policy=default_policy().with_tools(["shoot"])
    )
    assert runtime.execute("Tool.execute('shoot') while true do end").verdict is Verdict.CRASH
    assert runtime.execute("return 1").value == 1


def test_a_worker_without_its_engine_or_with_a_limit_too_small_says_so_and_ends() -> None:
    python, *rest = worker_command(LUA)
    for name, memory, said in (("nothing", "52428800", "KeyError"), ("lua", str(1 << 20), "")):
        done = subprocess.run(
            [python, *rest, name, memory], stdin=subprocess.DEVNULL, capture_output=True, env={}, timeout=250
        )
        assert done.returncode != 0
        assert said in done.stderr.decode()


def test_a_worker_whose_stdin_ends_before_it_is_configured_ends_silently() -> None:
    done = subprocess.run(
        [*worker_command(LUA), "lua", "52428800"], stdin=subprocess.DEVNULL, capture_output=True, env={}, timeout=250
    )
    assert done.returncode == 0
    assert done.stderr == b""
    assert b"confinement" in done.stdout  # its Hello


def test_the_program_of_the_worker_runs_no_code_of_the_environment(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os; os._exit(77)")
    (tmp_path / "llmspell_workers.py").write_text("import os; os._exit(78)")
    environment = {"PYTHONPATH": str(tmp_path), "PYTHONSTARTUP": str(tmp_path / "sitecustomize.py")}
    done = subprocess.run(
        [*worker_command(LUA), "lua", "52428800"], stdin=subprocess.DEVNULL, capture_output=True, env=environment,
        cwd=tmp_path, timeout=250,
    )  # fmt: skip
    assert done.returncode == 0


def test_the_greeting_tells_what_is_armed_and_what_is_missing() -> None:
    with WorkerBridge(LUA, LIMITS) as bridge:
        hello = bridge._worker.hello
        confinement = json.loads(json.dumps(hello.features["confinement"]))
        assert confinement.keys() == {"armed", "missing", "notes", "landlock"}
        assert not set(confinement["armed"]) & confinement["missing"].keys()
        assert sorted([*confinement["armed"], *confinement["missing"]]) == sorted(STEPS)
        assert bridge.features.parallel
        assert bridge.features.streaming
        assert bridge.version.startswith("Lua 5.4")
