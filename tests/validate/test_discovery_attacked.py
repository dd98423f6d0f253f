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
    assert time.process_time() - begun < 4  # a second; without one budget for all of them, minutes
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

    def for_script(self, name: str, first_line: bytes, default: str | None = None) -> EngineSpec:
        """The engine of a script."""
        if name == "b.lua":
            raise ZeroDivisionError("of ours")
        return super().for_script(name, first_line, default)


def test_a_fault_with_one_script_is_a_result_of_it_and_the_rest_is_given(here: Path) -> None:
    write(here, {"a.lua": "x", "b.lua": "x", "c.lua": "x"})
    first, second, third = Discovery(["."], factory=_Faulty(), allowed=1000)
    assert [type(one) for one in (first, second, third)] == [Spell, Result, Spell]
    assert isinstance(second, Result)
    assert (second.status, second.findings[0].rule) == (Status.UNCHECKED, "not-checked")
    assert "ZeroDivisionError: of ours" in second.findings[0].message
