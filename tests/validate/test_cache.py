"""Kept results: found again for exactly the same check, and never believed where somebody else could have put them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import llmspell
import llmspell_workers
from llmspell.engines.factory import EngineSpec
from llmspell.errors import UsageError
from llmspell.limits import Limits
from llmspell.policy import ToolGrant
from llmspell.source import sha256
from llmspell.validate.cache import Cache
from llmspell.validate.local import LocalExecutor
from llmspell.validate.result import Result, Status
from llmspell.validate.settings import Settings
from llmspell.validate.spell import Spell
from llmspell.validate.versions import versions
from tests.leftovers import nothing_is_left

__all__ = ["nothing_is_left"]

SPELL = Spell("a.lua", "lua", b"return 1", {"m.lua": b"return 2"}, b"{}", b"value = 1")
PLAIN = Settings()


@pytest.fixture
def folder(tmp_path: Path) -> str:
    return str(tmp_path / "cache")


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with both packages, and the sum of their code."""
    folder = tmp_path_factory.mktemp("code")
    for package in (llmspell, llmspell_workers):
        source = Path(str(package.__file__)).parent
        shutil.copytree(source, folder / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder, _sum_of(folder)


def passed(spell: Spell = SPELL) -> Result:
    return Result(spell.path, Status.PASSED, spell.engine, sha256(spell.source), seconds=0.5, source="return 1")


def kept(folder: str, settings: Settings = PLAIN, spell: Spell = SPELL) -> Result | None:
    return Cache(settings, folder=folder).get(spell)


@pytest.fixture
def filled(folder: str) -> str:
    Cache(Settings(), folder=folder).put(SPELL, passed())
    return folder


def entry(folder: str) -> Path:
    (found,) = (path for path in Path(folder).rglob("*") if path.is_file())
    return found


def test_what_has_passed_is_found_again_and_says_so(filled: str) -> None:
    assert kept(filled) == passed()._replace(cached=True)


@pytest.mark.parametrize("status", [Status.FAILED, Status.UNCHECKED], ids=str)
def test_what_has_not_passed_is_not_kept(folder: str, status: Status) -> None:
    Cache(Settings(), folder=folder).put(SPELL, passed()._replace(status=status))
    assert os.listdir(folder) == []


OTHERS = {
    "source": SPELL._replace(source=b"return 2"),
    "path": SPELL._replace(path="b.lua"),
    "engine": SPELL._replace(engine="lua@5.1"),
    "module": SPELL._replace(modules={"m.lua": b"return 3"}),
    "module-name": SPELL._replace(modules={"n.lua": b"return 2"}),
    "no-modules": SPELL._replace(modules={}),
    "cassette": SPELL._replace(cassette=b"{ }"),
    "no-cassette": SPELL._replace(cassette=None),
    "empty-cassette": SPELL._replace(cassette=b""),
    "moved": SPELL._replace(cassette=b"value = 1", expectation=b"{}"),
    "no-expectation": SPELL._replace(expectation=None),
}


@pytest.mark.parametrize("spell", OTHERS.values(), ids=OTHERS.keys())
def test_any_other_spell_is_not_found(filled: str, spell: Spell) -> None:
    assert kept(filled, spell=spell) is None


@pytest.mark.parametrize(
    "settings",
    [
        Settings(strict=True),
        Settings(limits=Limits(cpu=1)),
        Settings(off=("syntax",)),
        Settings(tools={"calculator": ToolGrant()}),
    ],
    ids=["strict", "limits", "off", "tools"],
)
def test_other_settings_do_not_find_it(filled: str, settings: Settings) -> None:
    assert kept(filled, settings) is None


def test_another_version_does_not_find_it(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmspell.validate.cache.versions", lambda: {"lupa": "9"})
    assert kept(filled) is None


def _sum_of(folder: Path) -> str:
    code = "from llmspell.validate.versions import versions; print(versions()['code'])"
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-B", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=folder).stdout


@pytest.mark.parametrize(
    "name",
    [
        "llmspell_workers/lua/globals.lua",
        "llmspell_workers/javascript/globals.js",
        "llmspell_workers/__main__.py",
        "llmspell/py.typed",
        "llmspell/validate/check.py",
        "llmspell/new.txt",
    ],
)
def test_the_sum_of_the_code_covers_every_shipped_file(copied: tuple[Path, str], name: str) -> None:
    folder, before = copied
    file = folder / name
    content = file.read_bytes() if file.exists() else None
    file.write_bytes((content or b"") + b"\n")
    try:
        assert _sum_of(folder) != before
    finally:
        file.unlink() if content is None else file.write_bytes(content)


@pytest.mark.parametrize("name", ["llmspell/__pycache__/x.pyc", "llmspell/.globals.lua.swp"])
def test_the_sum_of_the_code_leaves_out_what_others_put_there(copied: tuple[Path, str], name: str) -> None:
    folder, before = copied
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"x")
    assert _sum_of(folder) == before


def test_the_libraries_that_decide_results_are_named() -> None:
    assert {"jsonschema", "greenlet", "lupa", "quickjs-ng", "msgpack", "tree-sitter"} <= set(versions())


def test_engines_of_others_are_not_kept(folder: str) -> None:
    spec = EngineSpec("lisp", (".lisp",), command=("lisp",))
    spell = SPELL._replace(engine="lisp")
    cache = Cache(Settings(engines=(spec,)), folder=folder)
    cache.put(spell, passed(spell))
    assert cache.get(spell) is None


def test_what_can_import_packages_is_not_kept_with_them(folder: str) -> None:
    spell, settings = SPELL._replace(engine="python"), Settings(packages=("numpy",))
    cache = Cache(settings, folder=folder)
    cache.put(spell, passed(spell))
    assert cache.get(spell) is None


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda content: content[:-1],
    "longer": lambda content: content + b"x",
    "one-bit": lambda content: content[:-3] + bytes([content[-3] ^ 1]) + content[-2:],
    "other-form": lambda content: b"llmspell-result-2\n" + content[18:],
    "text": lambda _: b"{}",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_entry_is_missing_and_is_written_anew(filled: str, damage: Callable[[bytes], bytes]) -> None:
    path = entry(filled)
    path.write_bytes(damage(path.read_bytes()))
    assert kept(filled) is None
    Cache(Settings(), folder=filled).put(SPELL, passed())
    assert kept(filled) is not None


def test_an_entry_of_another_spell_in_its_place_is_missing(filled: str) -> None:
    other = SPELL._replace(source=b"return 5")
    place = entry(filled)
    Cache(Settings(), folder=filled).put(other, passed(other))
    (moved,) = (path for path in Path(filled).rglob("*") if path.is_file() and path != place)
    moved.rename(place)
    assert kept(filled) is None


def test_a_link_or_a_pipe_in_place_of_an_entry_is_missing(filled: str, tmp_path: Path) -> None:
    place = entry(filled)
    place.rename(tmp_path / "moved")
    place.symlink_to(tmp_path / "moved")
    assert kept(filled) is None
    place.unlink()
    os.mkfifo(place, 0o600)
    assert kept(filled) is None


def test_a_folder_that_others_can_write_is_refused(filled: str) -> None:
    os.chmod(filled, 0o777)
    with pytest.raises(UsageError, match="others can write there"):
        Cache(Settings(), folder=filled)


def test_an_entry_that_others_can_write_is_missing(filled: str) -> None:
    entry(filled).chmod(0o666)
    assert kept(filled) is None


def test_a_folder_in_what_is_checked_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="whose author could bring some along"):
        Cache(Settings(), folder=str(tmp_path / "tree/.cache"), checked=[str(tmp_path / "tree")])
    Cache(Settings(), folder=str(tmp_path / "cache"), checked=[str(tmp_path / "tree")])


def test_a_folder_in_a_repository_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tree/.git").mkdir(parents=True)
    with pytest.raises(UsageError, match="whose author"):
        Cache(Settings(), folder=str(tmp_path / "tree/sub/cache"))


def test_a_folder_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="not a directory"):
        Cache(Settings(), folder=str(tmp_path / "file/cache"))


def test_the_folder_is_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache = Cache(Settings())
    assert cache.folder == str(tmp_path / "llmspell/validated")
    assert os.stat(cache.folder).st_mode & 0o777 == 0o700


def test_the_oldest_go_when_there_are_too_many(folder: str) -> None:
    spells = [SPELL._replace(path=f"{number}.lua") for number in range(20)]
    cache = Cache(PLAIN, folder=folder)
    for age, spell in enumerate(spells):
        cache.put(spell, passed(spell))
        for path in Path(folder).rglob("*"):
            if path.is_file() and path.stat().st_mtime > 1e6:
                os.utime(path, (1000 + age, 1000 + age))
    assert cache.get(spells[0]) is not None  # of use again
    size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    smaller = Cache(PLAIN, folder=folder, max_bytes=size // 2)
    smaller.close()
    assert all(cache.get(spell) for spell in spells), "who has written nothing removes nothing"
    os.utime(cache._path(spells[1]) or "", (1, 1))
    smaller.put(SPELL, passed())
    smaller.close()
    left = [spell.path for spell in spells if cache.get(spell) is not None]
    assert 2 < len(left) < 15
    assert "1.lua" not in left


def test_drafts_of_the_dead_are_removed(filled: str) -> None:
    draft, young = Path(filled, ".draft-dead"), Path(filled, ".draft-alive")
    draft.touch()
    young.touch()
    os.utime(draft, (1, 1))
    Cache(Settings(), folder=filled).evict()
    assert (draft.exists(), young.exists()) == (False, True)


def test_the_order_of_modules_says_nothing(folder: str) -> None:
    first = SPELL._replace(modules={"a.lua": b"1", "b.lua": b"2"})
    Cache(PLAIN, folder=folder).put(first, passed())
    assert kept(folder, spell=first._replace(modules={"b.lua": b"2", "a.lua": b"1"})) is not None


def test_a_disk_that_takes_nothing_costs_nothing_but_the_entry(folder: str) -> None:
    cache = Cache(Settings(), folder=folder)
    os.rmdir(folder)
    cache.put(SPELL, passed())
    assert cache.get(SPELL) is None


_WRITER = """
import sys
from llmspell.validate.cache import Cache
from llmspell.validate.settings import Settings
from llmspell.validate.spell import Spell
from llmspell.validate.result import Result, Status
from llmspell.source import sha256
spells = [Spell(f"{n}.lua", "lua", b"return %d" % n) for n in range(50)]
cache = Cache(Settings(), folder=sys.argv[1], max_bytes=20_000)
for spell in spells * 3:
    result = Result(spell.path, Status.PASSED, "lua", sha256(spell.source), source="x" * 1000)
    found = cache.get(spell)
    assert found in (None, result._replace(cached=True)), found
    cache.put(spell, result)
    cache.evict()
"""


def test_several_processes_share_it(folder: str) -> None:
    command = [sys.executable, "-c", _WRITER, folder]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    assert [(writer.communicate(timeout=250)[1], writer.returncode) for writer in writers] == [(b"", 0)] * 3
    assert not [path for path in Path(folder).iterdir() if path.name.startswith(".")]


def test_an_executor_checks_only_what_it_has_not_kept(folder: str) -> None:
    spells = [Spell("a.lua", "lua", b"return 1"), Spell("b.lua", "lua", b"return (")]
    told = []
    for _ in range(2):
        with LocalExecutor(PLAIN, jobs=2, cache=Cache(PLAIN, folder=folder)) as local:
            results = sorted(local.results(spells))
            told.append([(result.path, result.status, result.cached) for result in results])
    failed = ("b.lua", Status.FAILED, False)
    assert told == [[("a.lua", Status.PASSED, False), failed], [("a.lua", Status.PASSED, True), failed]]
