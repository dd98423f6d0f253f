"""A tree that is made to stop the search, to hide a script in it or to lead out of it does none of that."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from llmspell.engines.factory import EngineFactory, EngineSpec
from llmspell.validate.beside import MAX_WORDS, Neighbours
from llmspell.validate.discovery import Discovery
from llmspell.validate.result import Result, Status
from llmspell.validate.spell import Spell

SUFFIXES = (".lua",)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def search(*paths: str) -> list[Spell | Result]:
    return list(Discovery(paths, factory=EngineFactory(), allowed=10_000_000))


def words(count: int, form: str = "'w{}'") -> str:
    return "".join(form.format(number) for number in range(count))


@pytest.mark.parametrize("form", ["'w{}'", "'m0.w{}'", "'../w{}'", "'./a/../w{}'"], ids=["word", "below", "up", "dots"])
def test_words_of_modules_cost_no_more_than_one_script_may_cost(here: Path, form: str) -> None:
    depth = "/".join("abcdefgh")
    modules = {f"{depth}/m{number}/init.lua": words(5000, form) + f"'m{number + 1}'" for number in range(99)}
    write(here, {**modules, f"{depth}/main.lua": "'m0'"})
    begun = time.process_time()
    found = Neighbours().modules_of(f"{depth}/main.lua", b"'m0'", SUFFIXES, root=".")
    assert time.process_time() - begun < 20  # a second; without one budget for all of them, minutes
    assert 1 <= len(found) <= MAX_WORDS // 5000 + 1


def test_what_is_found_does_not_hang_on_what_was_searched_before(here: Path) -> None:
    write(here, {f"f{number}/x.lua": "" for number in range(200)})
    source = words(200, "'f{}.x'").encode()
    neighbours = Neighbours()
    first = neighbours.modules_of("main.lua", source, SUFFIXES, root=".")
    assert first == neighbours.modules_of("main.lua", source, SUFFIXES, root=".")
    assert len(first) == 100


def test_no_module_is_looked_for_above_the_root(here: Path) -> None:
    write(here.parent, {"secret.lua": "x"})
    write(here, {"in/main.lua": "", "top.lua": "x"})
    source = b"'../../secret' '../top' '../../here/top'"
    assert list(Neighbours().modules_of("in/main.lua", source, SUFFIXES, root=".")) == ["../top.lua"]
    assert Neighbours().modules_of("in/main.lua", source, SUFFIXES, root="in") == {}


def test_a_module_names_what_is_in_its_own_folder_and_in_those_above_it(here: Path) -> None:
    write(here, {"p/__init__.py": "", "p/q/r.py": "from ..s import t\nfrom .u import v", "p/s.py": "", "p/q/u.py": ""})
    found = Neighbours().modules_of("main.py", b"import p.q.r", (".py",), root=".")
    assert sorted(found) == ["p/__init__.py", "p/q/r.py", "p/q/u.py", "p/s.py"]


class _Faulty(EngineFactory):
    """Fails for one script, by a fault that nobody has thought of."""

    def for_script(self, name: str, first_line: bytes) -> EngineSpec:
        """The engine of a script."""
        if name == "b.lua":
            raise ZeroDivisionError("of ours")
        return super().for_script(name, first_line)


def test_a_fault_with_one_script_is_a_result_of_it_and_the_rest_is_given(here: Path) -> None:
    write(here, {"a.lua": "x", "b.lua": "x", "c.lua": "x"})
    first, second, third = Discovery(["."], factory=_Faulty(), allowed=1000)
    assert [type(one) for one in (first, second, third)] == [Spell, Result, Spell]
    assert isinstance(second, Result)
    assert (second.status, second.findings[0].rule) == (Status.UNCHECKED, "not-checked")
    assert "ZeroDivisionError: of ours" in second.findings[0].message


def link(folder: Path, links: Mapping[str, str]) -> None:
    for name, target in links.items():
        (folder / name).symlink_to(target)


def refused(*paths: str, include: tuple[str, ...] = (), exclude: tuple[str, ...] = ()) -> list[str]:
    found = Discovery(paths, factory=EngineFactory(), allowed=1000, include=include, exclude=exclude)
    return [one.path for one in found if isinstance(one, Result)]


def test_a_link_hides_no_script_in_what_is_left_out_or_is_none_by_its_name(here: Path) -> None:
    write(here, {".hidden/evil.lua": "x", "data/payload.txt": "x", "real/ok.lua": "x"})
    hiding = {"a.lua": ".hidden/evil.lua", "b.lua": "data/payload.txt", "sub": ".hidden", "dirlink": "/etc"}
    link(here, {**hiding, "same.lua": "real/ok.lua", "same": "real", "notes": "data/payload.txt"})
    assert refused(".") == ["a.lua", "b.lua", "dirlink", "sub"]
    assert refused("**/*.lua") == ["a.lua", "b.lua", "dirlink", "sub"]
    assert refused("*.lua") == ["a.lua", "b.lua", "same.lua"]


def test_globs_choose_among_links_as_among_what_they_lead_to(here: Path) -> None:
    write(here, {"old/a.lua": "x", "new/b.lua": "x"})
    link(here, {"c.lua": "old/a.lua", "d.lua": "new/b.lua", "before": "old", "now": "new"})
    assert refused(".", exclude=("old/**",)) == ["before", "c.lua"]
    assert refused(".", exclude=("old/**", "before/**", "c.*")) == []
    assert refused(".", include=("new/**", "d.lua")) == []


def test_a_link_takes_nothing_from_what_is_named_later(here: Path) -> None:
    write(here, {"tree/a.lua": "x", "other/b.txt": "x", "other/c.lua": "x"})
    link(here / "tree", {"b.lua": "../other/b.txt", "c.lua": "../other/c.lua"})
    found = search("tree", "other/b.txt", "other/c.lua")
    assert [one.path for one in found] == ["tree/a.lua", "tree/b.lua", "other/b.txt", "other/c.lua"]
    assert [type(found[at]) for at in (1, 3)] == [Result, Spell]


def test_a_linked_folder_that_is_left_out_by_its_name_is_told(here: Path) -> None:
    write(here, {"a.lua": "x", "real/b.lua": "x"})
    link(here, {".x": "real", "node_modules": "/usr"})
    found = Discovery(["."], factory=EngineFactory(), allowed=1000)
    assert [one.path for one in found] == ["a.lua", "real/b.lua"]
    assert dict(found.skipped) == {".x": 1, "node_modules": 1}


def test_a_link_that_was_typed_and_leads_out_of_the_working_directory_is_refused(here: Path) -> None:
    write(here.parent, {"outside/secret.lua": "x"})
    write(here, {"ok.lua": "x"})
    link(here, {"file.lua": "../outside/secret.lua", "folder": "../outside", "in.lua": "ok.lua"})
    for one in ("file.lua", "folder", "folder/secret.lua", "folder/*.lua"):
        assert refused(one) == [one]
    assert refused("in.lua", "../outside", str(here.parent / "outside/secret.lua")) == []
    assert len(search("../outside")) == 1


def test_an_empty_file_makes_no_folder_a_virtual_environment(here: Path) -> None:
    write(here, {"spells/pyvenv.cfg": "", "spells/a.lua": "x", "env/pyvenv.cfg": "", "env/Scripts/b.lua": "x"})
    found = Discovery(["."], factory=EngineFactory(), allowed=1000)
    assert [one.path for one in found] == ["spells/a.lua"]
    assert dict(found.skipped) == {"env": 1}
