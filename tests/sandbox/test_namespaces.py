"""Namespaces as a layer: entered where required, or where the network lacks another means; seen from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from llmspell import EngineSpec, Limits, ScriptRuntime, SetupError
from llmspell.sandbox.require import NAMESPACES
from tests.probe import probe_spec
from tests.sandbox.conftest import scripted

ROOT = Path(__file__).parents[2]
OUTER = ROOT / "tests" / "cli" / "outer.py"
TRYING = ROOT / "tests" / "engines" / "trying.py"
NEEDS = tuple(dict.fromkeys(os.path.realpath(path) for path in (sys.prefix, sys.base_prefix)))
ALL = ("memory", "files", "network", "processes")
TRY = "import ctypes; raise SystemExit(ctypes.CDLL(None).unshare(0x10000000))"
needs_namespaces = pytest.mark.skipif(
    subprocess.run([sys.executable, "-I", "-S", "-c", TRY], check=False).returncode != 0,
    reason="user namespaces are refused here",
)

INSIDE = """
import json, os, socket, sys
sys.path[:0] = sys.argv[1:2]
from llmspell_workers.confine import SystemCalls
from llmspell_workers.confine.namespaces import enter
from llmspell_workers.confine.steps import drop_capabilities

if "user" in sys.argv and os.geteuid() == 0:
    os.setgroups([]), os.setresgid(65534, 65534, 65534), os.setresuid(65534, 65534, 65534)

def tried(action):
    try:
        return action()
    except OSError as error:
        return error.strerror

listener = socket.socket(socket.AF_UNIX)
listener.bind("\\0" + sys.argv[2])
listener.listen()
enter(SystemCalls(), keeps_files=False)
drop_capabilities(SystemCalls())
print(json.dumps({
    "files": os.listdir("/") + os.listdir("."),
    "made": tried(lambda: os.mkdir("/x")),
    "up": tried(lambda: os.listdir("/..")),
    "network": tried(lambda: socket.socket().connect((b"127.0.0.1", 80))),
    "interfaces": [name for _, name in socket.if_nameindex()],
    "abstract": tried(lambda: socket.socket(socket.AF_UNIX).connect("\\0" + sys.argv[2])),
    "mounted": tried(lambda: SystemCalls()("mount", b"none\\0", b"/\\0", b"tmpfs\\0", 0, 0)),
}))
"""


def under(options: list[str], *words: str) -> subprocess.CompletedProcess[str]:
    """The command line in a harder place."""
    line = [sys.executable, "-I", str(OUTER), *options, sys.executable, "-m", "llmspell", *words]
    return subprocess.run(line, capture_output=True, text=True, timeout=250, check=False, cwd=ROOT)


@needs_namespaces
@pytest.mark.parametrize("who", ["as it is", "user"])
def test_inside_there_are_no_files_no_network_and_no_way_to_make_any(who: str) -> None:
    command = [sys.executable, "-I", "-S", "-c", INSIDE, str(ROOT / "workers"), f"listener-{os.getpid()}", who]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=True)
    assert json.loads(done.stdout) == {
        "files": [], "made": "Read-only file system", "up": [], "network": "Network is unreachable",
        "interfaces": ["lo"], "abstract": "Connection refused", "mounted": "Operation not permitted",
    }  # fmt: skip


@needs_namespaces
def test_they_are_entered_where_they_are_required_and_the_report_says_so() -> None:
    plain = ScriptRuntime.with_lua().execute("return 1")
    layered = ScriptRuntime.with_lua(require=(*ALL, "namespaces")).execute("print('x') return 1")
    assert (plain.value, layered.value, layered.stdout) == (1, 1, b"x\n")
    assert layered.confinement == plain.confinement._replace(namespaces=NAMESPACES)
    assert plain.confinement.namespaces == ()


@needs_namespaces
def test_a_program_of_others_keeps_the_files_that_it_needs() -> None:
    engine = EngineSpec("other", (".other",), command=(sys.executable, str(TRYING)), needs=NEEDS)
    runtime = ScriptRuntime(engine, limits=Limits(memory=100 << 20), require=(*ALL, "namespaces"))
    outcome = runtime.execute("[len(os.listdir(os.path.dirname(os.__file__))) > 10, open('/etc/passwd')]")
    assert outcome.value == "EACCES", outcome
    outcome = runtime.execute("len(os.listdir(os.path.dirname(os.__file__))) > 10")
    assert (outcome.value, outcome.confinement.namespaces) == (True, NAMESPACES)


@needs_namespaces
def test_where_only_the_network_lacks_another_means_they_stand_in() -> None:
    done = under(["--refuse", "seccomp:EPERM"], "exec", "return 1", "--require", "memory,network", "--output", "json")
    confinement: dict[str, Any] = json.loads(done.stdout)["confinement"]
    assert confinement == {
        "memory": "address-space", "files": None, "network": "namespace", "processes": None, "landlock_abi": None,
        "namespaces": list(NAMESPACES), "cgroup": None,
    }  # fmt: skip


@pytest.mark.parametrize("required", ["memory,network", "memory,namespaces"])
def test_where_they_are_refused_too_nothing_runs_and_it_is_said(required: str) -> None:
    places = ["--refuse", "seccomp:EPERM", "--refuse", "namespaces:EPERM"]
    done = under(places, "exec", "return 1", "--require", required)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"lacks what is required: {required.split(',')[1]}; " in done.stderr
    assert "--require memory runs with less" in done.stderr
    if "namespaces" in required:
        assert "unshare: Operation not permitted (EPERM); the machine, an outer filter" in done.stderr


def test_files_and_processes_are_not_had_that_way() -> None:
    done = under(["--refuse", "seccomp:EPERM"], "exec", "return 1", "--require", "memory,files,network")
    assert done.returncode == 2
    assert "lacks what is required: files, network; " in done.stderr


def test_a_worker_that_claims_namespaces_and_shares_the_hosts_network_is_refused() -> None:
    prelude = "arm(); hello(confinement={'armed': ['namespaces']})"
    with pytest.raises(SetupError, match="says that namespaces is armed, and the kernel shows the host's network"):
        scripted(prelude).__enter__()


def test_a_worker_that_confines_itself_is_not_asked_to() -> None:
    with pytest.raises(SetupError, match=r"its worker does not arm it .the kernel shows the host's network"):
        ScriptRuntime(probe_spec(), require=(*ALL, "namespaces")).execute("[]")


@needs_namespaces
def test_with_a_thread_they_cannot_be_entered() -> None:
    code = """
        import sys, threading
        sys.path[:0] = sys.argv[1:]
        from llmspell_workers.confine import SystemCalls
        from llmspell_workers.confine.namespaces import enter
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        try:
            enter(SystemCalls(), keeps_files=True)
        except OSError as error:
            print(error.filename, error.strerror)
    """
    command = [sys.executable, "-I", "-S", "-c", textwrap.dedent(code), str(ROOT / "workers")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=True)
    assert done.stdout == "unshare Invalid argument\n"
