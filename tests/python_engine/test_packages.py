"""Installed packages by grant: which modules there are, what they can do, and what is said where they cannot be had."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from collections.abc import Iterable
from pathlib import Path

import pytest

from llmspell import CallError, Limits, Outcome, Policy, ScriptRuntime, SetupError, UsageError, Verdict
from llmspell.capabilities.packages import Packages
from tests.python_engine.spells import LIMITS

STARTS_A_THREAD = """
#include <pthread.h>
#include <unistd.h>
static void *waits(void *_) { pause(); return 0; }
__attribute__((constructor)) static void begin(void) { pthread_t one; pthread_create(&one, 0, waits, 0); }
"""

ATTACKS = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def tried(call, *arguments):
    ctypes.set_errno(0)
    return [getattr(libc, call)(*arguments), ctypes.get_errno()]
found = [tried("open", HERE, mode) for mode in (0, 1, 2, 0o1101)] + [tried("open", SECRET, 0), tried("unlink", HERE)]
found += [tried("chmod", HERE, 0o777), tried("truncate", HERE, 0), tried("fork"), tried("socket", 2, 1, 0)]
"""


def granted(source: str, *packages: str, limits: Limits = LIMITS, seed: int | None = None) -> Outcome:
    runtime = ScriptRuntime.with_engine("python", policy=Policy(packages=packages), limits=limits)
    return runtime.execute(source, name="spell.py", seed=seed)


def install(
    folder: Path, name: str, files: Iterable[str], *, requires: Iterable[str] = (), record: bool = True
) -> None:
    """An installed distribution, as far as anyone can tell: its metadata, and the list of its files."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *(f"Requires-Dist: {one}" for one in requires)]
    (info / "METADATA").write_text("\n".join(lines) + "\n")
    if record:
        (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


@pytest.mark.parametrize("seed", [None, 1], ids=["as it comes", "seeded"])
def test_a_granted_package_is_there_with_its_machine_code_and_with_what_it_requires(seed: int | None) -> None:
    source = """
import attrs, referencing, rpds
kept = referencing.Registry().with_resource("a", referencing.Resource.opaque({"b": 1}))
[rpds.List([1, 2]).first, attrs.has(referencing.Registry), kept.contents("a"), referencing.__file__]
"""
    outcome = granted(source, "referencing", seed=seed)
    assert (outcome.error, outcome.value) == (None, [1, True, {"b": 1}, "referencing/__init__.py"])


def test_what_was_not_granted_is_not_there() -> None:
    error = granted("import attrs\nimport rpds", "attrs").error
    assert error is not None
    assert error.message.endswith("--allow-package NAME, by the name that pip has for it")
    assert error.line == 2


def test_a_package_has_the_modules_that_its_list_names_and_no_others(installed: Path) -> None:
    outside, inside = installed.parent / "outside.py", installed / "pack"
    (inside / "deep" / "er").mkdir(parents=True)
    for file in (outside, inside / "__init__.py", inside / "a.py", inside / "hidden.py", inside / "deep/er/b.py"):
        file.write_text(f"name = {str(file)!r}\n")
    (inside / "data.txt").write_text("data")
    names = ["pack/__init__.py", "pack/a.py", "pack/deep/er/b.py", "pack/data.txt", "pack/gone.py", "../outside.py"]
    install(installed, "a-package", [*names, str(outside), "pack/../../outside.py", "", "pack/a b.py", "json/x.py"])
    packages = Packages(["A_Package"])
    assert set(packages.modules) == {"pack", "pack.a", "pack.deep.er.b", "pack.gone"}
    assert not packages.extensions
    assert packages.first_names == {"pack"}
    assert packages.load("pack.a") == {
        "name": "pack/a.py", "package": False, "code": None, "source": (inside / "a.py").read_bytes(),
    }  # fmt: skip
    assert packages.load("pack.deep") == {"name": "pack/deep", "package": True, "code": None, "source": b""}
    wrong = ("pack.hidden", "pack.gone", "pack.data", "pack.data.txt", "outside", "pack.de", "pack.a.x", "..outside",
             "pack/a", "pack.", ".pack", "", "pack\0", "pack." + "x" * 100_000)  # fmt: skip
    for name in wrong:
        with pytest.raises(CallError, match="the granted packages have no module") as raised:
            packages.load(name)
        assert raised.value.kind.value == "not_found"
        assert len(raised.value.message) < 200


def test_what_a_package_requires_comes_with_it_and_extras_do_not(installed: Path) -> None:
    for name in ("one", "two", "three", "four"):
        (installed / f"{name}.py").write_text("")
    old = 'three>=2 ; python_version >= "3.8"'
    install(installed, "one", ["one.py"], requires=["two[fast] (>1)", "missing; sys_platform == 'win32'"])
    install(installed, "two", ["two.py"], requires=["One", old, 'four; extra == "fast"'])
    install(installed, "three", ["three.py"])
    install(installed, "four", ["four.py"])
    assert set(Packages(["one"]).modules) == {"one", "two", "three"}
    assert set(Packages(["two", "four"]).modules) == {"one", "two", "three", "four"}


def test_code_of_a_package_runs_confined(installed: Path) -> None:
    (installed / "secret.txt").write_text("secret")
    names = f"HERE, SECRET = {bytes(installed / 'attacks.py')!r}, {bytes(installed / 'secret.txt')!r}\n"
    (installed / "attacks.py").write_text(names + ATTACKS)
    before = (installed / "attacks.py").stat()  # reading it may change when it was read, and nothing else
    install(installed, "attacks", ["attacks.py"])
    outcome = granted("import attacks; attacks.found", "attacks")
    assert (outcome.error, outcome.value) == (None, [[-1, 1]] * 10)
    assert outcome.confinement == granted("1").confinement
    after = (installed / "attacks.py").stat()
    assert (after.st_mode, after.st_size, after.st_mtime_ns) == (before.st_mode, before.st_size, before.st_mtime_ns)


WRONG = {
    "referencin": "did you mean referencing. Else install it: pip install referencin",
    "yaml": "did you mean PyYAML",
    "no-such-thing-at-all": "there is no package no-such-thing-at-all in the Python that llmspell runs in; install",
    "../etc": "'../etc' is no name of a package",
    "": "'' is no name of a package",
    "a" * 300: "is no name of a package",
    "listless": "installed without a list of its files",
    "edited": "pip install, without -e",
}


@pytest.mark.parametrize("name", WRONG, ids=range(len(WRONG)))
def test_a_package_that_cannot_be_granted_is_refused_with_what_to_do(name: str, installed: Path) -> None:
    install(installed, "listless", [], record=False)
    install(installed, "edited", ["__editable__.edited-1.0.pth", "edited-1.0.dist-info/METADATA"])
    with pytest.raises(UsageError, match=WRONG[name]):
        granted("1", name)


@pytest.mark.parametrize("engine", ["lua", "javascript", "lua@5.1"])
def test_an_engine_that_imports_no_packages_refuses_them(engine: str) -> None:
    with pytest.raises(UsageError, match=f"engine {engine} imports no packages, and was granted attrs"):
        ScriptRuntime.with_engine(engine, policy=Policy(packages=("attrs",)))


def test_memory_that_the_packages_do_not_leave_is_told_with_the_least_that_works() -> None:
    with pytest.raises(SetupError, match=r"packages \d+ MiB of 28 MiB of memory are taken .* works is --mem \d+M"):
        granted("1", "lupa", limits=Limits(memory=28 << 20))
    assert granted("import lupa; 1", "lupa").value == 1


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_a_library_that_starts_threads_before_the_worker_is_confined_is_refused(installed: Path) -> None:
    (installed / "threads.c").write_text(STARTS_A_THREAD)
    name = f"threads{sysconfig.get_config_var('EXT_SUFFIX')}"
    command = ["cc", "-shared", "-fPIC", "-pthread", "-o", str(installed / name), str(installed / "threads.c")]
    subprocess.run(command, check=True)
    install(installed, "threads", [name])
    with pytest.raises(SetupError, match="starts threads when it is loaded, and cannot be confined"):
        granted("1", "threads")


def test_a_file_that_is_no_library_is_an_import_error_that_says_so(installed: Path) -> None:
    name = f"broken{sysconfig.get_config_var('EXT_SUFFIX')}"
    (installed / name).write_bytes(b"no machine code")
    install(installed, "broken", [name])
    error = granted("import broken", "broken").error
    assert error is not None
    assert error.message.startswith("ImportError: broken could not be mapped: ")


def test_a_session_keeps_its_packages_after_a_limit() -> None:
    with ScriptRuntime.with_engine("python", policy=Policy(packages=("rpds-py",)), limits=LIMITS).session() as session:
        assert session.execute("import rpds").verdict is Verdict.OK
        assert session.execute("x = []\nwhile True: x.append(bytes(9999))").verdict is Verdict.LIMIT
        assert session.execute("import rpds\nrpds.List([3]).first").value == 3
