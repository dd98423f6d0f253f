"""`doctor` and `sandbox` where the kernel, or a filter outside, refuses what confinement needs; as root and as others.

Real refusals: the command line runs under a seccomp filter, on another /proc, as another user (`outer.py`).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import llmspell
import llmspell_workers
from tests.cli.programs import Place, Ran, left_over

OUTER = Path(__file__).with_name("outer.py")
NOBODY = 65534
ALL = ("memory", "files", "network", "processes")
is_root = os.geteuid() == 0
needs_root = pytest.mark.skipif(not is_root, reason="needs root to make such a place")
USERS = [None, pytest.param(NOBODY, marks=needs_root)] if is_root else [None]


class Where(NamedTuple):
    """A place, and what is to be seen there. `layers`: whether Landlock is; `why` a part of what is said."""

    options: tuple[str, ...]
    active: tuple[str, ...] = ALL
    layers: bool = True
    why: str = ""


OPEN = Where(())
REFUSALS = {
    "landlock is not there": Where(("--refuse", "landlock:ENOSYS"), layers=False, why="Function not implemented"),
    "landlock is refused": Where(("--refuse", "landlock:EPERM"), layers=False, why="Operation not permitted"),
    "seccomp is not there": Where(("--refuse", "seccomp:ENOSYS"), ("memory",), why="Function not implemented"),
    "seccomp is refused": Where(("--refuse", "seccomp:EPERM"), ("memory",), why="Operation not permitted"),
    "both are refused": Where(
        ("--refuse", "landlock:EPERM", "--refuse", "seccomp:EPERM"), ("memory",), False, "Operation not permitted"
    ),
    "user namespaces are refused": Where(("--refuse", "namespaces:EPERM")),
}
PROCS = {
    "hidepid": Where(("--hidepid",)),
    "no proc": Where(("--no-proc",), ("memory",), why="/proc is not mounted here"),
}


def there(place: Place, where: Where, user: int | None, *words: str) -> Ran:
    """A command in such a place, to its end, with nothing left running."""
    options = list(where.options)
    if user is not None:
        os.chown(place.folder, user, user)
        os.chown(place.home, user, user)
        roots = {sys.prefix, sys.base_prefix, *(path for path in sys.path if os.path.isdir(path)), str(place.folder)}
        roots |= {str(Path(package.__path__[0]).parent) for package in (llmspell, llmspell_workers)}
        options += [word for root in sorted(roots) for word in ("--open", root)] + ["--user", str(user)]
    before = [sys.executable, "-I", str(OUTER), *options]
    with place.start(*words, before=before) as started:
        ran = started.end()
    assert "Traceback" not in ran.stderr, ran.stderr
    assert left_over(1.0) == []
    return ran


def diagnosis(ran: Ran) -> dict[str, Any]:
    """The document that `doctor --output json` printed."""
    found: dict[str, Any] = json.loads(ran.stdout)
    assert (found["schema"], found["ok"]) == ("llmspell.doctor/1", ran.code == 0)
    return found


def assert_told(place: Place, where: Where, user: int | None) -> None:
    """What `doctor` and `sandbox` say there is what is so."""
    ran = there(place, where, user, "doctor", "--engine", "lua", "--output", "json")
    assert ran.stderr == ""
    found = diagnosis(ran)
    assert found["machine"]["user"]["value"] == (os.geteuid() if user is None else user)
    (engine,) = found["engines"]
    assert tuple(one["name"] for one in engine["protections"] if one["active"]) == where.active
    assert ran.code == (0 if where.active == ALL else 2)
    for one in engine["protections"]:
        gaps = one["warnings"] + one["missing"]
        assert one["active"] or one["missing"], "what is missing says why"
        assert all(gap["why"] and gap["remedy"] for gap in gaps)
        if one["missing"]:
            assert any(where.why in gap["why"] for gap in gaps)
        elif one["name"] in ("files", "network"):
            layered = "seccomp+landlock" if where.layers and found["machine"]["landlock_abi"]["value"] else "seccomp"
            assert one["mechanism"] == layered
            assert where.layers or any(where.why in gap["why"] for gap in one["warnings"])
    assert_sandboxed(place, where, user)


def assert_sandboxed(place: Place, where: Where, user: int | None) -> None:
    """`sandbox` runs only where all is active; with less it runs when that is typed out, and reports it."""
    place.write("a.lua", 'print("ran")')
    ran = there(place, where, user, "sandbox", "-q", "a.lua")
    if where.active == ALL:
        assert (ran.code, ran.stdout, ran.stderr) == (0, b"ran\n", "")
        return
    assert (ran.code, ran.stdout) == (2, b"")
    assert ran.stderr.count("\n") == 1
    assert ran.stderr.startswith(
        "llmspell: nothing ran, because engine lua lacks what is required: files, network, pro"
    )
    assert where.why in ran.stderr
    assert ran.stderr.endswith(
        f"; llmspell doctor shows all of it, and --require {','.join(where.active)} runs with less\n"
    )
    assert there(place, where, user, "run", "a.lua").code == 2
    assert there(place, where, user, "exec", "print(1)").code == 2
    weaker = there(place, where, user, "sandbox", "--require", "memory", "--output", "json", "a.lua")
    assert weaker.code == 0
    confinement = json.loads(weaker.stdout)["confinement"]
    assert [name for name in ALL if confinement[name] is not None] == list(where.active)


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("where", REFUSALS.values(), ids=REFUSALS)
def test_what_is_refused_outside_is_told_and_kept_to(place: Place, where: Where, user: int | None) -> None:
    assert_told(place, where, user)


@needs_root
@pytest.mark.parametrize("user", [None, NOBODY])
@pytest.mark.parametrize("where", PROCS.values(), ids=PROCS)
def test_a_proc_that_shows_little_or_nothing_is_told_and_kept_to(place: Place, where: Where, user: int | None) -> None:
    assert_told(place, where, user)


@pytest.mark.parametrize("user", USERS)
def test_an_open_machine_has_it_all_for_every_user(place: Place, user: int | None) -> None:
    assert_told(place, OPEN, user)


def test_a_container_without_user_namespaces_says_so_and_that_nothing_needs_them(place: Place) -> None:
    ran = there(place, REFUSALS["user namespaces are refused"], None, "doctor", "--output", "json")
    fact = diagnosis(ran)["machine"]["user_namespaces"]
    assert fact == {"value": False, "says": "not available: operation not permitted; not needed"}


@needs_root
def test_hidepid_and_a_missing_proc_are_named(place: Place) -> None:
    hidden = diagnosis(there(place, PROCS["hidepid"], None, "doctor", "--output", "json"))
    assert hidden["machine"]["proc_hidepid"]["value"] == "invisible"
    gone = diagnosis(there(place, PROCS["no proc"], None, "doctor", "--output", "json"))
    assert gone["machine"]["proc_hidepid"]["value"] is None
    assert gone["engines"][0]["protections"][1]["missing"][0]["remedy"] == "mount it (mount -t proc proc /proc)"


def test_doctor_is_plain_text_in_a_pipe(place: Place) -> None:
    ran = place.run("doctor")
    lines = [line.split("\t") for line in ran.stdout.decode().splitlines()]
    assert [line[:3] for line in lines if line[2:3] == ["active"]] == [
        [engine, name, "active"] for engine in ("javascript", "lua", "python") for name in ALL
    ]
    assert ["engine lua has memory, files, network, processes"] in lines
    assert "\x1b" not in ran.stdout.decode()
    named = [line[0] for line in lines[lines.index([""]) + 1 :]]
    assert named[:9] == [
        "kernel", "user", "landlock_abi", "seccomp", "user_namespaces", "cgroup", "proc_hidepid", "ptrace_scope",
        "core_pattern",
    ]  # fmt: skip


def test_doctor_is_a_table_on_a_terminal(place: Place) -> None:
    with place.terminal("doctor", rows=40, columns=140) as terminal:
        assert terminal.end() == 0
        shown = terminal.shown.decode()
    assert "mechanism" in shown
    assert "address-space" in shown
    assert "\t" not in shown


def test_doctor_tries_configured_engines_too_and_says_which_fails(place: Place) -> None:
    scripted = Path(__file__).parents[1] / "sandbox" / "workers" / "scripted.py"
    mute = json.dumps([sys.executable, "-I", str(scripted), "os._exit(9)"])
    missing = json.dumps(["/no/such/worker"])
    place.write("c.toml", f"[engines.mute]\ncommand = {mute}\n[engines.none]\ncommand = {missing}\n")
    ran = place.run("doctor", "--config", "c.toml", "--output", "json")
    assert ran.code == 2
    engines = {one["name"]: one for one in diagnosis(ran)["engines"]}
    assert engines["lua"]["ok"] is True
    for name, why in (("mute", "exited with status 9 before it was ready"), ("none", "No such file or directory")):
        assert engines[name]["ok"] is False
        assert engines[name]["version"] is None
        assert all(why in one["missing"][0]["why"] for one in engines[name]["protections"])
    assert place.run("doctor", "--config", "c.toml", "--engine", "lua").code == 0


def test_doctor_of_an_unknown_engine_names_the_nearest(place: Place) -> None:
    ran = place.run("doctor", "--engine", "lau")
    assert (ran.code, ran.stdout) == (2, b"")
    assert "did you mean lua?" in ran.stderr
