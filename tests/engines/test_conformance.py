"""The conformance kit: workers by others pass it and run the examples, and each fault is found by its rule."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import msgpack  # type: ignore[import-untyped]
import psutil
import pytest

from llmspell import EngineFactory, EngineSpec, ScriptRuntime, SetupError, default_policy
from llmspell.engines.conformance import RULES, check, features
from llmspell.engines.conformance.subject import read_spells
from tests.cli.programs import COMMAND, Terminal
from tests.uncounted import uncounted

ROOT = Path(__file__).parents[2]
ENGINES = ROOT / "examples" / "engines"
EXPECTED = tomllib.loads((ROOT / "tests" / "examples" / "expected.toml").read_text())["run"]
MEMORY = 50 << 20
FAULTY = Path(__file__).with_name("faulty.py")
_READ = (sysconfig.get_path("stdlib"), str(Path(msgpack.__file__).parents[1]), sys.prefix, sys.base_prefix, str(FAULTY))
NEEDS = tuple(os.path.realpath(path) for path in _READ)
SPOKEN = (
    "print",
    "back",
    "wrong",
    "loop",
    "parallel",
    "stream",
    "unfinished",
    "count",
    "dice",
    "words",
    "module",
    "near",
)
SPELLS = {name: name.encode() for name in SPOKEN}
FAULTS = {
    "protocol-2": "start.hello", "other-name": "start.hello", "any-protocol": "start.protocol",
    "knows-all": "start.unknown",
    "last-word": "end.shutdown", "bad-status": "end.shutdown", "stays": "end.stdin", "takes-garbage": "end.garbage",
    "no-newline": "run.prints", "print-on-stdout": "run.prints", "other-run": "run.prints", "no-syntax": "run.syntax",
    "print-on-stderr": "run.prints", "exits-with-1": "run.prints", "line-0": "run.syntax", "no-line": "line.told",
    "one-output": "run.output",
    "no-words": "run.words", "no-module": "module.loaded", "one-path": "module.loaded",
    "no-late-reply": "call.late", "drops-nil": "value.lists",
    "lowers-keys": "value.maps", "trims-text": "value.text",
    "other-tool": "call.asks", "same-id": "call.ids", "swallows": "call.errors", "one-kind": "call.errors",
    "one-by-one": "call.parallel", "rounds": "value.integers", "shows-bytes": "value.bytes", "ends-text": "value.text",
    "over-cap": "value.cap", "dies": "value.largest",
    "never-unfinished": "run.incomplete", "always-unfinished": "run.incomplete",
    "names-in-bytes": "names.told", "names-too-long": "names.told", "names-printed": "names.told",
    "names-of-all": "names.told", "names-of-numbers": "names.told", "names-in-a-map": "names.told",
    "forgets": "session.kept", "dice-of-the-machine": "seed.same", "dice-of-one-seed": "seed.same",
    "dice-too-few": "seed.same", "sleep-asked": "seed.same", "clock-of-the-machine": "seed.same",
    "clock-that-stands": "seed.same",
}  # fmt: skip
"""Each fault of `faulty.py`, and the rule that finds it."""
LEFT_OUT = {rule.id for rule in features.RULES}


@pytest.fixture(scope="module")
def brook(tmp_path_factory: pytest.TempPathFactory) -> EngineSpec:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    program = tmp_path_factory.mktemp("brook") / "brook"
    source = ENGINES / "brook" / "brook.c"
    words = [
        compiler,
        "-O2",
        "-std=c11",
        "-D_GNU_SOURCE",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-o",
        str(program),
        str(source),
    ]
    subprocess.run(words, check=True, timeout=250)
    return EngineSpec("brook", (".brook",), command=(str(program),), needs=())


@pytest.fixture(scope="module")
def lisp() -> EngineSpec:
    sys.path.insert(0, str(ENGINES / "lisp"))
    try:
        from llmspell_lisp import ENGINE  # type: ignore[import-not-found]
    finally:
        sys.path.remove(str(ENGINES / "lisp"))
    assert isinstance(ENGINE, EngineSpec)
    return ENGINE


@pytest.fixture(params=["brook", "lisp"])
def foreign(request: pytest.FixtureRequest) -> EngineSpec:
    spec: EngineSpec = request.getfixturevalue(request.param)
    return spec


def faulty(fault: str) -> EngineSpec:
    return EngineSpec("faulty", (), command=(sys.executable, str(FAULTY), fault), needs=NEEDS)


def test_a_worker_by_somebody_else_passes_every_mandatory_rule(foreign: EngineSpec) -> None:
    spells = read_spells(ENGINES / foreign.name / "spells")
    checked = list(check(foreign, memory=MEMORY, spells=spells))
    assert {one.rule.id: one.why for one in checked if one.result == "failed"} == {}
    skipped = {one.rule.id for one in checked if one.result == "skipped"}
    assert skipped <= {"call.parallel", "call.late", "line.told", *LEFT_OUT}


FEATURES = {
    "lua": {
        "wrong": "local = 1", "unfinished": "for i = 1, 2 do", "count": "kept = (kept or 0) + 1 return kept",
        "words": "return {table.unpack(ARGS)}", "module": "require('near')", "near": "print('near')",
        "dice": "local r, t = math.random(1 << 40), os.time() sleep(10) return {r, t, os.time()}",
    },
    "javascript": {
        "wrong": "let = = 1", "unfinished": "for (;;) {", "count": "globalThis.kept = (globalThis.kept ?? 0) + 1",
        "words": "[...ARGS].slice(1)", "module": "import './near.js'", "near": "console.log('near')",
        "dice": "const r = Math.random(), t = Date.now() / 1000; await sleep(10); [r, t, Date.now() / 1000]",
    },
    "python": {
        "wrong": "x = = 1", "unfinished": "for i in (1, 2):", "count": "kept = globals().get('kept', 0) + 1\nkept",
        "words": "import sys\nsys.argv[1:]", "module": "import near", "near": "print('near')",
        "dice": "import os, time\nr, t = int.from_bytes(os.urandom(6)), time.time()\nsleep(10)\n[r, t, time.time()]",
    },
}  # fmt: skip


@pytest.mark.parametrize("engine", FEATURES)
def test_a_built_in_engine_keeps_the_rules_of_what_others_may_leave_out(engine: str) -> None:
    spells = {name: source.encode() for name, source in FEATURES[engine].items()}
    checked = check(EngineFactory().get(engine), memory=MEMORY, spells=spells, rules=features.RULES)
    found = {one.rule.id: (one.result, one.why) for one in checked}
    assert found == {rule.id: ("passed", "") for rule in features.RULES}


@pytest.mark.parametrize("name", ["hello", "agent", "tools"])
def test_a_worker_by_somebody_else_runs_the_examples(foreign: EngineSpec, name: str) -> None:
    runtime = ScriptRuntime(foreign, policy=default_policy())
    outcome = runtime.execute_file(ENGINES / foreign.name / f"{name}.{foreign.name}")
    assert outcome.verdict == "ok", outcome.error
    expected = next(one["stdout"] for one in EXPECTED if one["command"] == f"llmspell run examples/{name}.lua")
    assert outcome.stdout.decode() == expected
    assert (outcome.usage.peak_memory_bytes or 0) < MEMORY


def test_a_program_in_c_rests_under_two_mebibytes(brook: EngineSpec) -> None:
    outcome = ScriptRuntime(brook).execute("say 1")
    assert (outcome.usage.peak_memory_bytes or 0) < 2 << 20


def test_arguments_reach_a_worker_by_somebody_else(foreign: EngineSpec) -> None:
    path = ENGINES / foreign.name / f"hello.{foreign.name}"
    assert ScriptRuntime(foreign).execute_file(path, arguments=["Ada"]).stdout == b"Hello, Ada!\n"


@pytest.mark.parametrize("fault", [fault for fault, rule in FAULTS.items() if rule not in LEFT_OUT])
def test_a_fault_is_found_by_its_rule(fault: str) -> None:
    (rule,) = [rule for rule in RULES if rule.id == FAULTS[fault]]
    (checked,) = check(faulty(fault), memory=MEMORY, spells=SPELLS, rules=[rule], patience=2)
    assert (checked.result, bool(checked.why)) == ("failed", True)


@pytest.mark.parametrize("fault", [fault for fault, rule in FAULTS.items() if rule in LEFT_OUT])
def test_a_fault_of_one_feature_is_none_of_another(fault: str) -> None:
    checked = check(faulty(fault), memory=MEMORY, spells=SPELLS, rules=features.RULES, patience=2)
    assert [one.rule.id for one in checked if one.result == "failed"] == [FAULTS[fault]]


@pytest.mark.parametrize("rule", sorted(set(FAULTS.values())))
def test_the_same_worker_without_the_fault_keeps_the_rule(rule: str) -> None:
    rules = [one for one in RULES if one.id == rule]
    (checked,) = check(faulty("none"), memory=MEMORY, spells=SPELLS, rules=rules)
    assert (checked.result, checked.why) == ("passed", "")


def test_a_worker_that_confines_nothing_is_found_out() -> None:
    rules = [rule for rule in RULES if rule.id in ("start.limits", "start.confined")]
    found = list(check(faulty("none")._replace(needs=None), memory=MEMORY, spells=SPELLS, rules=rules))
    assert [one.result for one in found] == ["failed", "failed"]


def test_a_spell_that_is_not_there_fails_a_mandatory_rule_and_skips_another() -> None:
    rules = [rule for rule in RULES if rule.id in ("run.memory", "call.caught")]
    found = list(check(faulty("none"), memory=MEMORY, spells={}, rules=rules))
    assert [one.result for one in found] == ["failed", "skipped"]
    assert "there is no spell grow" in found[0].why


def test_a_command_that_does_not_start_cannot_be_tried() -> None:
    with pytest.raises(SetupError, match=r"the worker cannot be tried: .*exit status 0"):
        list(check(EngineSpec("x", (), command=("/bin/true",), needs=()), memory=MEMORY, spells={}))


def test_a_worker_that_says_no_hello_is_waited_for_once() -> None:
    checked = list(check(faulty("silent"), memory=MEMORY, spells=SPELLS, patience=0.5))
    assert {one.result for one in checked} == {"failed"}
    assert {one.why for one in checked} == {"before its Hello: it said nothing for 0.5 s"}


def test_rules_have_ids_of_their_own() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)


def llmspell(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "llmspell", "engines", "check", *words],
        env=uncounted(), capture_output=True, text=True, timeout=250, check=False,
    )  # fmt: skip


def test_the_command_reports_every_rule_and_ends_by_what_it_found(brook: EngineSpec) -> None:
    spells = ENGINES / "brook" / "spells"
    good = llmspell("--spells", str(spells), "--output", "json", "--", *brook.command)
    document = json.loads(good.stdout)
    assert (good.returncode, document["schema"], document["ok"]) == (0, "llmspell.conformance/1", True)
    assert [rule["id"] for rule in document["rules"]] == [rule.id for rule in RULES]
    bad = llmspell(*brook.command)
    assert bad.returncode == 1
    assert "run.prints\tmust\tfailed\tthere is no spell print, which prints `hello` and a newline" in bad.stdout
    none = llmspell("/bin/true")
    assert (none.returncode, none.stdout) == (2, "")
    assert "the worker cannot be tried" in none.stderr


def test_ctrl_c_ends_the_command_and_what_it_started_says_nothing(brook: EngineSpec, tmp_path: Path) -> None:
    words = [*COMMAND, "engines", "check", "--spells", str(ENGINES / "brook" / "spells"), "--", *brook.command]
    with Terminal(words, tmp_path, uncounted(os.environ), size=(24, 80), stderr=None) as terminal:
        while not any(map(is_host, psutil.Process(terminal.process.pid).children())):
            assert terminal.process.poll() is None
        terminal.press(b"\x03")
        assert terminal.end() == 130
    assert terminal.shown.replace(b"^C", b"").strip() == b""


def is_host(process: psutil.Process) -> bool:
    """Whether it is the host that a rule kills."""
    try:
        return "llmspell.engines.conformance.host" in process.cmdline()
    except psutil.Error:
        return False  # it has ended


def test_the_python_package_is_found_by_its_entry_point(tmp_path: Path) -> None:
    project = tomllib.loads((ENGINES / "lisp" / "pyproject.toml").read_text())["project"]
    (entry,) = project["entry-points"]["llmspell.engines"].items()
    info = tmp_path / "llmspell_lisp-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    (info / "entry_points.txt").write_text(f"[llmspell.engines]\n{' = '.join(entry)}\n")
    path = os.pathsep.join([str(tmp_path), str(ENGINES / "lisp"), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-m", "llmspell", "run", str(ENGINES / "lisp" / "hello.lisp"), "Ada"],
        env=uncounted() | {"PYTHONPATH": path, "HOME": str(tmp_path)},
        capture_output=True, text=True, timeout=250, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "Hello, Ada!\n", "")
