"""Every case of the corpus, by the command line and through the Python API, under one common oracle (`README.md`)."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest

from llmspell import ScriptRuntime
from tests.hostile import by_api, by_command
from tests.hostile.cases import GROUPS, Case, corpus
from tests.hostile.ended import check
from tests.hostile.leftover import swept
from tests.hostile.scene import Scene

CORPUS = corpus()
LEAST_CASES = 150
HOST_ROOM = by_api.HOST_ROOM
_COLOUR = re.compile(rb"\x1b\[[0-9;:]{0,40}m")
_STEERING = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xaf]"
)


def cases(way: str) -> list[object]:
    """The cases that are run in that way, each under its id."""
    chosen = [case for case in CORPUS if way in case.passes]
    return [
        pytest.param(case, id=case.id, marks=[pytest.mark.xfail(strict=True, reason=case.xfail)] if case.xfail else [])
        for case in chosen
    ]


def forms(case: Case) -> tuple[tuple[bool, bool], ...]:
    """Run by run, whether the outcome is asked for as JSON, and whether an ordinary user runs it, which root can be.

    A signal is sent once the first line is seen, so not with JSON.
    """
    as_user = os.geteuid() == 0
    if case.kind == "host":
        return ((False, as_user),)
    return ((False, False), (case.send is None, as_user))


@pytest.fixture
def scene(case: Case, tmp_path: Path, bytecode: Path) -> Scene:
    """The case's own folder, with secrets all around."""
    return Scene(case, tmp_path, bytecode)


@pytest.fixture(scope="session")
def peaceful_peak(tmp_path_factory: pytest.TempPathFactory, bytecode: Path) -> int:
    """What the command takes for a script that only prints."""
    case = next(case for case in CORPUS if case.id == "output/peaceful")
    return by_command.run(case, Scene(case, tmp_path_factory.mktemp("peaceful"), bytecode), as_json=True).peak


@pytest.mark.parametrize("case", cases("command"))
def test_on_the_command_line(case: Case, scene: Scene, peaceful_peak: int) -> None:
    verdicts, evidence = [], []
    for as_json, as_user in forms(case):
        ended = by_command.run(case, scene, as_json=as_json, as_user=as_user)
        check(case, ended)
        scene.check_secret(ended.stdout, ended.said)
        scene.check_untouched()
        assert ended.peak <= peaceful_peak + HOST_ROOM or case.kind == "host"
        verdicts.append(ended.verdict)
        if ended.document is not None and ended.document["verdict"] == "limit":
            evidence.append((ended.document["limit"]["name"], ended.document["evidence"]))
    assert len(set(verdicts)) == 1 or len(case.wanted) > 1, verdicts
    assert len(set(evidence)) <= 1 or len(case.wanted) > 1, evidence


@pytest.mark.parametrize("case", cases("api"))
def test_through_the_python_api(
    case: Case, scene: Scene, runtime: ScriptRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(scene.folder)
    for name in ("HOME", "TMPDIR", *scene.secrets):
        monkeypatch.setenv(name, scene.secrets.get(name, scene.place.environment.get(name, "")))
    by_api.peaceful(runtime)
    with by_api.beside(runtime):
        ended = by_api.run(case, scene)
    assert swept() == []
    check(case, ended)
    scene.check_secret(ended.stdout, ended.said)
    scene.check_untouched()
    assert ended.peak <= HOST_ROOM
    by_api.peaceful(runtime)


@pytest.mark.parametrize("case", cases("probe"))
def test_the_kernel_refuses_every_call(case: Case) -> None:
    from tests.hostile import by_probe

    assert by_probe.faults(case, as_user=False) == []
    assert by_probe.faults(case, as_user=os.geteuid() == 0) == []


@pytest.mark.parametrize("case", cases("terminal"))
def test_on_a_terminal_nothing_but_colours_gets_through(case: Case, scene: Scene) -> None:
    line = by_command.words(case, scene)[3:]
    with scene.place.terminal(*line) as terminal:  # type: ignore[arg-type]  # bytes are fine for a process
        terminal.end()
    shown = terminal.shown.replace(b"\r\n", b"\n")
    for text in case.kept:
        assert text in shown
    steering = _STEERING.search(_COLOUR.sub(b"", shown))
    assert steering is None, (steering, shown)
    scene.check_secret(shown)


@pytest.mark.parametrize("case", cases("memory"))
def test_a_live_worker_holds_no_secret(case: Case, scene: Scene) -> None:
    with by_command.Running(case, scene) as running:
        running.until(b"ready\n")
        (worker,) = running.workers()
        seen = [Path(f"/proc/{worker.pid}/{name}").read_bytes() for name in ("environ", "cmdline")]
        found = b"\n".join(seen) + _memory(worker.pid)
        assert b"hold this in memory" in found  # what the script holds is seen, so a secret would be
        scene.check_secret(found)
        worker.kill()
        running.end(None)


def _memory(pid: int) -> bytes:
    pieces = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            if rights.startswith("r") and not line.endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                start, end = (int(one, 16) for one in span.split("-"))
                memory.seek(start)
                pieces.append(memory.read(end - start))
    return b"".join(pieces)


def test_the_corpus_is_large_and_no_case_is_another_under_a_new_name() -> None:
    assert len(CORPUS) >= LEAST_CASES
    assert {case.group for case in CORPUS} == set(GROUPS)
    for what in (
        Counter(case.title for case in CORPUS),
        Counter(_body(case) for case in CORPUS),
    ):
        assert [one for one, count in what.items() if count > 1] == []


def _body(case: Case) -> str:
    """What a case is made of, without its title and spaces."""
    source = b"".join(line for line in case.source.split(b"\n") if b"title:" not in line[:12])
    return hashlib.sha256(re.sub(rb"\s+", b"", source)).hexdigest()


def test_a_case_with_a_misspelt_header_is_an_error(tmp_path: Path) -> None:
    from tests.hostile.cases import read

    folder = tmp_path / "memory"
    folder.mkdir()
    good = "-- title: a\n-- threat: T-MEM-1\n-- verdict: ok\n"
    (folder / "a.lua").write_text(good)
    assert read(folder / "a.lua").wanted[0].verdict == "ok"
    for bad in ("-- verdict: fine", "-- verdict: limit memroy", "-- treat: T-MEM-1", "-- threat: MEM-1", "-- title: b"):
        (folder / "b.lua").write_text((good.replace("-- verdict: ok\n", "") if "verdict" in bad else good) + bad + "\n")
        if "threat: MEM" in bad:
            (folder / "b.lua").write_text(good.replace("T-MEM-1", "MEM-1"))
        with pytest.raises(ValueError, match=r"b\.lua"):
            read(folder / "b.lua")


def test_every_document_of_an_outcome_is_json_that_a_strict_reader_takes() -> None:
    outcome = ScriptRuntime.with_lua().execute("return {1/0, -1/0, 0/0, '\\xff', 1 << 62}")
    json.loads(json.dumps(outcome.to_dict(), allow_nan=False), parse_constant=lambda name: pytest.fail(name))
