"""Programs of others, confined before they are executed: they run, and cannot do what a worker must not."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from llmspell import EngineSpec, Limits, ScriptRuntime, SetupError, UsageError
from llmspell.engines.bridge import Script
from llmspell.engines.factory import worker_command
from llmspell.engines.worker import WorkerBridge
from tests.probe.numbers_by_name import numbers_of

HERE = Path(__file__).parent
NEEDS = tuple(dict.fromkeys(os.path.realpath(path) for path in (sys.prefix, sys.base_prefix)))
LIMITS = Limits(memory=100 << 20, cpu=20, wall=100)


def engine(program: str, needs: tuple[str, ...] | None = NEEDS) -> EngineSpec:
    return EngineSpec("other", (".other",), command=(sys.executable, str(HERE / program)), needs=needs)


def tried(*sources: str) -> list[object]:
    """The answers of a launched program to expressions of Python."""
    with WorkerBridge(engine("trying.py"), LIMITS) as bridge:
        return [run_on(bridge, source) for source in sources]


def run_on(bridge: WorkerBridge, source: str) -> object:
    broker = ScriptRuntime(engine("trying.py"), limits=LIMITS).new_broker()
    end = bridge.execute(Script(source.encode(), "x.other"), broker=broker, emit=lambda _stream, _data: None)
    assert end.verdict == "ok", end
    return end.value


def test_a_program_runs_confined_without_knowing_of_it() -> None:
    outcome = ScriptRuntime(engine("third_party.py"), limits=LIMITS).execute("hello", arguments=["a"])
    assert (outcome.verdict, outcome.stdout, outcome.value) == ("ok", b"HELLO", ["a"]), outcome


def test_it_reads_what_it_needs_and_nothing_else() -> None:
    inside = os.path.realpath(os.__file__)
    assert tried(
        f"len(open({inside!r}).read()) > 1000",
        "open('/etc/passwd').read()",
        "os.listdir('/')",
        "os.listdir('/tmp')",
        "open('/proc/self/environ').read()",
        f"open({inside + '.x'!r}, 'w')",
        "open('/dev/null', 'w').write('x')",
        "dict(os.environ).keys() - {'LC_CTYPE'} == set()",
    ) == [True, "EACCES", "EACCES", "EACCES", "EACCES", "EACCES", 1, True]


@pytest.mark.parametrize("needs", [(), ("/etc",)], ids=["reads nothing", "reads a folder"])
def test_memory_that_the_launcher_does_not_start_in_is_told_as_that(needs: tuple[str, ...]) -> None:
    """Whether it does is a matter of what Python has left; then it is the program that does not."""
    true = EngineSpec("other", (), command=("/bin/true",), needs=needs)
    with pytest.raises(SetupError, match=r"too little for its launcher, .*: raise --mem|status (0|127)"):
        ScriptRuntime(true, limits=Limits(memory=8 << 20)).execute("hello")


def test_it_reaches_nobody_and_starts_nothing() -> None:
    assert tried(
        "socket.socket()",
        "socket.socket(socket.AF_UNIX)",
        "socket.socketpair()",
        "os.fork()",
        "subprocess.run(['/bin/true'])",
        "os.execv('/bin/true', ['true'])",
        "os.kill(os.getppid(), 0)",
        "os.memfd_create('x')",
        "os.chmod('/tmp', 0o777)",
        "os.setuid(0)",
        "os.sched_yield()",
        "os.kill(os.getpid(), 0)",
    ) == ["EPERM"] * 10 + [None, None]


def test_it_is_executed_once_and_never_again() -> None:
    numbers = numbers_of(platform.machine())
    again = f"syscall({numbers['execveat']}, 256, 0, 0, 0, 0x1000)"
    other = f"syscall({numbers['execveat']}, 5, 0, 0, 0, 0x1000)"
    forge = "os.dup2(0, 256)"
    assert tried(again, other, forge)[1:] == ["EPERM", "EBADF"]
    assert tried(again)[0] in ("EFAULT", "EBADF")  # it may be asked for, and there is nothing to execute
    more = (1 << 20).to_bytes(8, "little") * 2
    raised = f"__import__('resource').setrlimit(__import__('resource').RLIMIT_NOFILE, (1024, 1024)) or {more!r}"
    with pytest.raises(AssertionError, match=r"ValueError|not allowed"):
        tried(raised)


def test_it_may_start_threads() -> None:
    assert tried("__import__('threading').Thread(target=print).start()") == [None]


def test_the_kernel_shows_it_confined() -> None:
    with WorkerBridge(engine("third_party.py"), LIMITS):
        (program,) = psutil.Process().children()
        lines = Path(f"/proc/{program.pid}/status").read_text().splitlines()
        status = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
        limits = [resource.prlimit(program.pid, which) for which in (resource.RLIMIT_AS, resource.RLIMIT_NOFILE)]
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    assert limits == [(LIMITS.memory, LIMITS.memory), (256, 256)]


def test_a_script_with_an_interpreter_is_a_program_too(tmp_path: Path) -> None:
    script = tmp_path / "worker"
    script.write_text(f"#!{sys.executable}\n" + (HERE / "third_party.py").read_text())
    script.chmod(0o700)
    spec = EngineSpec("other", (), command=(str(script),), needs=NEEDS)
    assert ScriptRuntime(spec, limits=LIMITS).execute("hello").stdout == b"HELLO"


@pytest.mark.parametrize(
    ("command", "needs", "said"),
    [
        (("/no/such/program",), (), "/no/such/program: No such file or directory"),
        (("/bin/sh", "-c", "exit 9"), ("/no/such/folder",), "/no/such/folder: No such file or directory"),
        (("/bin/sh", "-c", "cat /etc/passwd"), (), "Permission denied|Operation not permitted|cannot fork|Cannot fork"),
    ],
)
def test_what_cannot_run_confined_says_why(command: tuple[str, ...], needs: tuple[str, ...], said: str) -> None:
    with pytest.raises(SetupError, match=said):
        ScriptRuntime(EngineSpec("other", (), command=command, needs=needs), limits=LIMITS).execute("")


def test_a_path_that_is_not_absolute_is_refused() -> None:
    with pytest.raises(UsageError, match="engine 'other' needs 'lib', which is no absolute path"):
        worker_command(engine("third_party.py", ("lib",)))


@pytest.mark.parametrize(
    "refused", ["landlock_create_ruleset=ENOSYS", "seccomp=EINVAL", "prctl/38=EINVAL", "capset=EPERM"]
)
def test_what_cannot_be_confined_is_not_executed(refused: str) -> None:
    folder = Path(__file__).parents[1] / "probe"
    code = f"""
import sys
sys.path[:0] = {[str(folder), *sys.path]!r}
from engine import Refusing
from llmspell_workers import launch
launch.SystemCalls = lambda: Refusing({refused!r})
launch.main(["--", "/bin/echo", "it ran", "other", {str(1 << 27)!r}])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=250)
    assert (done.returncode, done.stdout) == (3, ""), done
    assert "cannot be confined: " in done.stderr
    assert f"({refused.partition('=')[2]})" in done.stderr


def test_an_engine_that_does_not_know_of_seeds_is_not_run_under_one() -> None:
    runtime = ScriptRuntime(engine("third_party.py"), limits=LIMITS)
    with pytest.raises(SetupError, match="engine other does not say that it can run under a seed; run it without one"):
        runtime.execute("hello", seed=1)
